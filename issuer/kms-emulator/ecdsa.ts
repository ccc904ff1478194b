/**
 * ECDSA over a digest that is already made (FIPS 186-5 section 6.4), with DER signatures as KMS returns them (RFC 3279
 * section 2.2.3). node:crypto always hashes what it signs, so only the curve arithmetic is taken from it: `createECDH`
 * multiplies the base point. Written for an emulator: the scalar arithmetic is BigInt and not constant-time.
 */
import { createECDH } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** Group order of each curve, by OpenSSL's name (SEC 2 version 2, sections 2.4.1, 2.4.2, 2.5.1, 2.6.1). */
const CURVE_ORDER: ReadonlyMap<string, bigint> = new Map([
  ["prime256v1", 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n],
  ["secp256k1", 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n],
  ["secp384r1", 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n],
  [
    "secp521r1",
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
  ],
]);

interface EcKey {
  readonly curve: string;
  readonly order: bigint;
  readonly secret: bigint;
}

function ecKeyOf(privateKey: KeyObject): EcKey {
  const curve = privateKey.asymmetricKeyDetails?.namedCurve ?? "";
  const order = CURVE_ORDER.get(curve);
  const { d } = privateKey.export({ format: "jwk" });
  if (order === undefined || d === undefined) throw new TypeError("not an EC private key of a known curve");
  return { curve, order, secret: toInteger(Buffer.from(d, "base64url")) };
}

/**
 * Signs a digest. No digest KMS allows is longer than its curve's order, so none has to be cut to the leftmost bits.
 * @returns the DER signature.
 */
export function signEcdsaDigest(privateKey: KeyObject, digest: Buffer): Buffer {
  const { curve, order, secret } = ecKeyOf(privateKey);
  for (;;) {
    const nonce = createECDH(curve);
    const r = mod(xOf(nonce.generateKeys()), order);
    const k = toInteger(nonce.getPrivateKey());
    const s = mod(inverse(k, order) * (toInteger(digest) + r * secret), order);
    if (r !== 0n && s !== 0n) return encodeDer(r, s);
  }
}

/**
 * Verifies a DER signature of a digest. The verifier's point u1·G + u2·Q equals (u1 + u2·d)·G, and the emulator holds d, so
 * one multiplication of the base point answers.
 */
export function verifyEcdsaDigest(privateKey: KeyObject, digest: Buffer, signature: Buffer): boolean {
  const { curve, order, secret } = ecKeyOf(privateKey);
  const pair = decodeDer(signature);
  if (pair === undefined) return false;
  const { r, s } = pair;
  if (r < 1n || r >= order || s < 1n || s >= order) return false;
  const scalar = mod(inverse(s, order) * (toInteger(digest) + r * secret), order);
  if (scalar === 0n) return false;
  const point = createECDH(curve);
  point.setPrivateKey(toBytes(scalar));
  return mod(xOf(point.getPublicKey()), order) === r;
}

/** x of an uncompressed point: 04 ‖ x ‖ y. */
function xOf(point: Buffer): bigint {
  return toInteger(point.subarray(1, (point.length + 1) / 2));
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString("hex") || "0"}`);
}

function toBytes(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}

function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** Inverse modulo a prime by the extended Euclidean algorithm. `value` is not a multiple of `modulus`. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [previous, current] = [mod(value, modulus), modulus];
  let [previousFactor, currentFactor] = [1n, 0n];
  while (current !== 0n) {
    const quotient = previous / current;
    [previous, current] = [current, previous - quotient * current];
    [previousFactor, currentFactor] = [currentFactor, previousFactor - quotient * currentFactor];
  }
  return mod(previousFactor, modulus);
}

function derInteger(value: bigint): Buffer {
  const bytes = toBytes(value);
  // A leading one bit would read as a negative number.
  const body = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
  return Buffer.concat([Buffer.of(0x02, body.length), body]);
}

function encodeDer(r: bigint, s: bigint): Buffer {
  const body = Buffer.concat([derInteger(r), derInteger(s)]);
  const header = body.length < 0x80 ? Buffer.of(0x30, body.length) : Buffer.of(0x30, 0x81, body.length);
  return Buffer.concat([header, body]);
}

/** Reads leniently, then accepts only the text that this file would have written: DER has one encoding per value. */
function decodeDer(signature: Buffer): { readonly r: bigint; readonly s: bigint } | undefined {
  const rAt = signature[1] === 0x81 ? 3 : 2;
  const rEnd = rAt + 2 + (signature[rAt + 1] ?? 0);
  const r = toInteger(signature.subarray(rAt + 2, rEnd));
  const s = toInteger(signature.subarray(rEnd + 2));
  return encodeDer(r, s).equals(signature) ? { r, s } : undefined;
}
