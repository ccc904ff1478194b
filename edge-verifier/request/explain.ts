/**
 * A refusal as one line for an app's log: the code on the wire, the precise reason, a sentence, and the evidence. The
 * evidence holds nothing of a token before its signature has held, and bounded text after that.
 */
import { ALL_PROBLEMS } from "../http/feature-problems.ts";
import { wireCodeOf } from "./refusal.ts";
import type { Refusal } from "./refusal.ts";

/** Where more can be said than the client is told. */
const SENTENCES: Readonly<Partial<Record<Refusal["code"], string>>> = {
  token_missing: "The request has no bearer token.",
  invalid_request: "The credentials of the request cannot be read as one bearer token.",
  kid_unknown: "No key of the key set has the token's kid.",
  kid_revoked: "The key of the token was withdrawn.",
  signature_invalid: "The signature does not hold under the key that the token names.",
  issuer_mismatch: "The token is of another issuer than the one that is configured.",
  audience_mismatch: "The token is for another audience than those that are configured.",
  token_expired: "The token has expired.",
  keys_unavailable: "There is no key set that may be used; the token was not looked at.",
  config_invalid: "Options, variables or bindings of the middleware are missing or wrong.",
};

/**
 * @param places where the request has credentials, if it may have them in more than one place
 * @example `invalid_token (token_expired): The token has expired. {"expiredForSeconds":100,"credentialsIn":["cookie"]}`
 */
export function explainRefusal(refusal: Refusal, places: readonly string[] = []): string {
  const { code, ...found } = refusal;
  const evidence = places.length === 0 ? found : { ...found, credentialsIn: places };
  const wireCode = wireCodeOf(code);
  const reason = wireCode === code ? "" : ` (${code})`;
  const details = Object.keys(evidence).length === 0 ? "" : ` ${JSON.stringify(evidence)}`;
  return `${wireCode}${reason}: ${SENTENCES[code] ?? ALL_PROBLEMS[wireCode].detail}${details}`;
}
