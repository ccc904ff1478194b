/**
 * Public JWKs (RFC 7517, RFC 7518 section 6, RFC 8037), parsed rather than cast: what comes out is a key that fits one
 * algorithm, with every rule checked here and not left to a WebCrypto implementation (workerd imports 512-bit RSA keys and
 * ignores `alg`). Pure; whether a point lies on its curve is left to WebCrypto, which finds out when it imports an EC key
 * and when it verifies with an Ed25519 key.
 */
import { findAlgorithm } from "./algorithms.ts";
import type { Alg, Algorithm, EcAlgorithm, EllipticCurve } from "./algorithms.ts";
import { decodeBase64url } from "./base64url.ts";
import { isStrongEd25519Key } from "./ed25519.ts";
import { kidOfThumbprint, parseKid } from "./identifiers.ts";
import type { Kid } from "./identifiers.ts";
import { isJsonObject } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { err, ok } from "./result.ts";
import type { Result } from "./result.ts";

interface PublicJwkBase {
  /** The one algorithm this key is bound to. */
  readonly alg: Alg;
  readonly kid?: Kid;
}

export interface RsaPublicJwk extends PublicJwkBase {
  readonly kty: "RSA";
  readonly n: string;
  readonly e: string;
}

export interface EcPublicJwk extends PublicJwkBase {
  readonly kty: "EC";
  readonly crv: EllipticCurve;
  readonly x: string;
  readonly y: string;
}

export interface OkpPublicJwk extends PublicJwkBase {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
}

/** A public key bound to one algorithm. */
export type PublicJwk = RsaPublicJwk | EcPublicJwk | OkpPublicJwk;

/** Why a JWK cannot be used. Stable: logged and reported by the health endpoint. */
export type JwkProblem =
  | "not_an_object"
  | "private_member"
  | "alg_unsupported"
  | "kty_mismatch"
  | "crv_mismatch"
  | "use_not_sig"
  | "key_ops_not_verify"
  | "kid_invalid"
  | "modulus_invalid"
  | "modulus_too_small"
  | "modulus_too_large"
  | "exponent_invalid"
  | "coordinate_invalid"
  | "point_weak";

/** RFC 7518 section 3.3: 2048 bits or larger. */
export const MIN_RSA_MODULUS_BITS = 2048;

/** Twice what KMS offers. Verification cost grows with the square of the size, so there has to be a limit. */
export const MAX_RSA_MODULUS_BITS = 8192;

/** Exponents beyond 64 bits exist only in attacks on verification time (FIPS 186-5 section 5.4 allows far larger ones). */
const MAX_RSA_EXPONENT_BYTES = 8;

/** RFC 7518 sections 6.2.2, 6.3.2 and 6.4; RFC 8037 section 2; RFC 9964 for `priv`. */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/**
 * Parses one public JWK of untrusted origin.
 *
 * Strict where the RFCs leave room: `alg` is required and binds the key to that algorithm; `use`, when present, is "sig";
 * `key_ops`, when present, is exactly ["verify"]; integers and coordinates have their one canonical encoding.
 */
export function parsePublicJwk(value: unknown): Result<PublicJwk, JwkProblem> {
  if (!isJsonObject(value)) return err("not_an_object");
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(value, member))) return err("private_member");
  const algorithm = findAlgorithm(value["alg"]);
  if (algorithm === undefined) return err("alg_unsupported");
  if (value["kty"] !== algorithm.kty) return err("kty_mismatch");
  if (value["use"] !== undefined && value["use"] !== "sig") return err("use_not_sig");
  if (!isVerifyOnly(value["key_ops"])) return err("key_ops_not_verify");
  const kid = parseKid(value["kid"]);
  if (kid === undefined && value["kid"] !== undefined) return err("kid_invalid");
  const base = kid === undefined ? { alg: algorithm.alg } : { alg: algorithm.alg, kid };
  switch (algorithm.kty) {
    case "RSA":
      return parseRsa(value, base);
    case "EC":
      return parseEc(value, base, algorithm);
    case "OKP":
      return parseOkp(value, base);
  }
}

/**
 * The JWK as WebCrypto is given it: key material only. `alg`, `use`, `key_ops` and `ext` are enforced by
 * {@link parsePublicJwk} and stripped, because implementations disagree on them.
 */
export function toKeyMaterial(jwk: PublicJwk): { readonly kty: string; readonly [member: string]: string } {
  const material = Object.entries(jwk).filter(([member]) => KEY_MATERIAL.includes(member));
  return { kty: jwk.kty, ...Object.fromEntries(material) };
}

/** RFC 7638 section 3.2, in the order of section 3.3. */
const KEY_MATERIAL = ["crv", "e", "kty", "n", "x", "y"];

/** Octets of a signature made with this key: the modulus for RSA, r and s for ECDSA (RFC 7518 section 3), 64 for Ed25519. */
export function signatureBytesOf(jwk: PublicJwk, algorithm: Algorithm): number {
  if (jwk.kty === "RSA") return Math.floor((jwk.n.length * 3) / 4);
  return algorithm.kty === "RSA" ? 0 : algorithm.signatureBytes;
}

/**
 * JWK SHA-256 thumbprint (RFC 7638, RFC 8037 appendix A.3): the kid of every sealgate key.
 * @returns base64url of the hash of the required members in lexicographic order.
 */
export async function calculateThumbprint(jwk: PublicJwk): Promise<Kid> {
  // The list of members is also their order.
  const canonical = JSON.stringify(jwk, KEY_MATERIAL);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(canonical));
  return kidOfThumbprint(new Uint8Array(digest));
}

type Base = Pick<PublicJwk, "alg" | "kid">;

function parseRsa(jwk: JsonObject, base: Base): Result<RsaPublicJwk, JwkProblem> {
  const { n, e } = jwk;
  const modulus = parseUnsigned(n);
  if (modulus === undefined || typeof n !== "string") return err("modulus_invalid");
  const bits = bitLength(modulus);
  if (bits < MIN_RSA_MODULUS_BITS) return err("modulus_too_small");
  if (bits > MAX_RSA_MODULUS_BITS) return err("modulus_too_large");
  if (!isOdd(modulus)) return err("modulus_invalid");
  const exponent = parseUnsigned(e);
  if (exponent === undefined || typeof e !== "string") return err("exponent_invalid");
  // RFC 8017 section 3.1: 3 <= e. An even exponent has no inverse; "AQ" is 1.
  if (exponent.length > MAX_RSA_EXPONENT_BYTES || e === "AQ" || !isOdd(exponent)) return err("exponent_invalid");
  return ok({ kty: "RSA", n, e, ...base });
}

function parseEc(jwk: JsonObject, base: Base, algorithm: EcAlgorithm): Result<EcPublicJwk, JwkProblem> {
  if (jwk["crv"] !== algorithm.crv) return err("crv_mismatch");
  const x = parseCoordinate(jwk["x"], algorithm.coordinateBytes);
  const y = parseCoordinate(jwk["y"], algorithm.coordinateBytes);
  if (x === undefined || y === undefined) return err("coordinate_invalid");
  return ok({ kty: "EC", crv: algorithm.crv, x, y, ...base });
}

function parseOkp(jwk: JsonObject, base: Base): Result<OkpPublicJwk, JwkProblem> {
  if (jwk["crv"] !== "Ed25519") return err("crv_mismatch");
  // RFC 8032 section 5.1.5.
  const x = parseCoordinate(jwk["x"], 32);
  if (x === undefined) return err("coordinate_invalid");
  return isStrongEd25519Key(x) ? ok({ kty: "OKP", crv: "Ed25519", x, ...base }) : err("point_weak");
}

function isVerifyOnly(keyOps: unknown): boolean {
  return keyOps === undefined || (Array.isArray(keyOps) && keyOps.length === 1 && keyOps[0] === "verify");
}

function parseCoordinate(value: unknown, bytes: number): string | undefined {
  return typeof value === "string" && decodeBase64url(value)?.length === bytes ? value : undefined;
}

/** Base64urlUInt (RFC 7518 section 2): big-endian, positive, no leading zero octet. */
function parseUnsigned(value: unknown): Uint8Array | undefined {
  const bytes = typeof value === "string" ? decodeBase64url(value) : undefined;
  return bytes === undefined || bytes.length === 0 || bytes[0] === 0 ? undefined : bytes;
}

/** Counted on the integer itself: WebCrypto implementations round the modulus up to whole octets. */
function bitLength(integer: Uint8Array): number {
  return integer.length * 8 - (Math.clz32(integer[0] ?? 0) - 24);
}

function isOdd(integer: Uint8Array): boolean {
  return ((integer.at(-1) ?? 0) & 1) === 1;
}
