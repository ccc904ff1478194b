/**
 * The feature `tokenLocations`: tokens in another header, in a cookie or in a WebSocket handshake (`TOKEN_CARRIERS`, `TOKEN_HEADER`,
 * `TOKEN_HEADER_SCHEME`, `TOKEN_COOKIE`, `TOKEN_WEBSOCKET_PROTOCOL`, `TOKEN_CREDENTIALS_BESIDE`). How they are read is in
 * http/token-locations.ts.
 */
import { readList } from "../config/values.ts";
import type { Report } from "../config/config.ts";
import type { Bindings } from "../config/values.ts";
import type { Feature } from "../request/hooks.ts";
import { IDENTITY_PREFIX } from "../http/identity.ts";
import { isIdentityHeaderName } from "../http/request-headers.ts";
import { isListedOrigin, webOriginMatcher } from "../http/web-origins.ts";
import {
  COOKIE_NAME,
  cookieLocation,
  credentialsOf,
  mayForwardAuthorization,
  readToken,
  removeToken,
  SCHEME,
  selectProtocol,
  TOKEN_LOCATIONS,
} from "../http/token-locations.ts";
import type { CookieLocation, HeaderLocation, LocationConfig, TokenLocation } from "../http/token-locations.ts";

const DEFAULT_WEBSOCKET_PROTOCOL = "bearer";

export const tokenLocations: Feature = {
  name: "tokenLocations",
  read({ env, report }) {
    const config = readLocations(env, report);
    const passesAuthorization = readBeside(env["TOKEN_CREDENTIALS_BESIDE"], config, report);
    return {
      tokenLocations: {
        read: (request) => readToken(request, config),
        presentIn: (request) => credentialsOf(request, config).map(({ location }) => location),
        mayForwardAuthorization(headers, admission) {
          // On an open rule, and on one that only reports, the origin judges what it is sent.
          if (admission === undefined || (admission.token === undefined && admission.refusal !== undefined))
            return true;
          return passesAuthorization || mayForwardAuthorization(headers, admission.token !== undefined, config);
        },
        remove: (headers) => removeToken(headers, config),
        accept: (request, response) => selectProtocol(request, response, config),
      },
    };
  },
};

function readLocations(env: Bindings, report: Report): LocationConfig {
  const names = env["TOKEN_CARRIERS"] === undefined ? ["authorization"] : (readList(env["TOKEN_CARRIERS"]) ?? []);
  const locations = new Set(names.filter(isLocation));
  if (locations.size === 0 || locations.size < names.length) {
    report("TOKEN_CARRIERS", `must be a comma-separated list of ${TOKEN_LOCATIONS.join(", ")}, each once`);
  }
  const header = readHeaderLocation(env, locations.has("header"), report);
  // A browser may add these by itself. What is wrong with CORS_ORIGINS is reported where CORS is read.
  const mayBeAmbient = locations.has("cookie") || locations.has("header");
  const trusted = mayBeAmbient && env["CORS_ORIGINS"] !== undefined ? readList(env["CORS_ORIGINS"]) : [];
  return {
    headers: [...(locations.has("authorization") ? [AUTHORIZATION] : []), ...(header === undefined ? [] : [header])],
    cookie: readCookieLocation(env, locations.has("cookie"), report),
    webSocketProtocol: readWebSocketProtocol(env["TOKEN_WEBSOCKET_PROTOCOL"], locations.has("websocket"), report),
    mayActFrom: webOriginMatcher((trusted ?? []).filter(isListedOrigin)),
  };
}

const AUTHORIZATION: HeaderLocation = { location: "authorization", name: "authorization", scheme: "bearer" };

function readHeaderLocation(env: Bindings, on: boolean, report: Report): HeaderLocation | undefined {
  const { TOKEN_HEADER: name, TOKEN_HEADER_SCHEME: scheme = "" } = env;
  if (!on) {
    for (const variable of ["TOKEN_HEADER", "TOKEN_HEADER_SCHEME"]) {
      if (env[variable] !== undefined) report(variable, "has no effect: TOKEN_CARRIERS has no header");
    }
    return undefined;
  }
  if (typeof scheme !== "string" || (scheme !== "" && !SCHEME.test(scheme))) {
    return report("TOKEN_HEADER_SCHEME", "must be the word before the token: at most 32 letters, digits, . _ and -");
  }
  const folded = typeof name === "string" ? name.toLowerCase() : "";
  if (!isIdentityHeaderName(folded) || folded.startsWith(IDENTITY_PREFIX)) {
    return report("TOKEN_HEADER", "must be the name of a header that has no other meaning: letters, digits and -");
  }
  return { location: "header", name: folded, scheme: scheme.toLowerCase() };
}

/** Whether an `Authorization` header that is not the gateway's goes to the origin. */
function readBeside(value: unknown, { headers }: LocationConfig, report: Report): boolean {
  const variable = "TOKEN_CREDENTIALS_BESIDE";
  if (value === undefined || value === "remove") return false;
  if (value !== "forward") report(variable, 'must be "remove" or "forward"');
  else if (headers.includes(AUTHORIZATION))
    report(variable, "is for tokens elsewhere: TOKEN_CARRIERS has authorization");
  return true;
}

function readCookieLocation(env: Bindings, on: boolean, report: Report): CookieLocation | undefined {
  const name = env["TOKEN_COOKIE"];
  if (!on)
    return name === undefined ? undefined : report("TOKEN_COOKIE", "has no effect: TOKEN_CARRIERS has no cookie");
  if (typeof name === "string" && COOKIE_NAME.test(name)) return cookieLocation(name);
  return report("TOKEN_COOKIE", "must be the cookie's name: 1 to 128 characters of a token (RFC 6265 section 4.1.1)");
}

function readWebSocketProtocol(value: unknown, on: boolean, report: Report): string | undefined {
  const variable = "TOKEN_WEBSOCKET_PROTOCOL";
  if (!on) return value === undefined ? undefined : report(variable, "has no effect: TOKEN_CARRIERS has no websocket");
  if (value === undefined) return DEFAULT_WEBSOCKET_PROTOCOL;
  // RFC 6455 section 4.1 asks for a token of RFC 9110; its rarer characters are refused.
  if (typeof value === "string" && /^[A-Za-z0-9._~-]{1,64}$/.test(value)) return value;
  return report(variable, "must be a subprotocol's name: 1 to 64 letters, digits, . _ ~ and -");
}

function isLocation(name: string): name is TokenLocation {
  return TOKEN_LOCATIONS.some((location) => location === name);
}
