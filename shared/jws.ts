/**
 * Compact JWS (RFC 7515 section 7.1): splitting a token into its parts, and the one call to `crypto.subtle.verify`.
 * What {@link parseCompactJws} returns is unverified, and its type says so; nothing here reads the payload.
 */
import { algorithmOf, findAlgorithm } from "./algorithms.ts";
import type { Algorithm } from "./algorithms.ts";
import { decodeBase64url } from "./base64url.ts";
import { parseKid } from "./identifiers.ts";
import type { Kid } from "./identifiers.ts";
import { calculateThumbprint, signatureBytesOf, toKeyMaterial } from "./jwk.ts";
import type { PublicJwk } from "./jwk.ts";
import { parseJsonObject } from "./json.ts";
import { allocateOctets } from "./octets.ts";
import type { TokenRejection } from "./rejection.ts";
import { err, ok } from "./result.ts";
import type { Result } from "./result.ts";

/** A token cut at its dots. Nothing in it is verified. */
export interface UnverifiedJws {
  readonly encodedHeader: string;
  /** The payload's octets, not yet read as JSON. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** `header.payload`, the text that was signed. */
  readonly signingInput: string;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** The protected header's members that sealgate reads. Claims of the sender until the signature holds. */
export interface UnverifiedHeader {
  readonly algorithm: Algorithm;
  readonly kid: Kid;
  readonly typ: string | undefined;
}

/** A public key ready to verify with, bound to one algorithm. */
export interface VerificationKey {
  readonly kid: Kid;
  readonly algorithm: Algorithm;
  readonly signatureBytes: number;
  readonly cryptoKey: CryptoKey;
}

/**
 * Cuts a compact JWS into exactly three segments of canonical base64url (RFC 7515 section 5.2). The header is decoded by
 * {@link parseJwsHeader}. The payload may be empty, as any octet string may be signed; header and signature may not.
 */
export function parseCompactJws(token: string): Result<UnverifiedJws, TokenRejection> {
  const firstDot = token.indexOf(".");
  const lastDot = token.lastIndexOf(".");
  const secondDot = token.indexOf(".", firstDot + 1);
  if (firstDot < 1 || secondDot !== lastDot) {
    return err({ code: "token_malformed", part: "segments" });
  }
  const payload = decodeBase64url(token.slice(firstDot + 1, lastDot));
  if (payload === undefined) return err({ code: "token_malformed", part: "payload" });
  const signature = decodeBase64url(token.slice(lastDot + 1));
  if (signature === undefined || signature.length === 0) return err({ code: "token_malformed", part: "signature" });
  return ok({ encodedHeader: token.slice(0, firstDot), payload, signingInput: token.slice(0, lastDot), signature });
}

/** A certificate chain fits; JSON that is read before a signature is looked at should not take all of a token. */
const MAX_HEADER_CHARACTERS = 8192;

/**
 * Reads the protected header: `alg` from the table, `kid` present, `typ` a string if present, no `crit`. `jwk`, `jku`,
 * `x5u` and `x5c` (RFC 7515 section 4.1) are never looked at: keys come from the key set alone.
 */
export function parseJwsHeader(encodedHeader: string): Result<UnverifiedHeader, TokenRejection> {
  if (encodedHeader.length > MAX_HEADER_CHARACTERS) return err({ code: "header_invalid", reason: "too_long" });
  const bytes = decodeBase64url(encodedHeader);
  if (bytes === undefined) return err({ code: "token_malformed", part: "header" });
  const json = parseJsonObject(bytes);
  if (!json.ok) return err({ code: "header_invalid", reason: json.error });
  const header = json.value;
  if (Object.hasOwn(header, "crit")) return err({ code: "header_critical" });
  // RFC 7797: an unencoded payload changes what is signed, and must be announced by crit; alone it is just as unwanted.
  if (Object.hasOwn(header, "b64")) return err({ code: "header_invalid", reason: "b64" });
  const algorithm = findAlgorithm(header["alg"]);
  if (algorithm === undefined) return err({ code: "alg_not_allowed" });
  if (header["kid"] === undefined) return err({ code: "kid_missing" });
  const kid = parseKid(header["kid"]);
  if (kid === undefined) return err({ code: "header_invalid", reason: "kid" });
  const typ = header["typ"];
  if (typ !== undefined && typeof typ !== "string") return err({ code: "header_invalid", reason: "typ" });
  return ok({ algorithm, kid, typ });
}

/**
 * Imports a parsed JWK for verification.
 * @returns undefined when the platform refuses the key (a point that is not on its curve, say); every error of
 *   `importKey` means that; the names differ between platforms.
 */
export async function importVerificationKey(jwk: PublicJwk, kid: Kid): Promise<VerificationKey | undefined> {
  const algorithm = algorithmOf(jwk.alg);
  try {
    const cryptoKey = await crypto.subtle.importKey("jwk", toKeyMaterial(jwk), algorithm.params, false, ["verify"]);
    return { kid, algorithm, signatureBytes: signatureBytesOf(jwk, algorithm), cryptoKey };
  } catch {
    return undefined;
  }
}

/**
 * Imports a key of which only its own thumbprint may be the `kid`: with a name of its own choice, a key could pass for another
 * one, a revoked one say.
 */
export async function importNamedKey(jwk: PublicJwk): Promise<VerificationKey | "kid_mismatch" | "import_failed"> {
  const kid = await calculateThumbprint(jwk);
  if ((jwk.kid ?? kid) !== kid) return "kid_mismatch";
  return (await importVerificationKey(jwk, kid)) ?? "import_failed";
}

/**
 * Whether the signature holds for the signing input under this key. The length is compared first: an ECDSA signature in
 * DER, a truncated or a padded one never reaches WebCrypto (RFC 7518 section 3.4: "MUST be a 64-octet sequence").
 */
export function verifySignature(key: VerificationKey, jws: UnverifiedJws): Promise<boolean> {
  const { algorithm, cryptoKey, signatureBytes } = key;
  if (jws.signature.length !== signatureBytes) return Promise.resolve(false);
  return crypto.subtle.verify(algorithm.params, cryptoKey, jws.signature, encodeUtf8(jws.signingInput));
}

const encoder = new TextEncoder();

/** UTF-8, on the short way for ASCII, which a signing input consists of. Short-lived octets: see octets.ts. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  const octets = allocateOctets(text.length);
  // All of a text that is not ASCII does not fit into as many octets.
  return encoder.encodeInto(text, octets).read === text.length ? octets : encoder.encode(text);
}
