/**
 * Which keys count: the options that every verifier of a ring has, and the ladder that follows the ring by them. What a token
 * must say beside that is the caller's.
 */
import { parseIssuerUrl, parseRingName } from "./identifiers.ts";
import type { IssuerUrl } from "./identifiers.ts";
import { parsePublicJwk } from "./jwk.ts";
import { isRev } from "./key-set.ts";
import type { KeySets } from "./key-sets.ts";
import { createVerification } from "./keys/verification.ts";
import type { Verification } from "./keys/verification.ts";
import { isListOf } from "./options.ts";
import type { KnownOptions, OptionHints } from "./options.ts";
import { importTrustAnchors, isSignedKeySet, MAX_TRUST_ANCHORS } from "./signed-key-set.ts";

/** What is left out of the optional ones gets its default; no check is switched off by leaving anything out. */
export interface RingKeysOptions {
  /** Expected `iss`, of tokens and of key set documents. */
  readonly issuer: string;
  /** The pinned root keys: one to three public JWKs, as `sealgate ring anchors` prints them. */
  readonly anchors: readonly object[];
  /** Where the key set documents are. */
  readonly keySets: KeySets;
  /** Default "main". */
  readonly ring?: string;
  /** Documents with a lower `rev` are refused. No floor by default. */
  readonly minRev?: number;
  /** A signed document that is used when no other can be. None by default. */
  readonly bootstrapKeySet?: string;
  /** Epoch milliseconds. Default the platform's clock. */
  readonly clock?: () => number;
}

export const RING_KEYS_OPTIONS: KnownOptions<RingKeysOptions> = {
  issuer: true,
  anchors: true,
  keySets: true,
  ring: true,
  minRev: true,
  bootstrapKeySet: true,
  clock: true,
};

/** What other libraries, and this package's middleware, call the same things. */
export const RING_KEYS_HINTS: OptionHints = { iss: "issuer", trustAnchors: "anchors", kv: "keySets" };

/** What a Worker is given with each request. The key set is refreshed behind the answer, which the platform must wait for. */
export interface VerificationContext {
  waitUntil(work: Promise<unknown>): void;
}

export interface RingKeys {
  readonly issuer: IssuerUrl;
  /** @throws {TypeError} for anchors whose `kid` is not their thumbprint */
  verification(): Promise<Verification>;
  /** Epoch milliseconds. @throws {TypeError} when the clock returns none */
  readClock(): number;
}

/**
 * @param what the caller's name, for messages
 * @param otherProblems what is wrong with the caller's own options
 * @throws {TypeError} for options that are missing or cannot work, all of them named at once
 */
export function createRingKeys(
  what: string,
  options: RingKeysOptions,
  otherProblems: readonly string[] = [],
): RingKeys {
  const { ring = "main", minRev = 1, bootstrapKeySet, anchors, keySets, clock = Date.now } = options;
  const issuer = parseIssuerUrl(options.issuer);
  const name = parseRingName(ring);
  const problems = [
    ...(issuer.ok ? [] : [`issuer ${issuer.error}`]),
    ...anchorProblems(anchors),
    ...(typeof keySets?.readerOf === "function"
      ? []
      : ["keySets must be what fromKv, fromUrl or fromDocument returns"]),
    ...(name === undefined ? ["ring must be 1 to 63 of a-z, 0-9 and inner -"] : []),
    ...(isRev(minRev) ? [] : ["minRev must be a positive whole number"]),
    ...(bootstrapKeySet === undefined || isDocument(bootstrapKeySet)
      ? []
      : ["bootstrapKeySet must be a signed key set document"]),
    ...(typeof clock === "function" ? [] : ["clock must be a function"]),
    ...otherProblems,
  ];
  if (!issuer.ok || name === undefined || problems.length > 0) throw new TypeError(`${what}: ${problems.join("; ")}`);
  const reader = keySets.readerOf(name);
  // Settled values only: a promise that requests share would hang them in Workers.
  let made: Verification | undefined;

  return {
    issuer: issuer.value,
    async verification() {
      if (made !== undefined) return made;
      const imported = await importTrustAnchors(anchors);
      if (!imported.ok) {
        const lines = imported.error.map(({ index, problem }) => `anchors[${index}] ${problem}`);
        throw new TypeError(`${what}: ${lines.join("; ")}`);
      }
      const config = { issuer: issuer.value, ring: name, anchors: imported.value, minRev, bootstrapKeySet };
      made ??= createVerification(reader, config);
      return made;
    },
    readClock() {
      const nowMs = clock();
      if (!Number.isFinite(nowMs)) throw new TypeError(`${what}: clock must return epoch milliseconds`);
      return nowMs;
    },
  };
}

function anchorProblems(anchors: readonly unknown[]): readonly string[] {
  if (!isListOf(anchors, () => true) || anchors.length > MAX_TRUST_ANCHORS) {
    return [`anchors must be an array of 1 to ${MAX_TRUST_ANCHORS} public JWKs`];
  }
  return anchors.flatMap((anchor, index) => {
    const jwk = parsePublicJwk(anchor);
    return jwk.ok ? [] : [`anchors[${index}] ${jwk.error}`];
  });
}

function isDocument(text: string): boolean {
  return typeof text === "string" && isSignedKeySet(text);
}
