/** Why the JWK Set of a foreign issuer could not be read. Stable: logged, and part of a 503's evidence. */
export type ForeignKeysProblemCode =
  /** No connection: the name, the certificate, the network. */
  | "jwk_set_unreachable"
  /** The whole document did not come within 5 s. */
  | "jwk_set_timeout"
  /** A status other than 200; a redirect is one. */
  | "jwk_set_refused"
  /** More than 256 kB. */
  | "jwk_set_too_large"
  /** Not a strict JSON object with an array `keys`. */
  | "jwk_set_malformed"
  | "jwk_set_too_many_keys";
