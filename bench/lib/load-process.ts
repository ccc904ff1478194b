/**
 * The load generator's own process: a closed loop of keep-alive connections, each with one request at a time, bounded by a
 * number of requests. It talks to loopback only and to nobody but its parent, over IPC.
 */
import { Agent, request } from "node:http";
import { percentile } from "./stats.ts";

export interface LoadJob {
  /** On 127.0.0.1. */
  readonly url: string;
  readonly requests: number;
  readonly concurrency: number;
  /** Used in turn as bearer tokens; empty for none. */
  readonly tokens: readonly string[];
  readonly expectedStatus: number;
}

export interface LoadResult {
  readonly wallMs: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What a browser sends along. */
const HEADERS: Readonly<Record<string, string>> = {
  accept: "application/json",
  "accept-encoding": "gzip, deflate, br",
  "accept-language": "en-GB,en;q=0.9",
  "cache-control": "no-cache",
  origin: "https://app.example.com",
  referer: "https://app.example.com/orders",
  "sec-fetch-dest": "empty",
  "sec-fetch-mode": "cors",
  "sec-fetch-site": "same-site",
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
};

/** A request that never ends would keep the benchmark forever. */
const REQUEST_TIMEOUT_MS = 10_000;

let nextToken = 0;

process.on("message", (job: LoadJob) => {
  run(job).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});

async function run(job: LoadJob): Promise<LoadResult> {
  const url = new URL(job.url);
  if (url.hostname !== "127.0.0.1") throw new TypeError("the load generator stays on loopback");
  const agent = new Agent({ keepAlive: true, maxSockets: job.concurrency });
  const latencies: number[] = [];
  let started = 0;
  const begin = performance.now();
  const loop = async (): Promise<void> => {
    while (started < job.requests) {
      started += 1;
      const token = job.tokens[nextToken % Math.max(1, job.tokens.length)];
      nextToken += 1;
      const sentMs = performance.now();
      const status = await send(url, agent, token);
      latencies.push(performance.now() - sentMs);
      if (status !== job.expectedStatus)
        throw new Error(`status ${String(status)} instead of ${String(job.expectedStatus)}`);
    }
  };
  try {
    await Promise.all(Array.from({ length: job.concurrency }, loop));
  } finally {
    agent.destroy();
  }
  const wallMs = performance.now() - begin;
  return { wallMs, p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99) };
}

function send(url: URL, agent: Agent, token: string | undefined): Promise<number | undefined> {
  const headers = token === undefined ? HEADERS : { ...HEADERS, authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, headers, timeout: REQUEST_TIMEOUT_MS }, (response) => {
      response.on("error", reject);
      response.on("end", () => resolve(response.statusCode));
      response.resume();
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
    outgoing.on("error", reject);
    outgoing.end();
  });
}
