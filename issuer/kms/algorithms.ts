/**
 * What KMS calls each JWS algorithm, one row each: the signing algorithm, how the message is handed over, and which key
 * specs fit. The rest of an algorithm is in shared/algorithms.ts. Data only.
 *
 * Source: https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html and the API reference of Sign.
 */
import { ALGS } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import type { KmsMessageType, KmsSigningAlgorithm, KmsSigningKeySpec } from "./port.ts";

export interface KmsAlgorithm {
  readonly signingAlgorithm: KmsSigningAlgorithm;
  readonly messageType: KmsMessageType;
  /** The specs of keys that can sign with this algorithm; the first is what a new key gets. */
  readonly keySpecs: readonly [KmsSigningKeySpec, ...KmsSigningKeySpec[]];
}

/** KMS takes at most this many octets as a RAW message (API reference of Sign, parameter Message). */
export const MAX_RAW_MESSAGE_BYTES = 4096;

/** One RSA key fits all six RSA algorithms: which one is meant has to be said. */
const RSA = ["RSA_2048", "RSA_3072", "RSA_4096"] as const;

const rows = {
  RS256: { signingAlgorithm: "RSASSA_PKCS1_V1_5_SHA_256", messageType: "DIGEST", keySpecs: RSA },
  RS384: { signingAlgorithm: "RSASSA_PKCS1_V1_5_SHA_384", messageType: "DIGEST", keySpecs: RSA },
  RS512: { signingAlgorithm: "RSASSA_PKCS1_V1_5_SHA_512", messageType: "DIGEST", keySpecs: RSA },
  PS256: { signingAlgorithm: "RSASSA_PSS_SHA_256", messageType: "DIGEST", keySpecs: RSA },
  PS384: { signingAlgorithm: "RSASSA_PSS_SHA_384", messageType: "DIGEST", keySpecs: RSA },
  PS512: { signingAlgorithm: "RSASSA_PSS_SHA_512", messageType: "DIGEST", keySpecs: RSA },
  ES256: { signingAlgorithm: "ECDSA_SHA_256", messageType: "DIGEST", keySpecs: ["ECC_NIST_P256"] },
  ES384: { signingAlgorithm: "ECDSA_SHA_384", messageType: "DIGEST", keySpecs: ["ECC_NIST_P384"] },
  ES512: { signingAlgorithm: "ECDSA_SHA_512", messageType: "DIGEST", keySpecs: ["ECC_NIST_P521"] },
  // ED25519_SHA_512 takes RAW only; ED25519_PH_SHA_512 is Ed25519ph, which JOSE does not have.
  EdDSA: { signingAlgorithm: "ED25519_SHA_512", messageType: "RAW", keySpecs: ["ECC_NIST_EDWARDS25519"] },
} satisfies Record<Alg, KmsAlgorithm>;

export function kmsAlgorithmOf(alg: Alg): KmsAlgorithm {
  return rows[alg];
}

/** The algorithms that a key of this spec can sign with; empty for specs that JOSE, or sealgate, has no use for. */
export function algsOfKeySpec(keySpec: string): readonly Alg[] {
  return ALGS.filter((alg) => kmsAlgorithmOf(alg).keySpecs.some((fitting) => fitting === keySpec));
}
