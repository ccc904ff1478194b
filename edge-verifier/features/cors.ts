/**
 * The feature `cors`: which web origins may read answers (`CORS_ORIGINS`, `CORS_CREDENTIALS`; Fetch Standard, CORS protocol).
 * Preflights are answered here and never forwarded; other answers get their headers here. Decides nothing about tokens: a
 * cross-origin request needs one like any other.
 */
import { readList } from "../config/values.ts";
import { isListedOrigin, webOriginMatcher } from "../http/web-origins.ts";
import type { Feature } from "../request/hooks.ts";
import { refusedByFeature } from "../request/feature-refusal.ts";
import { refused } from "../request/outcome.ts";
import type { Outcome } from "../request/outcome.ts";
import type { RouteFinder } from "../request/route.ts";

export const cors: Feature = {
  name: "cors",
  read({ env, report }) {
    const credentials = env["CORS_CREDENTIALS"] ?? "false";
    if (credentials !== "true" && credentials !== "false") report("CORS_CREDENTIALS", 'must be "true" or "false"');
    if (env["CORS_ORIGINS"] === undefined) {
      if (credentials === "true")
        report("CORS_CREDENTIALS", "has no effect without CORS_ORIGINS: list the web origins there");
      return {};
    }
    const webOrigins = readList(env["CORS_ORIGINS"]);
    if (webOrigins === undefined || webOrigins.length === 0 || !webOrigins.every(isListedOrigin)) {
      report(
        "CORS_ORIGINS",
        "must be a comma-separated list of origins as browsers send them, without a path: https://app.example.com, capacitor://localhost; or https://*.app.example.com for one label, with at least three behind it; no null",
      );
      return {};
    }
    const config = { isAllowed: webOriginMatcher(webOrigins), credentials: credentials === "true" };
    return {
      preflight: (request, findRoute) => answerPreflight(request, config, findRoute),
      onResponse(headers, request, { decision }) {
        // The gateway's public keys are for every web origin.
        const isPublic = decision === "answered" && headers.has("access-control-allow-origin");
        if (!isPublic) setCors(headers, request, config);
      },
    };
  },
};

interface CorsConfig {
  readonly isAllowed: (webOrigin: string) => boolean;
  /** Whether scripts may send and receive cookies. */
  readonly credentials: boolean;
}

/** How long a browser may keep a preflight's answer: a change of policy reaches every page within this time. */
const PREFLIGHT_MAX_AGE_SECONDS = 600;

/** RFC 9110 section 5.6.2, a list of at most 2048 characters. */
const HEADER_LIST = /^(?=.{1,2048}$)[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:[ \t]*,[ \t]*[!#$%&'*+\-.^_`|~0-9A-Za-z]+)*$/;

/** The web origin that the request comes from, if it may read the answer. */
function allowedWebOrigin(request: Request, cors: CorsConfig): string | undefined {
  const webOrigin = request.headers.get("origin");
  return webOrigin !== null && cors.isAllowed(webOrigin) ? webOrigin : undefined;
}

/**
 * Answers a preflight for the request that it announces: 204 when a rule would take that request (which then needs its
 * token), otherwise the refusal that the request itself would get for its path or method.
 * @returns undefined when the request is no preflight
 */
function answerPreflight(request: Request, cors: CorsConfig, findRoute: RouteFinder): Outcome | undefined {
  const { headers } = request;
  const method = headers.get("access-control-request-method");
  if (request.method !== "OPTIONS" || method === null || !headers.has("origin")) return undefined;
  if (allowedWebOrigin(request, cors) === undefined) return refusedByFeature({ code: "cors_origin_denied" });
  const found = findRoute(request.url, method);
  if (!found.ok) return refused(found.error);
  const response = new Response(null, {
    status: 204,
    headers: {
      // `method` is one of a rule's, so it is a known name.
      "Access-Control-Allow-Methods": method,
      "Access-Control-Max-Age": String(PREFLIGHT_MAX_AGE_SECONDS),
      "Cache-Control": "no-store",
      Vary: "Access-Control-Request-Method, Access-Control-Request-Headers",
    },
  });
  const asked = headers.get("access-control-request-headers");
  if (asked !== null && HEADER_LIST.test(asked)) response.headers.set("Access-Control-Allow-Headers", asked);
  return { response, event: { decision: "answered", route: found.value.rule.pattern.text } };
}

/** On every answer: the gateway alone decides. */
function setCors(headers: Headers, request: Request, cors: CorsConfig): void {
  // An origin server that answers "*" would let every web page read what the gateway lets only some read.
  headers.delete("access-control-allow-origin");
  headers.delete("access-control-allow-credentials");
  headers.append("vary", "Origin");
  const webOrigin = allowedWebOrigin(request, cors);
  if (webOrigin === undefined) return;
  headers.set("access-control-allow-origin", webOrigin);
  if (cors.credentials) headers.set("access-control-allow-credentials", "true");
  // What a client needs to act on a refusal, and scripts could not read otherwise.
  headers.append("access-control-expose-headers", "WWW-Authenticate, Retry-After");
}
