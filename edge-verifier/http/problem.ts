/**
 * What a client sees when it does not get what it asked for: every wire code once, with its status and its text, as
 * `application/problem+json` (RFC 9457). The texts are fixed: no part of a token, a claim or a URL is ever in them.
 */

/** Stable codes: clients, tests and docs/errors.md use these names. */
export type CoreWireCode =
  | "path_ambiguous"
  | "invalid_request"
  | "body_not_allowed"
  | "token_missing"
  | "invalid_token"
  | "insufficient_scope"
  | "insufficient_user_authentication"
  | "policy_denied"
  | "cross_site_request"
  | "not_found"
  | "method_not_allowed"
  | "config_invalid"
  | "internal_error"
  | "origin_unreachable"
  | "keys_unavailable"
  | "revocations_unavailable"
  | "origin_timeout";

/** Of optional features (feature-problems.ts). */
export type FeatureWireCode = "cors_origin_denied" | "too_many_refusals" | "too_many_requests";

export type WireCode = CoreWireCode | FeatureWireCode;

export interface Problem {
  readonly status: number;
  /** The status in words, since `type` is about:blank (RFC 9457 section 4.2.1). */
  readonly title: string;
  readonly detail: string;
}

/** RFC 9110 section 15. */
const TITLES = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

export function problem(status: keyof typeof TITLES, detail: string): Problem {
  return { title: TITLES[status], status, detail };
}

export const PROBLEMS: Readonly<Record<CoreWireCode, Problem>> = {
  path_ambiguous: problem(400, "The path can be read in more than one way."),
  invalid_request: problem(400, "Send one bearer token, in one place."),
  body_not_allowed: problem(400, "GET and HEAD have no body."),
  token_missing: problem(401, "A bearer token is required."),
  invalid_token: problem(401, "The token is not valid here."),
  insufficient_scope: problem(403, "The token lacks a scope."),
  insufficient_user_authentication: problem(401, "A more recent or stronger login is required."),
  policy_denied: problem(403, "The token does not permit this request."),
  cross_site_request: problem(403, "This request may not come from another site."),
  not_found: problem(404, "There is nothing here."),
  method_not_allowed: problem(405, "The method is not allowed for this path."),
  config_invalid: problem(500, "The gateway is not configured correctly."),
  internal_error: problem(500, "The gateway failed."),
  origin_unreachable: problem(502, "The origin cannot be reached."),
  keys_unavailable: problem(503, "There are no keys to verify tokens with."),
  revocations_unavailable: problem(503, "Taken-back tokens cannot be told apart."),
  origin_timeout: problem(504, "The origin did not answer in time."),
};

export function isWireCode(code: string): code is CoreWireCode {
  return Object.hasOwn(PROBLEMS, code);
}

/** @param headers in addition to those that every problem has */
export function problemResponse(
  code: WireCode,
  problem: Problem,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify({ type: "about:blank", ...problem, code }), {
    status: problem.status,
    headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store", ...headers },
  });
}
