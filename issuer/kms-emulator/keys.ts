/**
 * The key specs the emulator builds: one row each, with the usages KMS allows, the algorithms it lists for a usage, how the
 * key is made and how a stored key is recognised. Nothing else branches on a spec's name. No state, no I/O.
 *
 * Source: AWS KMS Developer Guide, "Key spec reference".
 */
import { createSecretKey, generateKeyPair, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { promisify } from "node:util";

export const SIGNING_ALGORITHMS = [
  "RSASSA_PKCS1_V1_5_SHA_256",
  "RSASSA_PKCS1_V1_5_SHA_384",
  "RSASSA_PKCS1_V1_5_SHA_512",
  "RSASSA_PSS_SHA_256",
  "RSASSA_PSS_SHA_384",
  "RSASSA_PSS_SHA_512",
  "ECDSA_SHA_256",
  "ECDSA_SHA_384",
  "ECDSA_SHA_512",
  "ED25519_SHA_512",
  "ED25519_PH_SHA_512",
] as const;
/** KMS's other signing algorithms: known by name, as the specs below are. */
export const UNBUILT_SIGNING_ALGORITHMS: readonly string[] = ["ML_DSA_SHAKE_256", "SM2DSA"];
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

export const KEY_USAGES = ["SIGN_VERIFY", "ENCRYPT_DECRYPT", "GENERATE_VERIFY_MAC", "KEY_AGREEMENT"] as const;
export const UNBUILT_KEY_USAGES: readonly string[] = ["ENCAPSULATE_DECAPSULATE"];
export type KeyUsage = (typeof KEY_USAGES)[number];

export const KEY_SPECS = [
  "RSA_2048",
  "RSA_3072",
  "RSA_4096",
  "ECC_NIST_P256",
  "ECC_NIST_P384",
  "ECC_NIST_P521",
  "ECC_SECG_P256K1",
  "ECC_NIST_EDWARDS25519",
  "SYMMETRIC_DEFAULT",
  "HMAC_256",
] as const;
export type KeySpec = (typeof KEY_SPECS)[number];

/** KMS's other specs: known by name, so that asking for one is told apart from a typing error. */
export const UNBUILT_KEY_SPECS = [
  "HMAC_224",
  "HMAC_384",
  "HMAC_512",
  "ML_DSA_44",
  "ML_DSA_65",
  "ML_DSA_87",
  "ML_KEM_512",
  "ML_KEM_768",
  "ML_KEM_1024",
  "SM2",
] as const;

/** The kinds of key between which an alias may not move (UpdateAlias). */
export type KeyKind = "asymmetric" | "symmetric" | "hmac";

export interface KeySpecRow {
  readonly kind: KeyKind;
  /** Usages a key of this spec can have, each with the algorithms KMS lists for it. */
  readonly algorithms: ReadonlyMap<KeyUsage, readonly string[]>;
  /** Makes a new key: private for asymmetric specs, secret otherwise. Runs off the event loop (RSA takes seconds). */
  generate(): Promise<KeyObject>;
  /** Whether a key read from storage is of this spec. */
  matches(key: KeyObject): boolean;
}

const generatePair = promisify(generateKeyPair);
const randomBytesAsync = promisify(randomBytes);

const RSA_SIGNING = SIGNING_ALGORITHMS.filter((name) => name.startsWith("RSASSA"));
const RSA_ENCRYPTION = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"];

function rsa(modulusLength: number): KeySpecRow {
  return {
    kind: "asymmetric",
    algorithms: new Map([
      ["SIGN_VERIFY", RSA_SIGNING],
      ["ENCRYPT_DECRYPT", RSA_ENCRYPTION],
    ]),
    generate: async () => (await generatePair("rsa", { modulusLength })).privateKey,
    matches: (key) =>
      key.type === "private" &&
      key.asymmetricKeyType === "rsa" &&
      key.asymmetricKeyDetails?.modulusLength === modulusLength,
  };
}

function ec(namedCurve: string, algorithm: SigningAlgorithm, agreement: boolean): KeySpecRow {
  const algorithms = new Map<KeyUsage, readonly string[]>([["SIGN_VERIFY", [algorithm]]]);
  if (agreement) algorithms.set("KEY_AGREEMENT", ["ECDH"]);
  return {
    kind: "asymmetric",
    algorithms,
    generate: async () => (await generatePair("ec", { namedCurve })).privateKey,
    matches: (key) =>
      key.type === "private" && key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === namedCurve,
  };
}

function secret(kind: "symmetric" | "hmac", usage: KeyUsage, algorithm: string): KeySpecRow {
  const sizeBytes = 32;
  return {
    kind,
    algorithms: new Map([[usage, [algorithm]]]),
    generate: async () => createSecretKey(await randomBytesAsync(sizeBytes)),
    matches: (key) => key.type === "secret" && key.symmetricKeySize === sizeBytes,
  };
}

export const KEY_SPEC_TABLE: Readonly<Record<KeySpec, KeySpecRow>> = {
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  ECC_NIST_P256: ec("prime256v1", "ECDSA_SHA_256", true),
  ECC_NIST_P384: ec("secp384r1", "ECDSA_SHA_384", true),
  ECC_NIST_P521: ec("secp521r1", "ECDSA_SHA_512", true),
  ECC_SECG_P256K1: ec("secp256k1", "ECDSA_SHA_256", false),
  ECC_NIST_EDWARDS25519: {
    kind: "asymmetric",
    algorithms: new Map([["SIGN_VERIFY", ["ED25519_SHA_512", "ED25519_PH_SHA_512"]]]),
    generate: async () => (await generatePair("ed25519")).privateKey,
    matches: (key) => key.type === "private" && key.asymmetricKeyType === "ed25519",
  },
  SYMMETRIC_DEFAULT: secret("symmetric", "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT"),
  HMAC_256: secret("hmac", "GENERATE_VERIFY_MAC", "HMAC_SHA_256"),
};
