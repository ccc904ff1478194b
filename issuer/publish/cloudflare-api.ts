/**
 * One call to the Cloudflare REST API, or to the local KV API that speaks the same: sends it once, reads a bounded answer
 * under a timeout, and names what went wrong. Retrying and the meaning of a call are in `cloudflare-kv.ts`. The API token
 * and the answer's own words never reach a message; Cloudflare's numeric error codes do.
 */
import { isJsonObject, parseJsonObject } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { readBounded } from "../bounded-body.ts";
import { SealgateError } from "../errors.ts";
import { parseRetryAfterMs } from "./retry.ts";
import type { PublishClock } from "./retry.ts";

/** The token, or where it is to be had. The source throws SealgateError. */
export type ApiToken = string | (() => Promise<string>);

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface CloudflareApi {
  /** @param withinMs the time that is left for this call, beside the timeout of every call */
  send(call: ApiCall, withinMs: number): Promise<Result<ApiAnswer, ApiFailure>>;
}

export interface ApiCall {
  readonly method: "GET" | "PUT";
  /** Below the base URL, percent-encoded, with a leading slash. */
  readonly path: string;
  /** JSON text. */
  readonly body?: string;
  /** The answer's body is cut here. */
  readonly maxAnswerBytes: number;
}

/** A 200. */
export interface ApiAnswer {
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly serverSkewSeconds: number | undefined;
}

export interface ApiFailure {
  readonly fault: SealgateError;
  /** True when the call may have had its effect all the same: its answer was lost, or came from something in between. */
  readonly mayHaveHappened: boolean;
  /** What Retry-After asks for. */
  readonly retryAfterMs: number | undefined;
  /** Cloudflare's own codes, from an answer with its envelope. */
  readonly apiCodes: readonly number[];
  readonly status: number | undefined;
  readonly serverSkewSeconds: number | undefined;
}

export interface CloudflareApiOptions {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly apiToken: ApiToken | undefined;
  readonly timeoutMs: number;
  readonly fetch: Fetch;
  readonly clock: PublishClock;
}

/** Error envelopes are a few hundred bytes. */
export const MAX_ENVELOPE_BYTES: number = 64 * 1024;

/** "get: 'key not found'" */
export const KEY_NOT_FOUND = 10009;

/** 10013: no such namespace. 7003: no such account, or no such path. */
const NOT_FOUND_CODES: readonly number[] = [10013, 7003];

/** 6003, with 6111 below it: the Authorization header has no token's form; answered with 400. 9106: there is none. */
const UNAUTHORIZED_CODES: readonly number[] = [6003, 6111, 9106];

export function createCloudflareApi(options: CloudflareApiOptions): CloudflareApi {
  return { send: (call, withinMs) => send(options, call, withinMs) };
}

async function send(
  options: CloudflareApiOptions,
  call: ApiCall,
  withinMs: number,
): Promise<Result<ApiAnswer, ApiFailure>> {
  const { clock } = options;
  const token = await currentToken(options.apiToken);
  if (!token.ok)
    return err({ ...NOTHING_READ, fault: token.error, mayHaveHappened: false, serverSkewSeconds: undefined });
  const sentAtMs = clock.epochMs();
  const signal = clock.timeoutSignal(Math.max(1, Math.ceil(Math.min(options.timeoutMs, withinMs))));
  let serverSkewSeconds: number | undefined;
  try {
    const response = await options.fetch(`${options.baseUrl}${call.path}`, {
      ...requestInit(call, token.value),
      signal,
    });
    serverSkewSeconds = measureSkew(response.headers.get("date"), sentAtMs, clock.epochMs());
    if (response.status === 200) {
      const body = await readBounded(response.body, call.maxAnswerBytes);
      return ok({ body, contentType: response.headers.get("content-type") ?? "", serverSkewSeconds });
    }
    const retryAfterMs = parseRetryAfterMs(response.headers.get("retry-after"), clock.epochMs());
    const apiCodes = readApiCodes(parseEnvelope(await readBounded(response.body, MAX_ENVELOPE_BYTES)));
    return err({
      ...failureOf(response, apiCodes),
      retryAfterMs,
      apiCodes,
      status: response.status,
      serverSkewSeconds,
    });
  } catch (error) {
    const fault = signal.aborted
      ? new SealgateError("publish_timeout", "the Cloudflare API did not answer in time", { retryable: true })
      : new SealgateError("publish_unreachable", `the Cloudflare API cannot be reached${networkCode(error)}`, {
          retryable: true,
        });
    return err({ ...NOTHING_READ, fault, mayHaveHappened: true, serverSkewSeconds });
  }
}

const NOTHING_READ = { retryAfterMs: undefined, apiCodes: [], status: undefined } as const;

async function currentToken(apiToken: ApiToken | undefined): Promise<Result<string | undefined, SealgateError>> {
  if (typeof apiToken !== "function") return ok(apiToken);
  try {
    return ok(await apiToken());
  } catch (error) {
    if (error instanceof SealgateError) return err(error);
    throw error;
  }
}

function requestInit(call: ApiCall, apiToken: string | undefined): RequestInit {
  const headers: Record<string, string> = { accept: "application/json, application/octet-stream" };
  if (apiToken !== undefined) headers["authorization"] = `Bearer ${apiToken}`;
  if (call.body !== undefined) headers["content-type"] = "application/json";
  // A redirect would carry the token to wherever it points.
  const init: RequestInit = { method: call.method, headers, redirect: "manual" };
  return call.body === undefined ? init : { ...init, body: call.body };
}

/** Every answer but 200. */
function failureOf(response: Response, apiCodes: readonly number[]): Pick<ApiFailure, "fault" | "mayHaveHappened"> {
  const { status } = response;
  const answered = `the Cloudflare API answered ${String(status)}${describeCodes(apiCodes)}`;
  const has = (codes: readonly number[]): boolean => apiCodes.some((code) => codes.includes(code));
  if (status === 401 || status === 403 || (status === 400 && has(UNAUTHORIZED_CODES))) {
    const advice = "check CLOUDFLARE_API_TOKEN and its permission Workers KV Storage: Edit on this account";
    return { fault: new SealgateError("publish_unauthorized", `${answered}: ${advice}`), mayHaveHappened: false };
  }
  if (status === 404 || has(NOT_FOUND_CODES)) {
    const advice = "check the account in the base URL and SEALGATE_KV_NAMESPACE_ID";
    return { fault: new SealgateError("publish_not_found", `${answered}: ${advice}`), mayHaveHappened: false };
  }
  if (status === 429) {
    return { fault: new SealgateError("publish_rate_limited", answered, { retryable: true }), mayHaveHappened: false };
  }
  if (status === 408 || status >= 500) {
    return { fault: new SealgateError("publish_failed", answered, { retryable: true }), mayHaveHappened: true };
  }
  const redirected = response.type === "opaqueredirect" || (status >= 300 && status < 400);
  const message = redirected ? `${answered}: redirects are not followed, check the base URL` : answered;
  return { fault: new SealgateError("publish_failed", message), mayHaveHappened: false };
}

/** @returns undefined for anything but a JSON object: HTML, an empty body, a body that was cut. */
export function parseEnvelope(body: Uint8Array): JsonObject | undefined {
  const envelope = parseJsonObject(body);
  return envelope.ok ? envelope.value : undefined;
}

/** The codes of `errors[]` and of the chain below each, at most eight. */
export function readApiCodes(envelope: JsonObject | undefined): readonly number[] {
  const errors = envelope?.["errors"];
  if (!Array.isArray(errors)) return [];
  const codes: number[] = [];
  for (const entry of errors.slice(0, 4)) {
    if (!isJsonObject(entry)) continue;
    const chain = entry["error_chain"];
    for (const link of [entry, ...(Array.isArray(chain) ? chain.slice(0, 1) : [])]) {
      const code: unknown = isJsonObject(link) ? link["code"] : undefined;
      if (typeof code === "number" && Number.isSafeInteger(code)) codes.push(code);
    }
  }
  return codes;
}

/** Cloudflare's codes for the end of a message, or nothing. */
export function describeCodes(apiCodes: readonly number[]): string {
  return apiCodes.length === 0 ? "" : ` (code ${apiCodes.join(", ")})`;
}

/**
 * How far the server's clock is ahead of this host's, in seconds. The Date header counts whole seconds and the answer took
 * its time, so this is the least difference that explains what was seen.
 * @param sentAtMs when the request left, and `receivedAtMs` when the headers came, by this host's clock
 */
export function measureSkew(date: string | null, sentAtMs: number, receivedAtMs: number): number | undefined {
  const serverMs = date === null ? Number.NaN : Date.parse(date);
  if (Number.isNaN(serverMs)) return undefined;
  if (serverMs > receivedAtMs) return (serverMs - receivedAtMs) / 1000;
  const latestServerMs = serverMs + 999;
  return latestServerMs < sentAtMs ? (latestServerMs - sentAtMs) / 1000 : 0;
}

/** The system's name for a network error (ECONNREFUSED, …); messages of the HTTP client are not passed on. */
function networkCode(error: unknown): string {
  const cause: unknown = error instanceof Error ? error.cause : undefined;
  const code: unknown = typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
  return typeof code === "string" && /^[A-Z0-9_]{1,40}$/.test(code) ? ` (${code})` : "";
}
