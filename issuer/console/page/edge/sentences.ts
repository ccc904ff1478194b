/** Each reason in a gateway's log as a sentence for a person who has not read docs/errors.md. Pure; complete by its type. */
import type { FeatureRefusal, Refusal } from "../../../../edge-verifier/request/refusal.ts";

type Reason = Refusal["code"] | FeatureRefusal["code"];

const SENTENCES: Readonly<Record<Reason, string>> = {
  // The token.
  token_missing: "The request has no bearer token.",
  invalid_request: "The credentials cannot be read as one bearer token.",
  token_too_large: "The token is too long to be read.",
  token_malformed: "The token is not three parts of canonical base64url: it was cut, changed or made up.",
  header_invalid: "The token's header cannot be used.",
  header_critical: "The token's header has crit, and no extension is known here.",
  alg_not_allowed: "The token's alg is not accepted: none, HS256 and other ways to forge a token end here.",
  typ_not_allowed: "The token's typ is not accepted: it may be an ID token.",
  kid_missing: "The token names no key.",
  kid_unknown:
    "The key that the token names is not in the key set: the token is foreign or forged, or its key is very new.",
  kid_revoked: "The key that signed the token was revoked.",
  alg_mismatch: "The token's alg is not that of its key, as in a forgery that chooses a weaker one.",
  signature_invalid: "The signature does not fit the token: it was changed, or forged without the private key.",
  claims_invalid: "The token's claims are not a strict JSON object.",
  claim_missing: "The token lacks a claim that is required.",
  claim_invalid: "A claim of the token has the wrong type.",
  issuer_mismatch: "The token is of another issuer.",
  audience_mismatch: "The token is for another audience: it was issued for another service.",
  token_expired: "The token has expired.",
  token_not_yet_valid: "The token is not valid yet.",
  token_issued_in_future: "The token was issued in the future: one of the clocks is wrong.",
  token_lifetime_too_long: "The token lives longer than the key set allows.",
  token_revoked: "The token was taken back.",
  issuer_unknown: "The token is of an issuer that the gateway does not accept.",
  key_ambiguous: "The token names no key, and several keys of its issuer fit.",
  key_not_foreign: "The other issuer lists a key that is one of the gateway's own.",
  client_not_allowed: "The token's client is not one that the gateway accepts.",
  claim_not_accepted: "A claim of the token has a value that the gateway does not accept from this issuer.",
  // The route policy.
  not_found: "No rule of the policy matches the path.",
  method_not_allowed: "A rule matches the path, and none matches it with this method.",
  path_unsafe: "Two programs could read the path differently.",
  path_ambiguous: "An origin may take the path for that of another rule.",
  scope_missing: "The token is good, and lacks a scope that the rule requires.",
  any_scope_missing: "The token is good, and has none of the scopes of which the rule requires one.",
  claim_not_equal: "The token is good, and a claim is not what the rule requires.",
  claim_not_one_of: "The token is good, and a claim is none of the values that the rule accepts.",
  claim_lacks_value: "The token is good, and a claim lacks the value that the rule requires.",
  audience_not_allowed: "The token is good, and not for an audience of the rule.",
  acr_not_allowed: "The user did not sign in as strongly as the rule requires.",
  authentication_too_old: "The user signed in longer ago than the rule allows.",
  alternatives_denied: "The token is good, and satisfies none of the rule's alternatives.",
  identity_too_long: "A claim that the origin would get as a header is too long.",
  identity_ambiguous: "A claim that the origin would get as a header could be read in two ways.",
  cross_site_request: "A page of another site made the browser send this request.",
  cors_origin_denied: "The web origin may not call this API.",
  body_not_allowed: "A GET or HEAD has a body.",
  too_many_refusals: "The client was refused too often.",
  too_many_requests: "The caller asks too often.",
  // Faults.
  keys_unavailable: "The gateway has no key set that it may use; the token was not looked at.",
  revocations_unavailable: "The gateway has no list of taken-back tokens that it may use.",
  origin_unreachable: "The origin server could not be reached.",
  origin_timeout: "The origin server did not answer in time.",
  config_invalid: "The gateway is not configured correctly.",
  internal_error: "The gateway failed.",
};

/** @returns empty for a text that is no reason */
export function sentenceOf(reason: string): string {
  return isReason(reason) ? SENTENCES[reason] : "";
}

function isReason(text: string): text is Reason {
  return Object.hasOwn(SENTENCES, text);
}
