/**
 * What stands in a revocation list instead of a token's `jti`, `sid` or `sub`: the first octets of a SHA-256. Pure. The list is
 * no secret, but it need not tell who was logged out. Entries of one kind have one length, so that the list can be searched.
 */
import { decodeBase64url, encodeBase64url } from "../base64url.ts";
import { encodeUtf8 } from "../jws.ts";
import { sha256Words } from "./sha256.ts";

/** By which claim tokens are taken back. */
export type RevocationKind = "jti" | "sid" | "sub";

/** In the order of the list's sections. */
export const REVOCATION_KINDS: readonly RevocationKind[] = ["jti", "sid", "sub"];

/** The prefix as words of 32 bits, the first octets in the first word's high bits. */
export type RevocationPrefix = Uint32Array;

/**
 * Words per prefix. A `jti` is drawn at random by the issuer, and 64 bits are enough: 10^8 tokens against 100,000 entries meet by
 * chance with a probability of 5.4e-7. Users may choose their `sub` or `sid`; for those, finding a match has to be infeasible.
 */
export const PREFIX_WORDS: Readonly<Record<RevocationKind, number>> = { jti: 2, sid: 4, sub: 4 };

/**
 * The prefix of SHA-256(UTF-8(JSON.stringify([kind, issuer, value]))). The kind keeps a `jti` apart from a `sub` of the same text,
 * the issuer keeps two issuers apart, and JSON writes a lone surrogate as an escape, so that different texts stay different.
 * @param issuer the token's `iss`
 * @param value the claim
 */
export function revocationPrefix(kind: RevocationKind, issuer: string, value: string): RevocationPrefix {
  return sha256Words(encodeUtf8(JSON.stringify([kind, issuer, value]))).slice(0, PREFIX_WORDS[kind]);
}

/** base64url of a prefix: 11 characters of a `jti`, 22 of a `sid` or `sub`. */
export function prefixToText(prefix: RevocationPrefix): string {
  const view = new DataView(new ArrayBuffer(4 * prefix.length));
  for (const [index, word] of prefix.entries()) view.setUint32(4 * index, word);
  return encodeBase64url(new Uint8Array(view.buffer));
}

/** @returns undefined for a text that {@link prefixToText} does not write for this kind */
export function prefixFromText(kind: RevocationKind, text: string): RevocationPrefix | undefined {
  const octets = decodeBase64url(text);
  if (octets?.length !== 4 * PREFIX_WORDS[kind]) return undefined;
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  return Uint32Array.from({ length: PREFIX_WORDS[kind] }, (_, index) => view.getUint32(4 * index));
}
