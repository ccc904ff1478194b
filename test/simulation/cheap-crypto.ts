/**
 * Signatures for thousands of histories. Keys and signatures are real; what differs from the world is that keys and nonces
 * are derived from a number (which would give every private key away), that the three calls of WebCrypto answer without a
 * thread (so that one seed gives one history), and that a signature made here is known to hold without being computed
 * again. Every other signature is really verified.
 */
import nodeCrypto, {
  constants,
  createECDH,
  createHash,
  createPrivateKey,
  createPublicKey,
  hash,
  sign,
} from "node:crypto";
import type { KeyObject } from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import { concatToDer } from "../../issuer/kms/der.ts";
import { rsaKey } from "./cheap-rsa.ts";

export type PoolSpec = "ECC_NIST_P256" | "ECC_NIST_P384" | "ECC_NIST_EDWARDS25519" | "RSA_2048";

export interface PoolKey {
  readonly spec: PoolSpec;
  /** `x` of the public JWK, `n` of an RSA key: no two keys share it. */
  readonly x: string;
  readonly spki: Uint8Array;
  /** As KMS signs: a digest for ECDSA (the answer is DER) and RSA, the message itself for Ed25519. */
  sign(message: Uint8Array, signingAlgorithm?: string): Uint8Array;
}

const pool = new Map<string, PoolKey>();

/** The key of that spec and number, always the same one. */
export function poolKey(spec: PoolSpec, number: number): PoolKey {
  const id = `${spec}/${number}`;
  const known = pool.get(id) ?? makeKey(spec, id);
  pool.set(id, known);
  return known;
}

function makeKey(spec: PoolSpec, id: string): PoolKey {
  if (spec === "RSA_2048") return { spec, ...rsaKey(id) };
  return spec === "ECC_NIST_EDWARDS25519" ? ed25519Key(id) : ecKey(spec, id);
}

/** RFC 8410 section 7: the PKCS#8 prefix of an Ed25519 key, then its 32 octets. */
const ED25519_PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

function ed25519Key(id: string): PoolKey {
  const key = Buffer.concat([ED25519_PKCS8, createHash("sha256").update(id).digest()]);
  const privateKey = createPrivateKey({ key, format: "der", type: "pkcs8" });
  return {
    ...publicHalf("ECC_NIST_EDWARDS25519", privateKey),
    sign: (message) => remember(privateKey, hash("sha256", message, "hex"), sign(null, message, privateKey)),
  };
}

/** Curve parameters of SEC 2 version 2, sections 2.4.2 and 2.5.1. */
const CURVES = {
  ECC_NIST_P256: {
    crv: "P-256",
    name: "prime256v1",
    bytes: 32,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  },
  ECC_NIST_P384: {
    crv: "P-384",
    name: "secp384r1",
    bytes: 48,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  },
} as const;

function ecKey(spec: keyof typeof CURVES, id: string): PoolKey {
  const { crv, bytes, order } = CURVES[spec];
  const { scalar, point } = multiplyBase(spec, id);
  const encode = (octets: Uint8Array): string => Buffer.from(octets).toString("base64url");
  const [x, y] = [encode(point.subarray(1, 1 + bytes)), encode(point.subarray(1 + bytes))];
  const privateKey = createPrivateKey({ key: { kty: "EC", crv, x, y, d: encode(scalar) }, format: "jwk" });
  const secret = toInteger(scalar);
  const nonce = multiplyBase(spec, `${id}/nonce`);
  const r = toInteger(nonce.point.subarray(1, 1 + bytes)) % order;
  const inverse = power(toInteger(nonce.scalar), order - 2n, order);
  return {
    ...publicHalf(spec, privateKey),
    // FIPS 186-5 section 6.4.1, with one nonce for all messages of a key.
    sign(digest) {
      const s = (inverse * (toInteger(digest) + r * secret)) % order;
      const concatenated = Buffer.from(toHex(r, bytes) + toHex(s, bytes), "hex");
      const hex = Buffer.from(digest).toString("hex");
      return remember(privateKey, hex, concatToDer(remember(privateKey, hex, concatenated)));
    },
  };
}

function multiplyBase(spec: keyof typeof CURVES, id: string): { scalar: Uint8Array; point: Uint8Array } {
  const { name, bytes } = CURVES[spec];
  const ecdh = createECDH(name);
  const scalar = createHash("sha512").update(id).digest().subarray(0, bytes);
  scalar[0] = 1; // Below the order of either curve.
  ecdh.setPrivateKey(scalar);
  return { scalar, point: ecdh.getPublicKey() };
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  for (let [square, rest] = [base % modulus, exponent]; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

function toInteger(octets: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(octets).toString("hex")}`);
}

function toHex(value: bigint, bytes: number): string {
  return value.toString(16).padStart(2 * bytes, "0");
}

function publicHalf(spec: PoolSpec, privateKey: KeyObject): Omit<PoolKey, "sign"> {
  const publicKey = createPublicKey(privateKey);
  return { spec, x: xOf(publicKey), spki: publicKey.export({ format: "der", type: "spki" }) };
}

function xOf(key: KeyObject): string {
  const { x, n } = key.export({ format: "jwk" });
  const name = x ?? n;
  if (name === undefined) throw new TypeError("a public key has x or n");
  return name;
}

/** Signatures known to hold or not: key, digest of what was signed, signature as JWS carries it or as DER. */
const judged = new Map<string, boolean>();
const MAX_JUDGED = 20_000;
const names = new WeakMap<KeyObject, string>();

function judge(x: string, digest: string, signature: Uint8Array, decide: () => boolean): boolean {
  const name = `${x} ${digest} ${Buffer.from(signature).toString("latin1")}`;
  const known = judged.get(name);
  if (known !== undefined) return known;
  if (judged.size > MAX_JUDGED) judged.clear();
  const holds = decide();
  judged.set(name, holds);
  return holds;
}

function nameOf(key: KeyObject): string {
  const x = names.get(key) ?? xOf(key);
  names.set(key, x);
  return x;
}

function remember(privateKey: KeyObject, digest: string, signature: Uint8Array): Uint8Array {
  judge(nameOf(privateKey), digest, signature, () => true);
  return signature;
}

const reallyVerify = nodeCrypto.verify;

type VerifyingKey =
  | KeyObject
  | {
      readonly key: KeyObject;
      readonly dsaEncoding?: "ieee-p1363";
      readonly padding?: number;
      readonly saltLength?: number;
    };

/** node:crypto's verify, as the issuer checks what KMS has signed. */
function verifyKnown(name: string | null, data: Uint8Array, key: VerifyingKey, signature: Uint8Array): boolean {
  const digest = hash(name ?? "sha256", data, "hex");
  const keyObject = "key" in key ? key.key : key;
  // One RSA key fits six algorithms; and its signatures are cheap to verify.
  if (keyObject.asymmetricKeyType === "rsa") return reallyVerify(name, data, key, signature);
  return judge(nameOf(keyObject), digest, signature, () => reallyVerify(name, data, key, signature));
}

interface CheapKey {
  readonly publicKey: KeyObject;
  /** Of an RSA key: its hash belongs to the key. */
  readonly hash: string | undefined;
}

const imported = new Map<string, CheapKey>();
const MAX_IMPORTED = 1000;

interface Material {
  readonly kty: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
  readonly n?: string;
  readonly e?: string;
}

/** WebCrypto's importKey, verify and digest, as far as sealgate calls them for these keys. */
const CALLS = {
  // oxlint-disable-next-line typescript/require-await -- throws as a rejection, like the original
  async importKey(_format: string, material: Material, { hash }: { readonly hash?: string }): Promise<CheapKey> {
    const id = JSON.stringify([material, hash]);
    const known = imported.get(id) ?? { publicKey: createPublicKey({ key: { ...material }, format: "jwk" }), hash };
    if (imported.size > MAX_IMPORTED) imported.clear();
    imported.set(id, known);
    return known;
  },
  // oxlint-disable-next-line typescript/require-await -- as above
  async verify(
    params: string | { name: string; hash?: string; saltLength?: number },
    key: CheapKey,
    signature: Uint8Array,
    data: Uint8Array,
  ): Promise<boolean> {
    const hashName = (typeof params === "string" ? undefined : params.hash) ?? key.hash;
    const named = hashName?.replace("-", "").toLowerCase() ?? null;
    const { publicKey } = key;
    if (publicKey.asymmetricKeyType !== "rsa") {
      return verifyKnown(named, data, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature);
    }
    const saltLength = typeof params === "string" ? undefined : params.saltLength;
    const { RSA_PKCS1_PSS_PADDING: padding } = constants;
    return verifyKnown(
      named,
      data,
      saltLength === undefined ? publicKey : { key: publicKey, padding, saltLength },
      signature,
    );
  },
  // oxlint-disable-next-line typescript/require-await -- as above
  async digest(_name: string, data: Uint8Array): Promise<ArrayBuffer> {
    return Uint8Array.from(hash("sha256", data, "buffer")).buffer;
  },
};

/** Puts the cheap calls in place of the platform's. Returns what puts the originals back. */
export function installCheapCrypto(): () => void {
  Object.assign(nodeCrypto, { verify: verifyKnown });
  syncBuiltinESMExports();
  for (const [name, call] of Object.entries(CALLS)) {
    Object.defineProperty(crypto.subtle, name, { value: call, configurable: true });
  }
  return () => {
    Object.assign(nodeCrypto, { verify: reallyVerify });
    syncBuiltinESMExports();
    for (const name of Object.keys(CALLS)) Reflect.deleteProperty(crypto.subtle, name);
  };
}
