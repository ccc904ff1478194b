/**
 * One structured event per request: enough to see what was decided and why, and never a token, a claim's value (but what
 * names a token: `iss`, `aud`, `jti`), a path or a query. The names are stable; dashboards depend on them.
 */
import type { ConfigProblem } from "../config/config.ts";
import type { FeatureRefusal, Refusal } from "./refusal.ts";
import type { WireCode } from "../http/problem.ts";
import type { KeySetSource } from "../../shared/keys/held-key-set.ts";

/**
 * `forwarded`: the origin answered. `answered`: one of the gateway's own endpoints. `refused`: the request's fault (4xx).
 * `failed`: ours or a dependency's (5xx).
 */
export type Decision = "forwarded" | "answered" | "refused" | "failed";

export interface RequestEvent {
  readonly event: "request";
  readonly decision: Decision;
  readonly status: number;
  readonly method: string;
  /** The code the client saw. */
  readonly code?: WireCode;
  /** The precise reason, for operators only. */
  readonly refusal?: Refusal | FeatureRefusal;
  /** What a rule in `report` mode would have refused. */
  readonly reported?: { readonly code: WireCode; readonly refusal: Refusal };
  /** The rule that decided, as written in the policy; or the gateway's own endpoint. */
  readonly route?: string;
  /** Of the verified token; never of one that was refused. */
  readonly kid?: string;
  readonly alg?: string;
  readonly iss?: string;
  /** The token's own name, at most 128 characters of it: what a leaked token is looked for by. */
  readonly jti?: string;
  /** Where the credentials of a refused request were, if the gateway looks in more than one place. */
  readonly credentialsIn?: readonly string[];
  /** The subject's name in this log (`LOG_SUBJECT_HASH_KEY`); never the subject. */
  readonly subject?: string;
  /** With several rings, of the first; the others are at the health endpoint. */
  readonly keySet?: {
    readonly rev: number | undefined;
    readonly ageSeconds: number | undefined;
    readonly source: KeySetSource | undefined;
  };
  /** Waiting for keys to verify with: 0 unless this request had to ask KV. */
  readonly keysMs?: number;
  /** From forwarding to the origin's response headers. Honest on Workers, where the clock advances with I/O only. */
  readonly originMs?: number;
  /** Cloudflare's name for the request. */
  readonly ray?: string;
  /** The client's name for it, or a new one; the origin and the client see it as `X-Request-Id`. */
  readonly requestId?: string;
  /** Of the Worker. */
  readonly version?: string;
}

/** Where events go. What it throws is dropped: an answer never depends on the log. */
export type EventSink = (event: RequestEvent) => void;

/** workerd takes known methods only. Without Cloudflare in front a client can send any ray: only texts of a ray's form are logged. */
export function describeRequest({ method, headers }: Request): Pick<RequestEvent, "event" | "method" | "ray"> {
  const ray = headers.get("cf-ray") ?? "";
  return { event: "request", method, ...(/^[A-Za-z0-9-]{1,32}$/.test(ray) ? { ray } : undefined) };
}

/** The default sink: one line of JSON, which Workers Logs indexes member by member. */
export const logEvent: EventSink = (event) => {
  // oxlint-disable-next-line no-console -- on Workers the console is the log
  console.log(JSON.stringify(event));
};

/** When each list of problems was last written. Problems hold names and rules, no values: there are few different ones. */
const loggedAtMs = new Map<string, number>();

const LOG_AGAIN_AFTER_MS = 60_000;

const MAX_LOGGED = 100;

/**
 * For the middleware, whose requests are the app's to log: the same problems once a minute, so that a stranger who chooses
 * what an option's function sees cannot fill the log.
 */
export function logConfigProblems(problems: readonly ConfigProblem[], nowMs: number): void {
  const line = JSON.stringify({ event: "config_invalid", problems });
  const sinceMs = Math.abs(nowMs - (loggedAtMs.get(line) ?? Number.NEGATIVE_INFINITY));
  if (sinceMs < LOG_AGAIN_AFTER_MS) return;
  if (loggedAtMs.size >= MAX_LOGGED) loggedAtMs.clear();
  loggedAtMs.set(line, nowMs);
  // oxlint-disable-next-line no-console -- on Workers the console is the log
  console.error(line);
}
