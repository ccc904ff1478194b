/**
 * The feature `tokenLocations`: tokens in a cookie or in a WebSocket handshake (`TOKEN_CARRIERS`, `TOKEN_COOKIE`,
 * `TOKEN_WEBSOCKET_PROTOCOL`). How they are read is in http/token-locations.ts.
 */
import { readList } from "../config/values.ts";
import type { Report } from "../config/config.ts";
import type { Bindings } from "../config/values.ts";
import type { Feature } from "../request/hooks.ts";
import {
  cookieLocation,
  credentialsOf,
  mayForwardAuthorization,
  readToken,
  removeToken,
  selectProtocol,
  TOKEN_LOCATIONS,
} from "../http/token-locations.ts";
import type { LocationConfig, CookieLocation, TokenLocation } from "../http/token-locations.ts";

const DEFAULT_WEBSOCKET_PROTOCOL = "bearer";

export const tokenLocations: Feature = {
  name: "tokenLocations",
  read({ env, report }) {
    const config = readLocations(env, report);
    return {
      tokenLocations: {
        read: (request) => readToken(request, config),
        presentIn: (request) => credentialsOf(request, config).map(({ location }) => location),
        mayForwardAuthorization(headers, admission) {
          // On an open rule, and on one that only reports, the origin judges what it is sent.
          if (admission === undefined || (admission.token === undefined && admission.refusal !== undefined))
            return true;
          return mayForwardAuthorization(headers, admission.token !== undefined, config);
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
  return {
    header: locations.has("authorization") ? "authorization" : undefined,
    cookie: readCookieLocation(env, locations.has("cookie"), report),
    webSocketProtocol: readWebSocketProtocol(env["TOKEN_WEBSOCKET_PROTOCOL"], locations.has("websocket"), report),
  };
}

function readCookieLocation(env: Bindings, on: boolean, report: Report): CookieLocation | undefined {
  const name = env["TOKEN_COOKIE"];
  if (!on)
    return name === undefined ? undefined : report("TOKEN_COOKIE", "has no effect: TOKEN_CARRIERS has no cookie");
  if (typeof name !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
    return report("TOKEN_COOKIE", "must be the cookie's name: 1 to 64 letters, digits, _ and -");
  }
  // What is wrong with CORS_ORIGINS is reported where CORS is read.
  return cookieLocation(name, new Set(env["CORS_ORIGINS"] === undefined ? [] : readList(env["CORS_ORIGINS"])));
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
