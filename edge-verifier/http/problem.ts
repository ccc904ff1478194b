/**
 * What a client sees when it does not get what it asked for: every wire code once, with its status and its text, as
 * `application/problem+json` (RFC 9457). The texts are fixed: no part of a token, a claim or a URL is ever in them.
 */

/** Stable codes: clients, tests and docs/errors.md use these names. */
export type WireCode =
  | "path_ambiguous"
  | "invalid_request"
  | "token_missing"
  | "invalid_token"
  | "insufficient_scope"
  | "insufficient_user_authentication"
  | "policy_denied"
  | "cors_origin_denied"
  | "cross_site_request"
  | "not_found"
  | "method_not_allowed"
  | "too_many_refusals"
  | "config_invalid"
  | "internal_error"
  | "origin_unreachable"
  | "keys_unavailable"
  | "origin_timeout";

export interface Problem {
  readonly status: number;
  /** The status in words, since `type` is about:blank (RFC 9457 section 4.2.1). */
  readonly title: string;
  readonly detail: string;
}

export const PROBLEMS: Readonly<Record<WireCode, Problem>> = {
  path_ambiguous: {
    status: 400,
    title: "Bad Request",
    detail: "The path can be read in more than one way. Send it in its plain form.",
  },
  invalid_request: {
    status: 400,
    title: "Bad Request",
    detail: "The request must carry one bearer token in one Authorization header.",
  },
  token_missing: { status: 401, title: "Unauthorized", detail: "A bearer token is required." },
  invalid_token: { status: 401, title: "Unauthorized", detail: "The token is not valid here." },
  insufficient_scope: {
    status: 403,
    title: "Forbidden",
    detail: "The token does not have the scope that is required.",
  },
  insufficient_user_authentication: {
    status: 401,
    title: "Unauthorized",
    detail: "A more recent or a stronger authentication of the user is required.",
  },
  policy_denied: { status: 403, title: "Forbidden", detail: "The token does not permit this request." },
  cross_site_request: { status: 403, title: "Forbidden", detail: "This request may not come from another site." },
  cors_origin_denied: { status: 403, title: "Forbidden", detail: "This web origin may not call this API." },
  not_found: { status: 404, title: "Not Found", detail: "There is nothing here." },
  method_not_allowed: { status: 405, title: "Method Not Allowed", detail: "The method is not allowed for this path." },
  too_many_refusals: {
    status: 429,
    title: "Too Many Requests",
    detail: "Too many requests from here were refused. Try again later.",
  },
  config_invalid: { status: 500, title: "Internal Server Error", detail: "The gateway is not configured correctly." },
  internal_error: { status: 500, title: "Internal Server Error", detail: "The gateway failed." },
  origin_unreachable: { status: 502, title: "Bad Gateway", detail: "The origin cannot be reached." },
  keys_unavailable: {
    status: 503,
    title: "Service Unavailable",
    detail: "The keys to verify tokens with are not available. Try again later.",
  },
  origin_timeout: { status: 504, title: "Gateway Timeout", detail: "The origin did not answer in time." },
};

const bodies = new Map<WireCode, string>();
for (const [code, { status, title, detail }] of Object.entries(PROBLEMS)) {
  // Object.entries widens the keys of a record whose keys are exactly the codes.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  bodies.set(code as WireCode, JSON.stringify({ type: "about:blank", title, status, detail, code }));
}

/** @param headers in addition to those that every problem has */
export function problemResponse(code: WireCode, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(bodies.get(code) ?? null, {
    status: PROBLEMS[code].status,
    headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store", ...headers },
  });
}
