/**
 * What a contender is told about the tokens it will see. Plain JSON: it travels into the Worker as a var.
 */
import type { Alg } from "../../shared/algorithms.ts";

export interface Settings {
  readonly alg: Alg;
  readonly issuer: string;
  readonly audience: string;
  /** The key that signs. */
  readonly kid: string;
  /** All public keys, as a JWK Set's `keys`. */
  readonly jwks: readonly JsonWebKey[];
  /** The root public keys, as JWKs. */
  readonly anchors: readonly JsonWebKey[];
  /** The same keys as a signed key set document. */
  readonly keySet: string;
  /** How many other issuers are accepted beside the own one; none when left out. */
  readonly foreignIssuers?: number;
  /** The tokens are of the first of them, which lists this key. */
  readonly foreignKey?: JsonWebKey;
}
