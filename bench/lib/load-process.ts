/**
 * The load generator's own process: a closed loop of keep-alive connections, each with one request at a time, bounded by a
 * number of requests. It writes prepared octets to sockets and reads no more of an answer than where it ends, so that it
 * leaves the processor to what is measured; connections stay open from job to job. It talks to loopback only and to nobody
 * but its parent, over IPC.
 */
import { once } from "node:events";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { percentile } from "./stats.ts";

export interface LoadJob {
  /** On 127.0.0.1. */
  readonly url: string;
  readonly requests: number;
  readonly concurrency: number;
  /** Used in turn as bearer tokens; empty for none. */
  readonly tokens: readonly string[];
  /** On top of what a browser sends. */
  readonly headers?: Readonly<Record<string, string>>;
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

/** Idle connections, by port. */
const idle = new Map<string, Socket[]>();

/** How many tokens each URL has been sent: a gateway meets a token again only after all others. */
const sentTo = new Map<string, number>();

process.on("message", (job: LoadJob) => {
  run(job).then(
    (result) => process.send?.(result),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});

async function run(job: LoadJob): Promise<LoadResult> {
  const url = new URL(job.url);
  if (url.hostname !== "127.0.0.1") throw new TypeError("the load generator stays on loopback");
  const sockets = await Promise.all(Array.from({ length: job.concurrency }, () => openTo(url)));
  const lines = Object.entries({ host: url.host, ...HEADERS, ...job.headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const head = `GET ${url.pathname}${url.search} HTTP/1.1\r\n${lines.join("")}`;
  const latencies: number[] = [];
  let started = 0;
  const begin = performance.now();
  const loop = async (socket: Socket): Promise<void> => {
    while (started < job.requests) {
      started += 1;
      const sent = sentTo.get(job.url) ?? 0;
      sentTo.set(job.url, sent + 1);
      const token = job.tokens[sent % Math.max(1, job.tokens.length)];
      const sentMs = performance.now();
      const status = await send(
        socket,
        `${head}${token === undefined ? "" : `authorization: Bearer ${token}\r\n`}\r\n`,
      );
      latencies.push(performance.now() - sentMs);
      if (status !== job.expectedStatus)
        throw new Error(`status ${String(status)} instead of ${String(job.expectedStatus)}`);
    }
  };
  await Promise.all(sockets.map(loop));
  const wallMs = performance.now() - begin;
  idle.set(url.port, [...(idle.get(url.port) ?? []), ...sockets]);
  return { wallMs, p50Ms: percentile(latencies, 0.5), p99Ms: percentile(latencies, 0.99) };
}

async function openTo(url: URL): Promise<Socket> {
  const pool = idle.get(url.port) ?? [];
  for (let kept = pool.pop(); kept !== undefined; kept = pool.pop()) {
    // A server closes what has been idle for seconds.
    if (kept.readyState === "open") return kept;
  }
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
  await once(socket, "connect");
  // While a request is under way there is another listener; an idle connection may break.
  socket.on("error", () => {});
  return socket;
}

/** @returns the answer's status, once the whole answer has been read */
function send(socket: Socket, text: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = "";
    const timer = setTimeout(() => socket.destroy(new Error("no answer in time")), REQUEST_TIMEOUT_MS);
    const settle = (end: () => void): void => {
      clearTimeout(timer);
      socket.off("data", onData).off("error", onEnd).off("close", onEnd);
      end();
    };
    const onEnd = (error?: unknown): void => settle(() => reject(new Error(`the connection broke: ${String(error)}`)));
    const onData = (chunk: Buffer): void => {
      received += chunk.toString("latin1");
      if (isWhole(received)) settle(() => resolve(Number(received.slice(9, 12))));
    };
    socket.on("data", onData).on("error", onEnd).on("close", onEnd);
    socket.write(text, "latin1");
  });
}

/** Whether an HTTP/1.1 answer (RFC 9112 section 6.3) has ended. */
function isWhole(received: string): boolean {
  const headEnd = received.indexOf("\r\n\r\n");
  if (headEnd === -1) return false;
  const length = /\r\ncontent-length: *(\d+)\r\n/i.exec(received.slice(0, headEnd + 2))?.[1];
  return length === undefined ? received.endsWith("\r\n0\r\n\r\n") : received.length >= headEnd + 4 + Number(length);
}
