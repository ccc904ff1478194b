/**
 * What KMS's Sign and Verify compute: message rules (RAW and DIGEST), hashing, and the scheme of each signing algorithm.
 * Knows nothing of key states, identifiers or the wire; the caller has checked that the algorithm is one of the key's.
 *
 * Source: AWS KMS API Reference, Sign and Verify; Developer Guide, "Key spec reference".
 */
import { createHash, createPublicKey, sign as signMessage, verify as verifyMessage } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { signEcdsaDigest, verifyEcdsaDigest } from "./ecdsa.ts";
import { KmsError } from "./errors.ts";
import type { SigningAlgorithm } from "./keys.ts";
import { HASH_BYTES, signPkcs1Digest, signPssDigest, verifyPkcs1Digest, verifyPssDigest } from "./rsa.ts";
import type { HashName } from "./rsa.ts";

export const MESSAGE_TYPES = ["RAW", "DIGEST", "EXTERNAL_MU"] as const;
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** Longest message of any type, in bytes. */
export const MESSAGE_MAX_BYTES = 4096;

export interface SigningInput {
  readonly algorithm: SigningAlgorithm;
  readonly message: Buffer;
  readonly messageType: MessageType;
}

/** A scheme that signs a digest, or one that must see the message (`hash` is null), or one that is not built. */
interface Scheme {
  readonly hash: HashName | null;
  sign(privateKey: KeyObject, bytes: Buffer): Buffer;
  verify(privateKey: KeyObject, bytes: Buffer, signature: Buffer): boolean;
}

function pkcs1(hash: HashName): Scheme {
  return {
    hash,
    sign: (key, digest) => signPkcs1Digest(key, hash, digest),
    verify: (key, digest, signature) => verifyPkcs1Digest(key, hash, digest, signature),
  };
}

function pss(hash: HashName): Scheme {
  return {
    hash,
    sign: (key, digest) => signPssDigest(key, hash, digest, HASH_BYTES[hash]),
    verify: (key, digest, signature) => verifyPssDigest(key, hash, digest, signature),
  };
}

function ecdsa(hash: HashName): Scheme {
  return { hash, sign: signEcdsaDigest, verify: verifyEcdsaDigest };
}

const ED25519: Scheme = {
  hash: null,
  sign: (key, message) => signMessage(null, message, key),
  verify: (key, message, signature) => verifyMessage(null, message, createPublicKey(key), signature),
};

/** KMS lists Ed25519ph for every Ed25519 key; JOSE does not define it (RFC 8037) and node:crypto does not offer it. */
const UNBUILT: null = null;

const SCHEMES: Readonly<Record<SigningAlgorithm, Scheme | null>> = {
  RSASSA_PKCS1_V1_5_SHA_256: pkcs1("sha256"),
  RSASSA_PKCS1_V1_5_SHA_384: pkcs1("sha384"),
  RSASSA_PKCS1_V1_5_SHA_512: pkcs1("sha512"),
  RSASSA_PSS_SHA_256: pss("sha256"),
  RSASSA_PSS_SHA_384: pss("sha384"),
  RSASSA_PSS_SHA_512: pss("sha512"),
  ECDSA_SHA_256: ecdsa("sha256"),
  ECDSA_SHA_384: ecdsa("sha384"),
  ECDSA_SHA_512: ecdsa("sha512"),
  ED25519_SHA_512: ED25519,
  ED25519_PH_SHA_512: UNBUILT,
};

function schemeOf(algorithm: SigningAlgorithm): Scheme {
  const scheme = SCHEMES[algorithm];
  if (scheme === null) {
    throw new KmsError("UnsupportedOperationException", `${algorithm} is not built in this emulator.`);
  }
  return scheme;
}

/** The hash of an algorithm that signs digests, or null for one that signs whole messages. */
export function hashOf(algorithm: SigningAlgorithm): HashName | null {
  return schemeOf(algorithm).hash;
}

/**
 * What the scheme works on: the digest (made here for RAW, taken as it is for DIGEST), or the whole message for Ed25519.
 * @throws KmsError ValidationException when the message type does not fit the algorithm or a digest has the wrong length.
 */
export function bytesToSign({ algorithm, message, messageType }: SigningInput): Buffer {
  const { hash } = schemeOf(algorithm);
  if (messageType === "EXTERNAL_MU" || (hash === null && messageType !== "RAW")) {
    throw new KmsError("ValidationException", `MessageType ${messageType} is not valid for algorithm ${algorithm}.`);
  }
  if (hash === null) return message;
  if (messageType === "RAW") return createHash(hash).update(message).digest();
  if (message.length !== HASH_BYTES[hash]) {
    throw new KmsError("ValidationException", `Digest is invalid length for algorithm ${algorithm}.`);
  }
  return message;
}

/**
 * Signs as KMS does: PKCS#1 octets for RSA, DER for ECDSA, 64 bytes for Ed25519.
 * @throws KmsError for a message that KMS would refuse.
 */
export function sign(privateKey: KeyObject, input: SigningInput): Buffer {
  return schemeOf(input.algorithm).sign(privateKey, bytesToSign(input));
}

/**
 * Whether the signature is the key's over the message. Any malformed signature is simply not valid.
 * @throws KmsError for a message that KMS would refuse.
 */
export function verify(privateKey: KeyObject, input: SigningInput, signature: Buffer): boolean {
  return schemeOf(input.algorithm).verify(privateKey, bytesToSign(input), signature);
}
