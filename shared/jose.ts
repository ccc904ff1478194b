/**
 * The ring's keys for jose (`sealgate/jose`): what `jwtVerify` takes in place of `createRemoteJWKSet(url)`. jose checks the
 * token; which keys there are, and since when no more, is decided as in `createVerifier`.
 */
import { JWKSNoMatchingKey } from "jose/errors";
import { findAlgorithm } from "./algorithms.ts";
import { parseKid } from "./identifiers.ts";
import { findKey } from "./keys/find-key.ts";
import type { KeyReadProblemCode, KeysUnavailable } from "./keys/held-key-set.ts";
import { statusOf } from "./keys/verification.ts";
import type { RingStatus } from "./keys/verification.ts";
import { refuseUnknownOptions } from "./options.ts";
import { createRingKeys, RING_KEYS_HINTS, RING_KEYS_OPTIONS, waitUntilOf } from "./ring-keys.ts";
import type { RingKeysOptions, VerificationContext } from "./ring-keys.ts";
import { createSharedLook } from "./shared-look.ts";
import type { SharedLook } from "./shared-look.ts";

export { fromDocument, fromKv, fromUrl } from "./key-sets.ts";
export type { FromUrlOptions } from "./key-sets.ts";
export type { KeySetNamespace, KeySets } from "./keys/key-set-reader.ts";
export type { KeyReadProblemCode, RingKeysOptions, RingStatus, VerificationContext };

/** No key set can be used. That says nothing about the token: answer 503, never 401. It is none of jose's errors. */
export class KeysUnavailableError extends Error {
  override readonly name = "KeysUnavailableError";
  readonly code = "keys_unavailable";
  /** At least 1. */
  readonly retryAfterSeconds: number;
  /** What the last read of the key set came to. */
  readonly problem: KeyReadProblemCode;

  constructor({ retryAfterSeconds, problem }: KeysUnavailable) {
    super(`No key set of the ring can be used (${problem}). Answer 503 with Retry-After: ${retryAfterSeconds}.`);
    this.retryAfterSeconds = retryAfterSeconds;
    this.problem = problem;
  }
}

/** The members of a protected header that decide which key is taken. */
export interface KeyHeader {
  readonly alg?: string;
  readonly kid?: string;
}

/** The key argument of jose's `jwtVerify`, `compactVerify` and `flattenedVerify`. */
export interface RingJWKSet {
  /**
   * @param header the token's protected header, which jose has parsed and nothing has verified
   * @param token not looked at
   * @param context in Workers the request's `ExecutionContext`, so that the key set is refreshed behind the answer:
   *   `jwtVerify(token, (header) => keys(header, undefined, context), options)`. Without it a request now and then waits for
   *   the key set itself.
   * @throws jose's `JWKSNoMatchingKey` (as a rejection) when the ring has no such key, when the key is revoked (`cause.code` is
   *   then "kid_revoked") or bound to another `alg`; {@link KeysUnavailableError} when there are no keys to look among
   */
  (header?: KeyHeader, token?: unknown, context?: VerificationContext): Promise<CryptoKey>;
  /** What the keys stand on, for each ring: rev, age, source, and what went wrong with the last read. Reads nothing. */
  status(): Promise<readonly RingStatus[]>;
}

/**
 * The ring's keys, kept up to date. Make them once and keep them.
 *
 * jose checks what its options name: pass `issuer`, `audience` and `requiredClaims: ["exp"]`, and `clockTolerance` for hosts
 * whose clocks differ. It does not know the longest lifetime that the ring promises; `createVerifier` checks that too.
 * @throws {TypeError} for options that are missing or cannot work, all of them named at once
 */
export function createRingJWKSet(options: RingKeysOptions): RingJWKSet {
  refuseUnknownOptions("createRingJWKSet", options, RING_KEYS_OPTIONS, RING_KEYS_HINTS);
  const keys = createRingKeys("createRingJWKSet", options);
  let look: SharedLook | undefined;

  async function keyOf(header?: KeyHeader, _token?: unknown, context?: VerificationContext): Promise<CryptoKey> {
    const kid = parseKid(header?.kid);
    const algorithm = findAlgorithm(header?.alg);
    if (kid === undefined || algorithm === undefined)
      throw noKey(kid === undefined ? "kid_missing" : "alg_not_allowed");
    const { rings } = await keys.verification();
    const waitUntil = waitUntilOf("createRingJWKSet", context);
    const nowMs = keys.readClock();
    look ??= createSharedLook(rings, () => keys.readClock());
    await look(nowMs);
    const found = await findKey(rings, kid, nowMs, waitUntil);
    if (!found.ok) throw new KeysUnavailableError(found.error);
    const { value: key } = found;
    if (key === undefined) throw noKey("kid_unknown");
    if (key === "revoked") throw noKey("kid_revoked");
    if (key.algorithm !== algorithm) throw noKey("alg_mismatch");
    return key.cryptoKey;
  }

  const status = async (): Promise<readonly RingStatus[]> => statusOf(await keys.verification(), keys.readClock());
  return Object.assign(keyOf, { status });
}

type NoKeyCode = "kid_missing" | "alg_not_allowed" | "kid_unknown" | "kid_revoked" | "alg_mismatch";

/** With jose's own code and message, as existing code expects them; the cause is this package's code. */
function noKey(code: NoKeyCode): JWKSNoMatchingKey {
  return new JWKSNoMatchingKey(undefined, { cause: { code } });
}
