/**
 * Between JWS and KMS: what KMS is given to sign, what its signature looks like in a token, and whether that signature
 * holds under the published key. Pure computation over node:crypto; all that differs between algorithms comes from the two
 * tables.
 */
import { constants, hash, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { algorithmOf } from "../../shared/algorithms.ts";
import type { Alg, Algorithm } from "../../shared/algorithms.ts";
import { signatureBytesOf } from "../../shared/jwk.ts";
import { concatToDer, derToConcat } from "./der.ts";
import { kmsAlgorithmOf } from "./algorithms.ts";
import type { PublicKey } from "./public-key.ts";

/**
 * What KMS gets: the hash of the signing input, so that claims never leave this host, or the signing input itself where KMS
 * takes no digest (Ed25519).
 * @param signingInput `header.payload`, ASCII
 */
export function messageFor(alg: Alg, signingInput: string): Uint8Array {
  const algorithm = algorithmOf(alg);
  if (algorithm.kty === "OKP" || kmsAlgorithmOf(alg).messageType === "RAW") return Buffer.from(signingInput, "ascii");
  return hash(algorithm.hash, signingInput, "buffer");
}

/**
 * KMS's signature as JWS carries it (RFC 7518 section 3): r‖s for ECDSA, unchanged otherwise.
 * @returns undefined for an ECDSA signature that is not strict DER
 */
export function toJoseSignature(alg: Alg, signature: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const algorithm = algorithmOf(alg);
  return algorithm.kty === "EC" ? derToConcat(signature, algorithm.coordinateBytes) : Uint8Array.from(signature);
}

/** The reverse: a token's signature, already of the right length, as KMS's Verify takes it. */
export function toKmsSignature(alg: Alg, signature: Uint8Array): Uint8Array {
  return algorithmOf(alg).kty === "EC" ? concatToDer(signature) : signature;
}

/** Whether a signature, as JWS carries it, holds for a signing input. */
export type SignatureCheck = (signingInput: string, signature: Uint8Array) => boolean;

/**
 * A check with one public key. Everything that does not depend on the token is prepared here, because the check runs once
 * for each token that is signed.
 *
 * What is checked is the signature as the token will carry it. ECDSA's goes back to DER for that, and the key is passed by
 * itself where no option is needed: Node takes half as long again for options, and for r‖s in particular.
 */
export function createSignatureCheck({ keyObject, jwk }: PublicKey): SignatureCheck {
  const { alg } = jwk;
  const algorithm = algorithmOf(alg);
  const hashName = algorithm.kty === "OKP" ? null : algorithm.hash;
  const key = verificationKey(keyObject, algorithm);
  const signatureBytes = signatureBytesOf(jwk, algorithm);
  // OpenSSL takes a PSS signature without its leading zero octet; the edge does not (RFC 8017 section 8.1.2, step 1).
  return (signingInput, signature) =>
    signature.length === signatureBytes &&
    verify(hashName, Buffer.from(signingInput, "ascii"), key, toKmsSignature(alg, signature));
}

function verificationKey(key: KeyObject, algorithm: Algorithm): Parameters<typeof verify>[2] {
  const { saltLength } = algorithm.params;
  if (saltLength === undefined) return key;
  // The exact length: left to itself, OpenSSL accepts any salt, and edges do not (RFC 7518 section 3.5).
  return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
}
