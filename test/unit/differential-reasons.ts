/** The list of docs/differential-jose.md, which a test compares with this one: where sealgate and jose may disagree, and why. */

/** What sealgate refuses and jose accepts: the rejection, and why sealgate is stricter. */
export const STRICTER: { readonly [rejection: string]: string } = {
  "token_malformed header": "jose decodes base64url with unused bits that are not zero, padding, or the other alphabet",
  "token_malformed payload": "the same for the payload",
  "token_malformed signature": "the same for the signature",
  "header_invalid byte_order_mark": "jose drops a byte order mark",
  "claims_invalid byte_order_mark": "the same for the payload",
  "header_invalid duplicate_member": "jose takes the last of several members with one name",
  "header_invalid nested_too_deeply": "jose does not bound nesting",
  "header_invalid b64": "jose ignores b64 when crit does not announce it",
  "header_invalid typ": "jose looks at typ only when one is asked for",
  header_critical: "jose accepts an empty or understood crit",
  kid_missing: "jose picks the only key that fits the alg",
  typ_not_allowed: "jose looks at typ only when one is asked for, and then at exactly one",
  "claims_invalid duplicate_member": "jose takes the last of several members with one name",
  "claims_invalid nested_too_deeply": "jose does not bound nesting",
  "claim_invalid exp": "jose takes any number for a time: Infinity, a negative one, one beyond all dates",
  "claim_invalid nbf": "jose takes any number for a time",
  "claim_invalid iat": "jose takes any number for a time",
  "claim_invalid aud": "jose accepts an array with other types beside the audience",
  "claim_invalid sub": "jose looks at sub only when one is asked for",
  "claim_invalid jti": "jose does not look at jti",
  token_issued_in_future: "jose looks at iat only when a maximum age is asked for",
  token_lifetime_too_long: "jose has no rule for exp - iat",
};
