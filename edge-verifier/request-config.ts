/**
 * The vars that say where a request's token is and what the origin is told about its caller. All problems are reported at
 * once and by the name of the variable; a value is never repeated.
 */
import { isJsonObject } from "../shared/json.ts";
import { err, ok } from "../shared/result.ts";
import type { Result } from "../shared/result.ts";
import { isAbsent, readList } from "./config-values.ts";
import type { Bindings, ConfigProblem } from "./config.ts";
import { cookieCarrier, TOKEN_CARRIERS } from "./http/carriers.ts";
import type { CarrierConfig, CookieCarrier, TokenCarrier } from "./http/carriers.ts";
import { DEFAULT_IDENTITY_HEADERS } from "./http/identity.ts";
import type { IdentityHeader } from "./http/identity.ts";
import { isIdentityHeaderName } from "./http/request-headers.ts";

export interface RequestSettings {
  readonly carriers: CarrierConfig;
  readonly identityHeaders: readonly IdentityHeader[];
}

const MAX_IDENTITY_HEADERS = 16;
const DEFAULT_WEBSOCKET_PROTOCOL = "bearer";

type Report = (variable: string, problem: string) => undefined;

/** @returns the settings, or every problem. */
export function readRequestSettings(env: Bindings): Result<RequestSettings, readonly ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  const report: Report = (variable, problem) => {
    problems.push({ variable, problem });
  };
  const carriers = readCarriers(env, report);
  const identityHeaders = readIdentityHeaders(env["IDENTITY_HEADERS"], report);
  return problems.length > 0 ? err(problems) : ok({ carriers, identityHeaders });
}

function readCarriers(env: Bindings, report: Report): CarrierConfig {
  const names = isAbsent(env["TOKEN_CARRIERS"]) ? ["authorization"] : (readList(env["TOKEN_CARRIERS"]) ?? []);
  const carriers = new Set(names.filter(isCarrier));
  if (carriers.size === 0 || carriers.size < names.length) {
    report("TOKEN_CARRIERS", `must be a comma-separated list of ${TOKEN_CARRIERS.join(", ")}, each once`);
  }
  return {
    authorization: carriers.has("authorization"),
    cookie: readCookieCarrier(env, carriers.has("cookie"), report),
    webSocketProtocol: readWebSocketProtocol(env["TOKEN_WEBSOCKET_PROTOCOL"], carriers.has("websocket"), report),
  };
}

function readCookieCarrier(env: Bindings, on: boolean, report: Report): CookieCarrier | undefined {
  const name = env["TOKEN_COOKIE"];
  if (!on) return isAbsent(name) ? undefined : report("TOKEN_COOKIE", "has no effect: TOKEN_CARRIERS has no cookie");
  if (typeof name !== "string" || !/^[A-Za-z0-9_-]{1,64}$/.test(name)) {
    return report("TOKEN_COOKIE", "must be the cookie's name: 1 to 64 letters, digits, _ and -");
  }
  // What is wrong with CORS_ORIGINS is reported where CORS is read.
  return cookieCarrier(name, new Set(isAbsent(env["CORS_ORIGINS"]) ? [] : readList(env["CORS_ORIGINS"])));
}

function readWebSocketProtocol(value: unknown, on: boolean, report: Report): string | undefined {
  const variable = "TOKEN_WEBSOCKET_PROTOCOL";
  if (!on) return isAbsent(value) ? undefined : report(variable, "has no effect: TOKEN_CARRIERS has no websocket");
  if (isAbsent(value)) return DEFAULT_WEBSOCKET_PROTOCOL;
  // RFC 6455 section 4.1: a token of RFC 9110; without the characters that nobody uses.
  if (typeof value === "string" && /^[A-Za-z0-9._~-]{1,64}$/.test(value)) return value;
  return report(variable, "must be a subprotocol's name: 1 to 64 letters, digits, . _ ~ and -");
}

/** `{"x-user-id": "sub", "x-plan": ["subscription", "plan"]}`, as JSON text or as a JSON variable. */
function readIdentityHeaders(value: unknown, report: Report): readonly IdentityHeader[] {
  if (isAbsent(value)) return DEFAULT_IDENTITY_HEADERS;
  const variable = "IDENTITY_HEADERS";
  const headers: IdentityHeader[] = [];
  const object = typeof value === "string" ? parseJson(value) : value;
  if (!isJsonObject(object) || Object.keys(object).length > MAX_IDENTITY_HEADERS) {
    report(variable, `must be a JSON object of at most ${MAX_IDENTITY_HEADERS} header names`);
    return headers;
  }
  for (const [key, source] of Object.entries(object)) {
    const name = key.toLowerCase();
    const path = readClaimPath(source);
    if (!isIdentityHeaderName(name)) report(variable, `[${key}] is a name that cannot speak for the caller`);
    else if (headers.some((one) => one.name === name)) report(variable, `[${key}] stands there twice`);
    else if (path === undefined)
      report(variable, `[${key}] must be a claim's name, or a list of names, one below the other`);
    else headers.push({ name, path });
  }
  return headers;
}

function readClaimPath(source: unknown): readonly string[] | undefined {
  const path: unknown[] = Array.isArray(source) ? source : [source];
  const names = path.filter((name): name is string => typeof name === "string" && name !== "");
  return path.length > 0 && names.length === path.length ? names : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isCarrier(name: string): name is TokenCarrier {
  return TOKEN_CARRIERS.some((carrier) => carrier === name);
}
