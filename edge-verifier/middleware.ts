/**
 * The verifier as Hono middleware, for people who have a Worker of their own: options and context variables are those of
 * `hono/jwk` where the meaning is the same, failures are `HTTPException`s with a finished response, and verification is the
 * gateway's own. It guards what is mounted behind it; routing and forwarding stay with the app.
 */
import type { Context, MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Alg } from "../shared/algorithms.ts";
import { refuseUnknownOptions } from "../shared/options.ts";
import type { KnownOptions, OptionHints } from "../shared/options.ts";
import type { VerifiedClaims } from "../shared/claims.ts";
import type { WaitUntil } from "../shared/keys/held-key-set.ts";
import type { TokenTyp, VerifiedToken } from "../shared/verify-token.ts";
import { COOKIE_NAME, cookieLocation, credentialsOf, readToken, SCHEME } from "./http/token-locations.ts";
import type { LocationConfig } from "./http/token-locations.ts";
import { explainRefusal } from "./request/explain.ts";
import { DEFAULT_REALM, refusalResponse } from "./request/refusal.ts";
import type { Refusal } from "./request/refusal.ts";
import { createSettingsReader } from "./middleware-options.ts";
import type { SealgateOptions } from "./middleware-options.ts";
import { logConfigProblems } from "./request/event.ts";
import { scopesOf } from "./policy/scopes.ts";
import type { AcceptedIssuers } from "./accept-issuers.ts";
import { findVerification } from "./verification.ts";

/** What is known about a verified token apart from its claims. */
export interface SealgateAuth {
  readonly kid: string;
  readonly alg: Alg;
  readonly typ: TokenTyp | undefined;
  readonly scopes: ReadonlySet<string>;
  /** `iss`. */
  readonly issuer: string;
}

/**
 * Context variables behind the middleware. Undefined for anonymous requests (`allow_anon`).
 * @typeParam Claims the claims that your issuer adds. The signature vouches for them; their types are not checked here.
 */
export interface SealgateVariables<Claims extends object = object> {
  /** The verified claims. */
  jwtPayload: VerifiedClaims & Claims;
  auth: SealgateAuth;
}

/** Context variables where a request may be anonymous. */
export interface OptionalSealgateVariables<Claims extends object = object> {
  jwtPayload?: SealgateVariables<Claims>["jwtPayload"] | undefined;
  auth?: SealgateAuth | undefined;
}

/** Context variables where a token may be of another issuer. */
export interface ForeignSealgateVariables<Claims extends object = object> extends OptionalSealgateVariables<Claims> {
  /**
   * The verified claims of another issuer's token. Its `sub` is not one of yours: that is why `jwtPayload` is undefined then, unless
   * the entry says `subjects: "shared"`.
   */
  foreignPayload?: VerifiedClaims | undefined;
}

/** Verifies tokens of other issuers as well. */
export function sealgate<Claims extends object = object>(
  options: SealgateOptions & { readonly foreign: AcceptedIssuers },
): MiddlewareHandler<{ Variables: ForeignSealgateVariables<Claims> }>;
/** Verifies the token of each request that has one; others go on without `jwtPayload`. */
export function sealgate<Claims extends object = object>(
  options: SealgateOptions & { readonly allow_anon: true; readonly foreign?: never },
): MiddlewareHandler<{ Variables: OptionalSealgateVariables<Claims> }>;
/**
 * Verifies the bearer token of each request.
 * @throws {HTTPException} 400, 401, 403, 500 or 503 with a problem+json response (and a challenge), for the app's `onError`;
 *   its message and its `cause` say why, for the app's log
 * @throws {TypeError} at construction, for an option that does not exist or cannot work
 */
export function sealgate<Claims extends object = object>(
  options?: SealgateOptions & { readonly allow_anon?: false; readonly foreign?: never },
): MiddlewareHandler<{ Variables: SealgateVariables<Claims> }>;
/** For options that are not known before the program runs. */
export function sealgate<Claims extends object = object>(
  options: SealgateOptions,
): MiddlewareHandler<{ Variables: ForeignSealgateVariables<Claims> }>;
export function sealgate(options: SealgateOptions = {}): MiddlewareHandler {
  checkOptions(options);
  const { realm = DEFAULT_REALM, allow_anon = false, clock = Date.now } = options;
  const locations = locationsOf(options);
  const { cookie } = locations;
  const readSettings = createSettingsReader(options);
  return async (c, next) => {
    // What another middleware has found does not count here, and an `onError` must not find it either.
    c.set("jwtPayload", undefined);
    c.set("auth", undefined);
    c.set("foreignPayload", undefined);
    const nowMs = readClock(clock);
    // With a cookie there are two places to look for a fault in.
    const refuse = (refusal: Refusal): HTTPException =>
      toException(refusal, realm, cookie && credentialsOf(c.req.raw, locations).map(({ location }) => location));
    const settings = await readSettings(c);
    if (!settings.ok) {
      logConfigProblems(settings.error, nowMs);
      throw toException({ code: "config_invalid", problems: settings.error }, realm);
    }
    const presented = readToken(c.req.raw, locations);
    if (!presented.ok) {
      if (allow_anon && presented.error.code === "token_missing") return next();
      throw refuse(presented.error);
    }
    const verification = findVerification(settings.value.keySet, nowMs);
    if (!verification.ok) throw refuse(verification.error);
    const verifier = verification.value.verifiers.under(
      settings.value.policy,
      options.foreign?.beside(settings.value.keySet.settings),
    );
    const waitUntil = waitUntilOf(c);
    const answer = verifier.verify(presented.value, nowMs, waitUntil);
    const verified = answer instanceof Promise ? await answer : answer;
    if (!verified.ok) throw refuse(verified.error);
    const { claims } = verified.value;
    const caller = options.foreign?.callerOf(verified.value);
    c.set(caller === undefined || caller.sharesSubjects ? "jwtPayload" : "foreignPayload", claims);
    c.set("auth", describeAuth(verified.value, caller?.scopes ?? scopesOf(claims)));
    return next();
  };
}

/**
 * Asks for scopes on top of a valid token: all of them. Mount it behind {@link sealgate}; a request that is anonymous
 * there is answered 401, a token without a scope 403 `insufficient_scope`.
 * @throws {TypeError} at construction, when no scope is named
 */
export function requireScope(...scope: readonly string[]): MiddlewareHandler<{ Variables: OptionalSealgateVariables }> {
  if (scope.length === 0) throw new TypeError("requireScope needs at least one scope");
  return async (c, next) => {
    const auth = c.get("auth");
    if (auth === undefined) throw toException({ code: "token_missing" }, DEFAULT_REALM);
    if (!scope.every((one) => auth.scopes.has(one))) throw toException({ code: "scope_missing", scope }, DEFAULT_REALM);
    await next();
  };
}

function locationsOf({
  headerName = "Authorization",
  headerScheme = "Bearer",
  cookie,
}: SealgateOptions): LocationConfig {
  const name = headerName.toLowerCase();
  const scheme = headerScheme === false ? "" : headerScheme.toLowerCase();
  return {
    headers: [{ location: name === "authorization" ? name : "header", name, scheme }],
    cookie: cookie === undefined ? undefined : cookieLocation(cookie),
    webSocketProtocol: undefined,
    mayActFrom: () => false,
  };
}

function describeAuth({ header, claims }: VerifiedToken, scopes: ReadonlySet<string>): SealgateAuth {
  return { ...header, scopes, issuer: claims.iss };
}

function readClock(clock: () => number): number {
  const nowMs = clock();
  if (!Number.isFinite(nowMs)) throw new TypeError("sealgate: clock must return epoch milliseconds");
  return nowMs;
}

/** `app.request()` in a unit test has no execution context; work then simply goes on. */
function waitUntilOf(c: Context): WaitUntil {
  return (work) => {
    try {
      c.executionCtx.waitUntil(work);
    } catch {
      void work;
    }
  };
}

/** @param places where the request has credentials, for the log */
function toException(refusal: Refusal, realm: string, places?: readonly string[]): HTTPException {
  const res = refusalResponse(refusal, realm);
  // For the app's own log; nothing of it is in the response.
  return new HTTPException(statusOf(res), { res, message: explainRefusal(refusal, places), cause: refusal });
}

/** The statuses that a refusal of the middleware can have; HTTPException wants to know them as literals. */
const STATUSES = [400, 401, 403, 503] as const;

function statusOf({ status }: Response): (typeof STATUSES)[number] | 500 {
  return STATUSES.find((known) => known === status) ?? 500;
}

const OPTIONS: KnownOptions<SealgateOptions> = {
  issuer: true,
  audience: true,
  trustAnchors: true,
  kv: true,
  ring: true,
  minRev: true,
  bootstrapKeySet: true,
  revocations: true,
  alg: true,
  typ: true,
  headerName: true,
  headerScheme: true,
  cookie: true,
  realm: true,
  allow_anon: true,
  foreign: true,
  clock: true,
};

/** Options of `hono/jwk` that are called otherwise here, and likely slips. */
const HINTS: OptionHints = {
  keys: "trustAnchors",
  jwks_uri: "kv",
  verification: "issuer and audience",
  audiences: "audience",
  anchors: "trustAnchors",
  keySets: "kv",
};

/** Checks what does not depend on a request. */
function checkOptions(options: SealgateOptions): void {
  refuseUnknownOptions("sealgate", options, OPTIONS, HINTS);
  const {
    realm = "",
    cookie = "_",
    headerName = "_",
    headerScheme = false,
    allow_anon = false,
    clock = Date.now,
  } = options;
  // RFC 9110 section 5.6.4: what may stand in a quoted string without an escape.
  refuseUnless(isText(realm, /^[\x20\x21\x23-\x5b\x5d-\x7e]*$/), 'realm must be visible ASCII without " and \\');
  refuseUnless(
    isText(cookie, COOKIE_NAME),
    "cookie must be the cookie's name: 1 to 128 characters of a token (RFC 6265)",
  );
  refuseUnless(
    headerScheme === false || isText(headerScheme, SCHEME),
    "headerScheme must be the word before the token, or false for a token that stands alone",
  );
  refuseUnless(
    isText(headerName, /^[\w-]{1,64}$/),
    "headerName must be a header's name: 1 to 64 letters, digits, _ and -",
  );
  refuseUnless(
    options.foreign === undefined || typeof options.foreign.beside === "function",
    "foreign must be what acceptIssuers returns",
  );
  refuseUnless(typeof allow_anon === "boolean", "allow_anon must be true or false");
  refuseUnless(typeof clock === "function", "clock must be a function that returns epoch milliseconds");
}

function isText(value: unknown, pattern: RegExp): boolean {
  return typeof value === "string" && pattern.test(value);
}

function refuseUnless(condition: boolean, rule: string): void {
  if (!condition) throw new TypeError(`sealgate: ${rule}`);
}
