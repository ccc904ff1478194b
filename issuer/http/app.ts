/**
 * The issuer over HTTP: `POST /tokens` for callers that hold the secret, and what takes tokens back (revoke.ts); `GET /healthz`,
 * `/readyz` and `/metrics` for its operator. A caller that holds the secret may have any claims signed: only the auth backend may
 * have it. No TLS here.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import type { Context } from "hono";
import { SealgateError, explain, isCallersFault } from "../errors.ts";
import type { FaultDetails } from "../errors.ts";
import { parseExactJsonObject } from "../exact-numbers.ts";
import type { Issuer } from "../issuer.ts";
import { createSigningMetrics } from "../metrics/signing.ts";
import type { SigningMetrics } from "../metrics/signing.ts";
import { parseSignRequest } from "../sign-request.ts";
import { readText } from "./body.ts";
import { problem } from "./problem.ts";
import type { Readiness } from "./readiness.ts";
import { oauthError, revokeSession, revokeToken, sessionOf } from "./revoke.ts";
import type { RevocationAnswer, Revoking } from "./revoke.ts";

export interface IssuerAppOptions {
  readonly issuer: Issuer;
  /** Asked by `/readyz`, and told what becomes of each signature. */
  readonly readiness: Readiness;
  /** At least 32 characters. */
  readonly callerSecret: string;
  /** One entry per request to `/tokens`, and one per failure that `/readyz` finds; holds no claim and no token. */
  readonly log: (entry: TokenLogEntry) => void;
  /** Epoch milliseconds: the time of each entry. */
  readonly nowMs: () => number;
  /** Left out, no token can be taken back here. */
  readonly revoking?: Revoking & {
    /** One entry per request that takes back; holds no token and no session. */
    readonly log: (entry: RevocationLogEntry) => void;
  };
}

export interface RevocationLogEntry extends Omit<RevocationAnswer, "response"> {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly status: number;
  /** Whole milliseconds. */
  readonly durationMs: number;
}

/** What the server hands over with a request. */
interface Bindings {
  /** As it was sent. */
  readonly target?: string;
}

type IssuerApp = Hono<{ Bindings: Bindings }>;

/** `jti` and `kid` join a request with the gateway's events, and with KMS's own record of signatures. */
export interface TokenLogEntry extends FaultDetails {
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly status: number;
  /** Why there is no token. */
  readonly code?: string | undefined;
  /** What happened and what to do, with KMS's own words where they explain it. */
  readonly message?: string | undefined;
  readonly kid?: string | undefined;
  readonly jti?: string | undefined;
  /** From the request to its answer, in whole milliseconds; of requests to `/tokens`. */
  readonly durationMs?: number | undefined;
}

/** A secret of this length cannot be guessed. */
export const LEAST_SECRET_LENGTH = 32;

/** @throws TypeError for a secret that can be guessed */
export function createIssuerApp(options: IssuerAppOptions): IssuerApp {
  const { readiness, callerSecret, nowMs } = options;
  const metrics = createSigningMetrics();
  const log = (entry: Omit<TokenLogEntry, "time">): void => {
    options.log({ time: new Date(nowMs()).toISOString(), ...entry });
    if (entry.durationMs !== undefined) metrics.note({ code: entry.code, durationMs: entry.durationMs });
  };
  if (callerSecret.length < LEAST_SECRET_LENGTH) {
    throw new TypeError(`callerSecret must have at least ${LEAST_SECRET_LENGTH} characters`);
  }
  const expected = digest(callerSecret);
  const app: IssuerApp = new Hono();
  app.use(async (context, next) => {
    await next();
    context.header("Cache-Control", "no-store");
  });
  addRevoking(app, options, metrics, (context) => isCaller(context.req.header("authorization"), expected));
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", async (context) => {
    const fault = await readiness.check();
    if (fault === undefined) return context.json(readyState(readiness));
    const response = answerFault(context, fault);
    log({ status: response.status, ...describeFault(fault) });
    return response;
  });
  app.post("/tokens", async (context) => {
    const startedAtMs = performance.now();
    const answer = isCaller(context.req.header("authorization"), expected)
      ? await sign(context, options)
      : { response: unauthorized(context), code: "unauthorized" };
    const { response, ...entry } = answer;
    log({ status: response.status, ...entry, durationMs: Math.round(performance.now() - startedAtMs) });
    return response;
  });
  app.get("/metrics", async (context) => {
    const { text, contentType } = await metrics.render();
    return context.body(text, 200, { "Content-Type": contentType });
  });
  app.all("/tokens", usePost);
  app.notFound(notFound);
  app.onError((error, context) => {
    const { response, ...entry } = unexpected(context, error);
    metrics.note({ code: entry.code, durationMs: 0 });
    log({ status: response.status, ...entry });
    return response;
  });
  return app;
}

/** Before anything else is looked for: `/sessions/%2E%2E/revoke` is about a session, and not `/revoke`. */
function addRevoking(
  app: IssuerApp,
  { revoking, nowMs }: IssuerAppOptions,
  metrics: SigningMetrics,
  isKnown: (context: Context) => boolean,
): void {
  if (revoking === undefined) return;
  const logged = async (context: Context, work: () => Promise<RevocationAnswer>): Promise<Response> => {
    const startedAtMs = performance.now();
    const { response, ...entry } = await work().catch((error: unknown) => unexpected(context, error));
    const { status } = response;
    const durationMs = Math.round(performance.now() - startedAtMs);
    revoking.log({ time: new Date(nowMs()).toISOString(), status, ...entry, durationMs });
    metrics.noteRevocation(status === 200 ? undefined : entry.code);
    return response;
  };
  app.use(async (context, next) => {
    const target = context.env.target ?? context.req.path;
    if (!target.startsWith("/sessions/")) return next();
    if (context.req.method !== "POST") return usePost(context);
    const sid = sessionOf(target);
    if (sid === undefined) return notFound(context);
    return logged(context, async () => {
      if (!isKnown(context)) return { response: unauthorized(context), code: "unauthorized" };
      if (sid.ok) return revokeSession(context, sid.value, revoking);
      const message = "The session must be percent-encoded UTF-8, as one segment of the path.";
      return { response: problem(context, 400, "input_invalid", message), code: "input_invalid", message };
    });
  });
  app.post("/revoke", (context) =>
    logged(context, async () => {
      if (isKnown(context)) return revokeToken(context, revoking);
      return { response: oauthError(context, 401, "invalid_client", NOT_THE_SECRET), code: "unauthorized" };
    }),
  );
  app.all("/revoke", usePost);
}

/** Ready while one ring signs; `degraded` while another one would not. Codes only: what KMS says is for the log. */
function readyState(readiness: Readiness): object {
  const rings = readiness.rings();
  if (rings.length === 0) return { status: "ok" };
  const status = rings.every(({ state }) => state === "ready") ? "ok" : "degraded";
  return { status, rings: rings.map(({ ring, state, fault }) => ({ ring, state, code: fault?.code })) };
}

interface Answer extends Omit<TokenLogEntry, "time" | "status"> {
  readonly response: Response;
}

async function sign(context: Context, { issuer, readiness }: IssuerAppOptions): Promise<Answer> {
  try {
    const { claims, options } = parseSignRequest(await readBody(context), "body");
    const { token, kid, expiresAt, jti } = await issuer.sign(claims, options);
    readiness.note(undefined);
    return { response: context.json({ token, kid, jti, expiresAt }), kid, jti };
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    if (!isCallersFault(error.code)) readiness.note(error);
    return { response: answerFault(context, error), ...describeFault(error) };
  }
}

function describeFault(fault: SealgateError): Pick<TokenLogEntry, "code" | "message" | keyof FaultDetails> {
  return { code: fault.code, message: explain(fault), ...fault.details };
}

/** Strict JSON, as everywhere: a member that is there twice is not for us to choose from. */
async function readBody(context: Context): Promise<unknown> {
  const text = await readText(context.req.raw.body);
  if (!text.ok) throw new SealgateError("input_invalid", text.error);
  const json = parseExactJsonObject(text.value);
  if (!json.ok) throw new SealgateError("input_invalid", `The body must be a JSON object (${json.error}).`);
  return json.value;
}

/** Digests have one length, so that comparing takes the same time for every text that was sent. */
function isCaller(authorization: string | undefined, expected: Buffer): boolean {
  const [, secret] = /^Bearer ([!-~]+)$/i.exec(authorization ?? "") ?? [];
  return secret !== undefined && timingSafeEqual(digest(secret), expected);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

const NOT_THE_SECRET = "The caller's secret is missing or wrong.";

function unauthorized(context: Context): Response {
  return problem(context, 401, "unauthorized", NOT_THE_SECRET, { "WWW-Authenticate": "Bearer" });
}

function unexpected(context: Context, error: unknown): Answer {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : "a failure without a message";
  const response = problem(context, 500, "unexpected", "The request could not be handled.");
  return { response, code: "unexpected", message };
}

function usePost(context: Context): Response {
  return problem(context, 405, "method_not_allowed", "Use POST.", { Allow: "POST" });
}

function notFound(context: Context): Response {
  return problem(context, 404, "not_found", "There is nothing here.");
}

function answerFault(context: Context, { code, message, retryable }: SealgateError): Response {
  if (isCallersFault(code)) return problem(context, 400, code, message);
  // What KMS says of keys and accounts is for the operator's log, not for callers.
  const headers: Readonly<Record<string, string>> = retryable ? { "Retry-After": "1" } : {};
  return problem(context, 503, code, "No token can be signed at the moment.", headers);
}
