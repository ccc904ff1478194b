/**
 * Names for subjects that mean nothing outside of the log: an HMAC, so that the requests of one subject can be found
 * together, and the subject cannot be found by trying (a plain hash of an e-mail address can).
 */
import { encodeBase64url } from "../../shared/base64url.ts";
import type { VerifiedToken } from "../../shared/verify-token.ts";

/** @returns undefined for a token without `sub` */
export type SubjectHasher = (token: VerifiedToken) => Promise<string | undefined>;

/** Shorter keys could be found by trying them on a known subject. */
export const MIN_HASH_KEY_LENGTH = 32;

/** 128 bits: no two subjects share a name. */
const HASH_BYTES = 16;

/** @param secret at least {@link MIN_HASH_KEY_LENGTH} characters; another secret, other names */
export async function createSubjectHasher(secret: string): Promise<SubjectHasher> {
  const encoder = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), algorithm, false, ["sign"]);
  // Settled values only: a request never waits for another one's promise.
  const known = new WeakMap<VerifiedToken, string>();
  return async (token) => {
    const before = known.get(token);
    if (before !== undefined) return before;
    const { iss, sub } = token.claims;
    if (typeof sub !== "string") return undefined;
    // Two issuers' subjects of one name are two subjects; as JSON, no two pairs are one text.
    const mac = await crypto.subtle.sign("HMAC", key, encoder.encode(JSON.stringify([iss, sub])));
    const hash = encodeBase64url(new Uint8Array(mac, 0, HASH_BYTES));
    known.set(token, hash);
    return hash;
  };
}
