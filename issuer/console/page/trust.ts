/** The keys that a token is checked against: the ring's signed document, a JWK Set or a PEM that was pasted. No I/O. */
import { algorithmOf } from "../../../shared/algorithms.ts";
import type { Alg } from "../../../shared/algorithms.ts";
import { decodeBase64url } from "../../../shared/base64url.ts";
import type { EpochSeconds, Kid } from "../../../shared/identifiers.ts";
import { isJsonObject } from "../../../shared/json.ts";
import { calculateThumbprint, parsePublicJwk } from "../../../shared/jwk.ts";
import { importVerificationKey } from "../../../shared/jws.ts";
import type { VerificationKey } from "../../../shared/jws.ts";
import { openRevocations } from "../../../shared/revocations/signed-list.ts";
import type { RevocationList } from "../../../shared/revocations/signed-list.ts";
import { importTrustAnchors, openKeySet } from "../../../shared/signed-key-set.ts";
import { err, ok } from "../../../shared/result.ts";
import type { Result } from "../../../shared/result.ts";
import { DEFAULT_TIMING } from "../../../shared/timing.ts";
import { importKeySet } from "../../../shared/verification-keys.ts";
import type { VerificationKeys } from "../../../shared/verification-keys.ts";
import type { RingFacts } from "./ring-facts.ts";

export interface Trust {
  readonly keys: VerificationKeys;
  readonly clockSkewSeconds: number;
  readonly maxTokenTtlSeconds: number;
  /** Undefined when there is no list that can be used: whether a token was taken back is then not known. */
  readonly takenBack: RevocationList | undefined;
}

/** For keys without a document that says so. A day, because other issuers' tokens may live longer than sealgate's. */
const PASTED = { clockSkewSeconds: DEFAULT_TIMING.clockSkewSeconds, maxTokenTtlSeconds: 86_400, takenBack: undefined };

/**
 * The ring's documents, verified against the root keys as a gateway does.
 * @returns a sentence when the key set cannot be used
 */
export async function trustRing(
  { ring, issuer, keySet, revocations, anchors: roots }: RingFacts,
  now: EpochSeconds,
): Promise<Result<Trust, string>> {
  const anchors = await importTrustAnchors(roots);
  if (!anchors.ok || roots.length === 0) return err("The ring has no root key that can be used.");
  const rules = { anchors: anchors.value, issuer, ring };
  const opened = await openKeySet(keySet, { ...rules, leastRev: 1 }, now);
  if (!opened.ok) return err(`The ring's key set cannot be used (${opened.error.code}).`);
  const { timing, revocations: floor } = opened.value.document;
  const leastRev = floor?.leastRev ?? 1;
  const list = revocations === undefined ? undefined : await openRevocations(revocations, { ...rules, leastRev }, now);
  const { clockSkewSeconds, maxTokenTtlSeconds } = timing;
  return ok({
    keys: await importKeySet(opened.value),
    clockSkewSeconds,
    maxTokenTtlSeconds,
    takenBack: list?.ok === true ? list.value : undefined,
  });
}

/**
 * Keys that were pasted: a JWK, a JWK Set, or a PEM of a public key.
 * @param alg of the token's header: for a key that names none
 */
export async function trustPasted(text: string, alg: Alg | undefined): Promise<Result<Trust, string>> {
  const pem = /-----BEGIN PUBLIC KEY-----([\s\w+/=]+)-----END PUBLIC KEY-----/.exec(text)?.[1];
  const listed = pem === undefined ? jwksIn(text) : await jwksOfPem(pem, alg);
  if (listed === undefined) return err("This is neither a JWK Set, nor a JWK, nor the PEM of a public key.");
  const keys = new Map<string, VerificationKey>();
  for (const entry of listed) {
    if (!isJsonObject(entry)) continue;
    const jwk = parsePublicJwk({ ...entry, alg: entry["alg"] ?? alg });
    if (!jwk.ok && jwk.error === "private_member") return err("This is a private key. Paste its public half only.");
    if (!jwk.ok) continue;
    const kid = jwk.value.kid ?? (await calculateThumbprint(jwk.value));
    const key = await importVerificationKey(jwk.value, kid);
    if (key !== undefined) keys.set(kid, key);
  }
  const [first, ...others] = keys.values();
  if (first === undefined) return err("No key in it can verify this token: its type has to fit the token's alg.");
  // One key without a name of its own is meant for every token, as a PEM is.
  const isNameless = others.length === 0 && listed.length === 1 && !(isJsonObject(listed[0]) && "kid" in listed[0]);
  return ok({ keys: { find: (kid: Kid) => (isNameless ? first : keys.get(kid)) }, ...PASTED });
}

function jwksIn(text: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value)) return undefined;
    const { keys } = value;
    if (Array.isArray(keys)) return keys;
    return value["kty"] === undefined ? undefined : [value];
  } catch {
    return undefined;
  }
}

/** @returns an empty list for a key that the platform does not take for the algorithm */
async function jwksOfPem(base64: string, alg: Alg | undefined): Promise<readonly unknown[]> {
  const text = base64.replaceAll(/[\s=]/g, "").replaceAll("+", "-").replaceAll("/", "_");
  const spki = decodeBase64url(text);
  const params = alg === undefined ? undefined : algorithmOf(alg).params;
  if (spki === undefined || params === undefined) return [];
  try {
    const key = await crypto.subtle.importKey("spki", spki, params, true, ["verify"]);
    const { kty, crv, n, e, x, y } = await crypto.subtle.exportKey("jwk", key);
    return [Object.fromEntries(Object.entries({ kty, crv, n, e, x, y }).filter(([, value]) => value !== undefined))];
  } catch {
    return [];
  }
}
