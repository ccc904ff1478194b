/**
 * The port through which everything in the issuer signs: tokens with a generation's key, key set documents with the root
 * key. The implementation over KMS is in `kms/`; a private key exists behind it and nowhere else.
 */
import type { Alg } from "../shared/algorithms.ts";
import type { Kid } from "../shared/identifiers.ts";
import type { PublicJwk } from "../shared/jwk.ts";

/** One key, resolved once to an ARN and a kid, bound to one algorithm. */
export interface Signer {
  readonly kid: Kid;
  readonly alg: Alg;
  /** The public half, for publishing and for checking each signature. */
  readonly jwk: PublicJwk;
  /** What KMS must name in its answer. Never leaves the issuer. */
  readonly keyArn: string;
  /**
   * Signs `header.payload`.
   * @returns the signature as JWS carries it (r and s for ECDSA), already verified with the public key.
   * @throws SealgateError with a `kms_…` code
   */
  sign(signingInput: string): Promise<Uint8Array<ArrayBuffer>>;
}

/** Where an issuer gets the signer of the moment: one fixed key, or a ring whose active key changes. */
export interface SignerSource {
  /**
   * The signer to use for the next signature.
   * @throws SealgateError when no signer can be had
   */
  current(): Promise<Signer>;
}
