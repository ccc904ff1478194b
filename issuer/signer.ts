/**
 * The port through which everything in the issuer signs: tokens with a generation's key, key set documents with the root
 * key. The implementation over KMS is in `kms/`; a private key exists behind it and nowhere else.
 */
import type { Alg } from "../shared/algorithms.ts";
import type { Kid, RingName } from "../shared/identifiers.ts";
import type { PublicJwk } from "../shared/jwk.ts";
import type { SealgateError } from "./errors.ts";

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

/** A ring that may be one of several: what has to be known of it to choose between them. */
export interface RingMember extends SignerSource {
  readonly ring: RingName;
  /** From now on each look at the ring also reads how long its document lives, for {@link RingMember.isReady}. */
  watchDocument(): void;
  /** Looks at the ring in the background, if that is due, so that a later `current()` need not wait. */
  keepReady(): void;
  /** Whether every edge accepts what the ring signs now: its key is known, and its document lives. Does not wait. */
  isReady(): boolean;
  /** Looks at the ring, now. @throws SealgateError */
  refresh(): Promise<void>;
  status(): { readonly fault: SealgateError | undefined };
}

/** Lends signers, one use at a time, and chooses another one if the first fails. */
export interface SignerPool {
  /**
   * @param use may be called again with another signer after one has failed
   * @param deadlineMs by when it has to be done; by default no sooner than the calls to KMS give up
   * @throws what `use` throws; SealgateError when no signer can be had
   */
  use<Value>(use: (signer: Signer) => Promise<Value>, deadlineMs?: number): Promise<Value>;
}
