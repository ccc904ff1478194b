/** Why a token was refused, as a sentence for a person. Pure. */
import type { TokenRejection } from "../../shared/rejection.ts";
import { describeDuration } from "./time.ts";

/** Holds nothing of the token but what its rejection holds. */
export function describeRejection(rejection: TokenRejection): string {
  switch (rejection.code) {
    case "token_too_large":
      return `The token has ${rejection.bytes} bytes, and at most ${rejection.maxBytes} are read.`;
    case "token_malformed":
      return rejection.part === "segments"
        ? "The token is not three parts with dots between them."
        : `The token's ${rejection.part} is not canonical base64url.`;
    case "header_invalid":
      return `The token's header cannot be used (${rejection.reason}).`;
    case "header_critical":
      return "The token's header has crit, and no extension is known here.";
    case "alg_not_allowed":
      return "The token's alg is not accepted.";
    case "typ_not_allowed":
      return "The token's typ is not accepted: it may be an ID token.";
    case "kid_missing":
      return "The token's header has no kid.";
    case "kid_unknown":
      return `No key that is known here has the token's kid, ${quoted(rejection.kid)}.`;
    case "kid_revoked":
      return "The key that has signed the token was revoked.";
    case "alg_mismatch":
      return "The token's alg is not that of its key.";
    case "signature_invalid":
      return "The token's signature does not hold.";
    case "claims_invalid":
      return `The token's claims cannot be used (${rejection.reason}).`;
    case "claim_missing":
      return `The token has no ${rejection.claim}.`;
    case "claim_invalid":
      return `The token's ${rejection.claim} has the wrong type.`;
    case "issuer_mismatch":
      return `The token is of another issuer, ${quoted(rejection.iss)}.`;
    case "audience_mismatch":
      return `The token is for another audience, ${rejection.aud.map(quoted).join(", ")}.`;
    case "token_expired":
      return `The token has expired ${describeDuration(rejection.expiredForSeconds)} ago.`;
    case "token_not_yet_valid":
      return `The token is valid only in ${describeDuration(rejection.validInSeconds)}.`;
    case "token_issued_in_future":
      return `The token was issued in the future, in ${describeDuration(rejection.aheadSeconds)}: one of the clocks is wrong.`;
    case "token_lifetime_too_long":
      return `The token lives for ${describeDuration(rejection.lifetimeSeconds)}, and at most ${describeDuration(rejection.maxSeconds)} are accepted.`;
    case "token_revoked":
      return `The token was taken back, by its ${rejection.by}.`;
  }
}

/** As JSON, which shows a control character as an escape; words and URLs without its quotation marks. */
function quoted(value: string): string {
  const json = JSON.stringify(value);
  return /^"[\w.:/-]*"$/.test(json) ? value : json;
}
