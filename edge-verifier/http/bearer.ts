/**
 * The bearer token of a header: `Bearer <token>` (RFC 6750 section 2.1), and nothing else. A query parameter or a form
 * field is never looked at (RFC 9700 section 4.3.2). What is returned is unverified text.
 */
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";

/** Why credentials cannot be read. For the log; the client is told to send one bearer token in one place. */
export type CredentialFault =
  /** More than one credential: one parser would take the first and another the last. */
  | "several_credentials"
  /** Text that is no credential at all. */
  | "credentials_malformed"
  /** A JWT without the word Bearer before it. */
  | "bearer_scheme_missing";

export type BearerProblem =
  /** No bearer credentials came: answered with a challenge that has no error code. */
  | { readonly code: "token_missing" }
  | {
      readonly code: "invalid_request";
      readonly reason: CredentialFault;
      /** What the client is told instead of the usual text, where credentials may be in more than one place. */
      readonly answer?: { readonly detail: string };
    };

/** A JWT: the first segment is JSON, whose `{"` is "eyJ". Each class excludes the dot, so that nothing is tried twice. */
const JWT = /^eyJ[\w-]*\.[\w-]+\.[\w-]*$/;

/**
 * @param value the header's; several headers of one name arrive joined by a comma, which no bearer token can contain, and are
 *   refused
 * @param scheme the word before the token, in lower case; empty for a token that stands alone
 */
export function readBearerToken(value: string | null, scheme = "bearer"): Result<string, BearerProblem> {
  if (value === null || value === "") return err({ code: "token_missing" });
  if (value.includes(",")) return unreadable("several_credentials");
  // RFC 9110 section 11.1: the scheme's name has no case.
  const word = scheme && (value.split(" ", 1)[0] ?? "");
  if (word.toLowerCase() !== scheme) {
    // A caller who sends a token in another form has credentials: treating them as anonymous would hide the mistake.
    return endsInJwt(value) ? unreadable("bearer_scheme_missing") : err({ code: "token_missing" });
  }
  const token = value.slice(word.length).replace(/^ +/, "");
  return isOneWord(token) ? ok(token) : unreadable("credentials_malformed");
}

export function unreadable(reason: CredentialFault): Result<never, BearerProblem> {
  return err({ code: "invalid_request", reason });
}

/** Whether the text ends in a JWT: `JWT eyJ…` and `Token=eyJ…` do. */
function endsInJwt(text: string): boolean {
  const start = text.indexOf("eyJ");
  return start !== -1 && JWT.test(text.slice(start));
}

/**
 * Whether a text can be a token as far as white space goes: visible ASCII at both ends, no blank inside. Only the blanks of
 * HTTP are taken off before (RFC 9110 section 5.6.3); `trim()` would also take U+00A0 or U+3000, which other parsers keep.
 */
export function isOneWord(token: string): boolean {
  return ONE_WORD.test(token);
}

/** Each class is followed by what it may end in, so that nothing is tried twice. */
const ONE_WORD = /^[!-~](?:[^ \t]*[!-~])?$/;
