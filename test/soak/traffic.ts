/** Sustained concurrent requests against the gateway, at a rate and up to a number, each counted. Loopback only. */
import { KIND_HEADER } from "./origin.ts";
import type { Tally } from "./tally.ts";
import type { SoakToken, SoakTokens } from "./tokens.ts";

export interface TrafficOptions {
  readonly url: string;
  readonly tokens: SoakTokens;
  readonly tally: Tally;
  readonly requestsPerSecond: number;
  readonly concurrency: number;
  /** No more requests than this, however long the run is. */
  readonly maxRequests: number;
  readonly signal: AbortSignal;
}

const LOOPBACK: readonly string[] = ["127.0.0.1", "localhost", "[::1]"];

/** Resolves when the signal says so, or the number of requests is reached, and every request has its answer. */
export async function runTraffic(options: TrafficOptions): Promise<void> {
  const { hostname } = new URL(options.url);
  if (!LOOPBACK.includes(hostname)) throw new TypeError("a soak run sends requests to this machine only");
  const startedMs = performance.now();
  let begun = 0;
  const dueMs = (): number => startedMs + (begun * 1000) / options.requestsPerSecond;

  async function keepSending(): Promise<void> {
    while (!options.signal.aborted && begun < options.maxRequests) {
      const waitMs = dueMs() - performance.now();
      const picked = waitMs > 0 ? undefined : options.tokens.pick();
      if (picked === undefined) {
        await new Promise((resolve) => setTimeout(resolve, Math.max(5, waitMs)));
        continue;
      }
      begun += 1;
      await sendOne(options, picked);
    }
  }
  await Promise.all(Array.from({ length: options.concurrency }, keepSending));
}

async function sendOne({ url, tally }: TrafficOptions, { kind, token }: SoakToken): Promise<void> {
  const startedMs = performance.now();
  const headers = { authorization: `Bearer ${token}`, [KIND_HEADER]: kind };
  try {
    const response = await fetch(`${url}/api/orders`, { headers, redirect: "manual" });
    const body = await response.text();
    const code = codeOf(response, body);
    tally.record({ kind, status: response.status, code, latencyMs: performance.now() - startedMs });
  } catch (error) {
    const code = error instanceof Error && error.cause instanceof Error ? error.cause.message : "no answer";
    tally.record({ kind, status: 0, code, latencyMs: performance.now() - startedMs });
  }
}

function codeOf(response: Response, body: string): string {
  if (response.headers.has("x-soak-origin")) return "from the origin";
  const code = /"code":"([a-z_]+)"/.exec(body)?.[1];
  return code ?? "without a code";
}
