/**
 * Every reason for which a token can be refused, as one union with the evidence that an operator needs. A rejection is the
 * token's fault and a plain value; it is precise in the log and generic on the wire (the edge maps it). No member ever
 * holds a part of the token, a claim's value or a key.
 */

export type TokenRejection =
  | { readonly code: "token_too_large"; readonly bytes: number; readonly maxBytes: number }
  /** Not three canonical base64url segments (RFC 7515 section 7.1). */
  | { readonly code: "token_malformed"; readonly part: "segments" | "header" | "payload" | "signature" }
  /** The protected header is not a strict JSON object, or one of its members has the wrong type. */
  | { readonly code: "header_invalid"; readonly reason: string }
  /** `crit` is present; sealgate implements no extension (RFC 7515 section 4.1.11). */
  | { readonly code: "header_critical" }
  | { readonly code: "alg_not_allowed" }
  | { readonly code: "typ_not_allowed" }
  | { readonly code: "kid_missing" }
  | { readonly code: "kid_unknown"; readonly kid: string }
  | { readonly code: "kid_revoked" }
  /** The header's `alg` is not the one that the key is bound to. */
  | { readonly code: "alg_mismatch" }
  | { readonly code: "signature_invalid" }
  /** The payload is not a strict JSON object. */
  | { readonly code: "claims_invalid"; readonly reason: string }
  | { readonly code: "claim_missing"; readonly claim: string }
  /** A registered claim has the wrong type. */
  | { readonly code: "claim_invalid"; readonly claim: string }
  /** `kid` is the key's that has signed the token. */
  | { readonly code: "issuer_mismatch"; readonly iss: string; readonly kid?: string }
  /** `aud` holds the first of the token's audiences. */
  | { readonly code: "audience_mismatch"; readonly aud: readonly string[]; readonly kid?: string }
  | { readonly code: "token_expired"; readonly expiredForSeconds: number }
  | { readonly code: "token_not_yet_valid"; readonly validInSeconds: number }
  | { readonly code: "token_issued_in_future"; readonly aheadSeconds: number }
  | { readonly code: "token_lifetime_too_long"; readonly lifetimeSeconds: number; readonly maxSeconds: number }
  /** Taken back, by the claim that a revocation list names. */
  | { readonly code: "token_revoked"; readonly by: "jti" | "sid" | "sub" };

/** What else can be wrong with a token where tokens of other issuers are accepted. */
export type ForeignTokenRejection =
  /** `iss` is neither the own issuer nor one of `FOREIGN_ISSUERS`. The signature was not looked at. */
  | { readonly code: "issuer_unknown" }
  /** A foreign issuer's token without `kid`, and more than one of its keys fits the `alg`. */
  | { readonly code: "key_ambiguous" }
  /** The foreign issuer lists a key of our own, or one of the trust anchors. */
  | { readonly code: "key_not_foreign" }
  /** `client_id` or `azp` is none of the entry's `client_ids`, or missing. */
  | { readonly code: "client_not_allowed" }
  /** A claim that the issuer's entry pins has another value. */
  | { readonly code: "claim_not_accepted"; readonly claim: string };

/** The stable code of a rejection: logs, metrics, tests and `docs/errors.md` use these names. */
export type TokenRejectionCode = TokenRejection["code"];

const MAX_EXCERPT_CHARACTERS = 128;

/** The beginning of a text that another party has written, short enough for a log line. */
export function excerpt(text: string): string {
  return text.length <= MAX_EXCERPT_CHARACTERS ? text : `${text.slice(0, MAX_EXCERPT_CHARACTERS - 1)}…`;
}
