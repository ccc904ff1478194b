/**
 * The bearer token of a request: `Authorization: Bearer` (RFC 6750 section 2.1), and nothing else. A query parameter or a
 * form field is never looked at (RFC 9700 section 4.3.2). What is returned is unverified text.
 */
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";

export type BearerProblem =
  /** No bearer credentials came: answered with a challenge that has no error code. */
  | { readonly code: "token_missing" }
  /** More than one credential, or text that is no credential at all. */
  | { readonly code: "invalid_request"; readonly reason: "several_credentials" | "credentials_malformed" };

const SCHEME = "bearer";

/**
 * @param authorization the header's value; several `Authorization` headers arrive joined by a comma, which no bearer token
 *   can contain, and are refused: one parser would take the first and another the last
 */
export function readBearerToken(authorization: string | null): Result<string, BearerProblem> {
  if (authorization === null || authorization === "") return err({ code: "token_missing" });
  if (authorization.includes(",")) return err({ code: "invalid_request", reason: "several_credentials" });
  const space = authorization.indexOf(" ");
  const scheme = space === -1 ? authorization : authorization.slice(0, space);
  // RFC 9110 section 11.1: the scheme's name has no case.
  if (scheme.length !== SCHEME.length || scheme.toLowerCase() !== SCHEME) return err({ code: "token_missing" });
  const token = space === -1 ? "" : authorization.slice(space).trim();
  if (token === "" || token.includes(" ") || token.includes("\t")) {
    return err({ code: "invalid_request", reason: "credentials_malformed" });
  }
  return ok(token);
}
