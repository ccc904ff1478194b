/**
 * The verifier as Hono middleware, for people who have a Worker of their own: options and context variables are those of
 * `hono/jwk` where the meaning is the same, failures are `HTTPException`s with a finished response, and verification is the
 * gateway's own. It guards what is mounted behind it; routing and forwarding stay with the app.
 */
import type { Context, MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Alg } from "../shared/algorithms.ts";
import type { VerifiedClaims } from "../shared/claims.ts";
import { err, ok } from "../shared/result.ts";
import type { Result } from "../shared/result.ts";
import type { TokenTyp, VerifiedToken } from "../shared/verify-token.ts";
import { isKeySetNamespace } from "./config-values.ts";
import { readVerifierConfig } from "./config.ts";
import type { Bindings, ConfigProblem } from "./config.ts";
import { cookieCarrier, readToken } from "./http/carriers.ts";
import { DEFAULT_REALM, refusalResponse, wireCodeOf } from "./http/refusal.ts";
import type { Refusal } from "./http/refusal.ts";
import type { WaitUntil } from "../shared/keys/held-key-set.ts";
import type { KeySetNamespace } from "../shared/keys/key-set-source.ts";
import { logConfigProblems } from "./observe/event.ts";
import { scopesOf } from "./policy/scopes.ts";
import { createVerification } from "./verification.ts";
import type { Verification } from "./verification.ts";

/** A value, or how to get it from the context. */
export type Setting<Value> = Value | ((c: Context) => Value);

/**
 * Whatever is left out is read from the variable or binding of the same meaning in `c.env`; if it is missing there too,
 * every request is answered 500 `config_invalid`. Leaving something out never switches a check off.
 */
export interface SealgateOptions {
  /** `ISSUER`. */
  readonly issuer?: Setting<string>;
  /** `AUDIENCE`: the token must name one of them. */
  readonly audience?: Setting<string | readonly string[]>;
  /** `TRUST_ANCHORS`: the pinned root keys, as JSON text or as an array of public JWKs. */
  readonly trustAnchors?: Setting<string | readonly object[]>;
  /** `KEY_SETS`. */
  readonly kv?: Setting<KeySetNamespace>;
  /** `RING`, "main" by default. */
  readonly ring?: Setting<string>;
  /** `MIN_REV`. */
  readonly minRev?: Setting<number | string>;
  /** `BOOTSTRAP_KEY_SET`. */
  readonly bootstrapKeySet?: Setting<string>;
  /** `TOKEN_ALGS`: narrows the accepted algorithms; all of the table by default. */
  readonly alg?: readonly Alg[];
  /** `TOKEN_TYPS`: narrows the accepted `typ`; absent, JWT and at+jwt by default. */
  readonly typ?: readonly TokenTyp[];
  /** The header that carries the credentials; `Authorization` by default. */
  readonly headerName?: string;
  /**
   * A cookie that may carry the token instead; none by default. Unlike `hono/jwk`, credentials in both places are refused,
   * and so is a request with the cookie that could change something and that a page of another site has made.
   */
  readonly cookie?: string;
  /** The realm of the challenge; "sealgate" by default. */
  readonly realm?: string;
  /** Lets requests without credentials through, without `jwtPayload`. A bad token is refused all the same. */
  readonly allow_anon?: boolean;
  /** Epoch milliseconds; the platform's clock by default. */
  readonly clock?: () => number;
}

/** What is known about a verified token apart from its claims. */
export interface SealgateAuth {
  readonly kid: string;
  readonly alg: Alg;
  readonly typ: TokenTyp | undefined;
  readonly scopes: ReadonlySet<string>;
}

/** Context variables behind the middleware. Not set for anonymous requests (`allow_anon`). */
export interface SealgateVariables {
  /** The verified claims. */
  jwtPayload: VerifiedClaims;
  auth: SealgateAuth;
}

/**
 * Verifies the bearer token of each request.
 * @throws {HTTPException} 400, 401, 500 or 503 with a problem+json response (and a challenge), for the app's `onError`
 * @throws {TypeError} at construction, when `realm` cannot stand in a header, or `cookie` is no plain name
 */
export function sealgate(options: SealgateOptions = {}): MiddlewareHandler<{ Variables: SealgateVariables }> {
  const realm = checkRealm(options.realm ?? DEFAULT_REALM);
  const carriers = {
    header: options.headerName ?? "Authorization",
    cookie: options.cookie === undefined ? undefined : cookieCarrier(checkCookieName(options.cookie), NO_ORIGINS),
    webSocketProtocol: undefined,
  };
  const clock = options.clock ?? Date.now;
  // Settled values only, one per KV binding: a binding is one object for as long as its isolate lives.
  const states = new WeakMap<object, Prepared>();
  return async (c, next) => {
    const namespace = readSetting("KEY_SETS", options.kv, c);
    const slot = isKeySetNamespace(namespace) ? namespace : NO_NAMESPACE;
    let state = states.get(slot);
    if (state === undefined) {
      const fresh = await prepare(readSettings(options, c));
      state = states.get(slot) ?? fresh;
      states.set(slot, state);
    }
    if (!state.ok) throw toException({ code: "config_invalid", problems: state.error }, realm);
    const bearer = readToken(c.req.raw, carriers);
    if (!bearer.ok) {
      if (options.allow_anon === true && bearer.error.code === "token_missing") return next();
      throw toException(bearer.error, realm);
    }
    const { verifier } = state.value;
    const [nowMs, waitUntil] = [clock(), waitUntilOf(c)];
    const verified =
      verifier.recall(bearer.value, nowMs, waitUntil) ?? (await verifier.verify(bearer.value, nowMs, waitUntil));
    if (!verified.ok) throw toException(verified.error, realm);
    c.set("jwtPayload", verified.value.claims);
    c.set("auth", describeAuth(verified.value));
    await next();
  };
}

/**
 * Asks for scopes on top of a valid token: all of them. Mount it behind {@link sealgate}; a request that is anonymous
 * there is answered 401, a token without a scope 403 `insufficient_scope`.
 * @throws {TypeError} at construction, when no scope is named
 */
export function requireScope(
  ...scope: readonly string[]
): MiddlewareHandler<{ Variables: Partial<SealgateVariables> }> {
  if (scope.length === 0) throw new TypeError("requireScope needs at least one scope");
  return async (c, next) => {
    const auth = c.get("auth");
    if (auth === undefined) throw toException({ code: "token_missing" }, DEFAULT_REALM);
    if (!scope.every((one) => auth.scopes.has(one))) throw toException({ code: "scope_missing", scope }, DEFAULT_REALM);
    await next();
  };
}

type Prepared = Result<Verification, readonly ConfigProblem[]>;

/** Stands in for a KV binding that is not there, so that what is missing is reported once and not per request. */
const NO_NAMESPACE = {};

const NO_ORIGINS: ReadonlySet<string> = new Set();

async function prepare(bindings: Bindings): Promise<Prepared> {
  const config = await readVerifierConfig(bindings);
  if (config.ok) return ok(createVerification(config.value));
  logConfigProblems(config.error);
  return err(config.error);
}

function readSettings(options: SealgateOptions, c: Context): Bindings {
  return {
    ISSUER: readSetting("ISSUER", options.issuer, c),
    AUDIENCE: readSetting("AUDIENCE", options.audience, c),
    TRUST_ANCHORS: readSetting("TRUST_ANCHORS", options.trustAnchors, c),
    KEY_SETS: readSetting("KEY_SETS", options.kv, c),
    RING: readSetting("RING", options.ring, c),
    MIN_REV: readSetting("MIN_REV", options.minRev, c),
    BOOTSTRAP_KEY_SET: readSetting("BOOTSTRAP_KEY_SET", options.bootstrapKeySet, c),
    TOKEN_ALGS: readSetting("TOKEN_ALGS", options.alg, c),
    TOKEN_TYPS: readSetting("TOKEN_TYPS", options.typ, c),
  };
}

function readSetting<Value>(variable: string, setting: Setting<Value> | undefined, c: Context): unknown {
  if (setting !== undefined) return isFunctionOfContext(setting) ? setting(c) : setting;
  // Outside of a Worker there may be no environment at all.
  const env: Bindings | undefined = c.env;
  return env?.[variable];
}

function isFunctionOfContext<Value>(setting: Setting<Value>): setting is (c: Context) => Value {
  return typeof setting === "function";
}

function describeAuth({ header, claims }: VerifiedToken): SealgateAuth {
  return { ...header, scopes: scopesOf(claims) };
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

function toException(refusal: Refusal, realm: string): HTTPException {
  const res = refusalResponse(refusal, realm);
  // The evidence, for the app's own log; nothing of it is in the response.
  return new HTTPException(statusOf(res), { res, message: wireCodeOf(refusal.code), cause: refusal });
}

/** The statuses that a refusal of the middleware can have; HTTPException wants to know them as literals. */
const STATUSES = [400, 401, 403, 503] as const;

function statusOf({ status }: Response): (typeof STATUSES)[number] | 500 {
  return STATUSES.find((known) => known === status) ?? 500;
}

/** RFC 9110 section 5.6.4: what may stand in a quoted string without an escape. */
function checkRealm(realm: string): string {
  if (/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/.test(realm)) return realm;
  throw new TypeError("realm must be visible ASCII without quotes and backslashes");
}

function checkCookieName(name: string): string {
  if (/^[\w-]+$/.test(name)) return name;
  throw new TypeError("cookie must be a name of letters, digits, _ and -");
}
