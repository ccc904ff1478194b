/**
 * The feature `subjectHash`: events name their subject by an HMAC (`LOG_SUBJECT_HASH_KEY`). The requests of one subject can be
 * found together, and the subject cannot be found by trying names (with a plain hash, an e-mail address can).
 */
import { encodeBase64url } from "../../shared/base64url.ts";
import type { VerifiedToken } from "../../shared/verify-token.ts";
import type { Feature } from "../request/hooks.ts";

/** @returns undefined for a token without `sub` */
type SubjectHasher = (token: VerifiedToken) => Promise<string | undefined>;

/** Shorter keys could be found by trying them on a known subject. */
const MIN_HASH_KEY_LENGTH = 32;

/** 128 bits: no two subjects share a name. */
const HASH_BYTES = 16;

export const subjectHash: Feature = {
  name: "subjectHash",
  async read({ env, report }) {
    const key = env["LOG_SUBJECT_HASH_KEY"];
    if (key === undefined) return {};
    if (typeof key === "string" && key.length >= MIN_HASH_KEY_LENGTH) {
      const nameOf = await createSubjectHasher(key);
      return {
        async nameSubject(token, seen) {
          const name = await nameOf(token);
          if (name !== undefined) seen.subject = name;
        },
      };
    }
    report("LOG_SUBJECT_HASH_KEY", `must be at least ${MIN_HASH_KEY_LENGTH} characters`);
    return {};
  },
};

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
