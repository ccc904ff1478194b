/**
 * A behaving fake of the Workers KV part of the Cloudflare REST API, as a real HTTP server on loopback: bulk write, value,
 * list of keys; authentication; one write a second per key; Cloudflare's own statuses and error codes. Faults are scripted.
 * What it knows of the real one is in the comments; `publisher-contract.ts` holds it against the local KV API.
 */
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { text as readText } from "node:stream/consumers";
import { isJsonObject } from "../../shared/json.ts";

/** What the server does instead of what it should. `store: true` carries a write out first. */
export type Misbehaviour =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      readonly store?: boolean;
    }
  /** Takes the request and never answers. */
  | { readonly kind: "hang"; readonly store?: boolean }
  /** Answers with headers and half a body, then nothing more. */
  | { readonly kind: "stall" }
  /** Closes the connection without an answer. */
  | { readonly kind: "reset"; readonly store?: boolean }
  /** A 200 whose body never ends. */
  | { readonly kind: "flood" }
  /** Answers a read with the value before the last write. */
  | { readonly kind: "stale" };

/** The answer to an API token that Cloudflare does not know, or knows no more. */
export const DEAD_TOKEN: Misbehaviour = {
  kind: "answer",
  status: 403,
  body: '{"success":false,"errors":[{"code":10000,"message":"Authentication error"}]}',
};

export interface Fault {
  readonly on: "write" | "read";
  /** How many such requests go wrong; 1 unless told. */
  readonly times?: number;
  readonly does: Misbehaviour;
}

export interface SeenRequest {
  readonly kind: "write" | "read" | "other";
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
}

export interface FakeCloudflareOptions {
  /** The server's clock; its Date header and its write limit follow it. */
  readonly epochMs: () => number;
  /** Undefined switches authentication off, as on the local KV API. */
  readonly apiToken?: string;
}

export interface FakeCloudflare {
  /** Up to and including the account segment. */
  readonly baseUrl: string;
  readonly namespaceId: string;
  /** In the order of arrival. */
  readonly requests: readonly SeenRequest[];
  /** Adds faults behind those that are waiting. */
  script(...faults: readonly Fault[]): void;
  stored(key: string): string | undefined;
  close(): Promise<void>;
}

interface StoredEntry {
  readonly value: string;
  readonly metadata: unknown;
  readonly writtenAtMs: number;
  readonly before: StoredEntry | undefined;
}

const ACCOUNT_ID = "0123456789abcdef0123456789abcdef";
const NAMESPACE_ID = "fedcba9876543210fedcba9876543210";
const NAMESPACE_PATH = `/client/v4/accounts/${ACCOUNT_ID}/storage/kv/namespaces/${NAMESPACE_ID}`;

export async function startFakeCloudflare(options: FakeCloudflareOptions): Promise<FakeCloudflare> {
  const requests: SeenRequest[] = [];
  const entries = new Map<string, StoredEntry>();
  const faults: { readonly on: Fault["on"]; readonly does: Misbehaviour; left: number }[] = [];

  const server = createServer((request, response) => {
    void handle(request, response);
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url: path = "" } = request;
    const body = await readText(request);
    const kind = kindOf(method, path);
    requests.push({ kind, method, path, authorization: request.headers.authorization });
    response.sendDate = false;
    response.setHeader("date", new Date(options.epochMs()).toUTCString());
    const fault = faults.find(({ on, left }) => on === kind && left > 0);
    if (fault === undefined) {
      answer(request, response, path, body);
    } else {
      fault.left -= 1;
      misbehave(fault.does, response, path, body);
    }
  }

  function answer(request: IncomingMessage, response: ServerResponse, path: string, body: string): void {
    const { authorization } = request.headers;
    if (options.apiToken !== undefined && authorization !== `Bearer ${options.apiToken}`) {
      if (authorization === undefined) sendError(response, 400, 6003, 6111);
      else sendError(response, 401, 10000);
    } else if (!path.startsWith(`/client/v4/accounts/${ACCOUNT_ID}/`)) {
      sendError(response, 404, 7003);
    } else if (!path.startsWith(`${NAMESPACE_PATH}/`)) {
      sendError(response, 404, 10013);
    } else {
      operate(request.method ?? "", new URL(path, "http://fake"), response, body);
    }
  }

  function operate(method: string, url: URL, response: ServerResponse, body: string): void {
    const operation = url.pathname.slice(NAMESPACE_PATH.length);
    if (method === "PUT" && operation === "/bulk") {
      bulkWrite(response, body);
    } else if (method === "GET" && operation.startsWith("/values/")) {
      sendValue(response, entries.get(decodeURIComponent(operation.slice("/values/".length))));
    } else if (method === "GET" && operation === "/keys") {
      const prefix = url.searchParams.get("prefix") ?? "";
      const names = [...entries.keys()].filter((name) => name.startsWith(prefix)).toSorted();
      sendJson(response, 200, envelope(names.map((name) => ({ name, metadata: entries.get(name)?.metadata }))));
    } else {
      sendError(response, 405, 10405);
    }
  }

  function bulkWrite(response: ServerResponse, body: string): void {
    const pairs = parsePairs(body);
    if (pairs === undefined) {
      sendError(response, 400, 10012);
    } else if (pairs.some(({ key }) => options.epochMs() - (entries.get(key)?.writtenAtMs ?? -Infinity) < 1000)) {
      sendError(response, 429, 10048);
    } else {
      for (const pair of pairs) store(pair);
      sendJson(response, 200, envelope({ successful_key_count: pairs.length, unsuccessful_keys: [] }));
    }
  }

  function store({ key, value, metadata }: Pair): void {
    entries.set(key, { value, metadata, writtenAtMs: options.epochMs(), before: entries.get(key) });
  }

  function misbehave(does: Misbehaviour, response: ServerResponse, path: string, body: string): void {
    if ("store" in does && does.store) for (const pair of parsePairs(body) ?? []) store(pair);
    switch (does.kind) {
      case "answer":
        response.writeHead(does.status, { "content-type": "application/json", ...does.headers }).end(does.body ?? "");
        return;
      case "hang":
        return;
      case "stall":
        response.writeHead(200, { "content-length": "1000" }).write('{"success":');
        return;
      case "reset":
        response.destroy();
        return;
      case "flood":
        flood(response.writeHead(200));
        return;
      case "stale":
        sendValue(response, entries.get(decodeURIComponent(path.slice(`${NAMESPACE_PATH}/values/`.length)))?.before);
        return;
    }
  }

  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return {
    baseUrl: `http://127.0.0.1:${String(address.port)}/client/v4/accounts/${ACCOUNT_ID}`,
    namespaceId: NAMESPACE_ID,
    requests,
    script: (...more) => {
      faults.push(...more.map(({ on, does, times = 1 }) => ({ on, does, left: times })));
    },
    stored: (key) => entries.get(key)?.value,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

interface Pair {
  readonly key: string;
  readonly value: string;
  readonly metadata: unknown;
}

/** Limits: key 512 bytes, metadata 1024 bytes of JSON, 10,000 pairs. */
function parsePairs(body: string): readonly Pair[] | undefined {
  let list: unknown;
  try {
    list = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!Array.isArray(list) || list.length > 10_000) return undefined;
  const pairs: Pair[] = [];
  for (const item of list) {
    if (!isJsonObject(item)) return undefined;
    const { key, value, metadata } = item;
    if (typeof key !== "string" || key === "" || key.length > 512 || typeof value !== "string") return undefined;
    if (JSON.stringify(metadata ?? null).length > 1024) return undefined;
    pairs.push({ key, value, metadata });
  }
  return pairs;
}

function kindOf(method: string, path: string): SeenRequest["kind"] {
  if (method === "PUT" && path.endsWith("/bulk")) return "write";
  return method === "GET" && path.includes("/values/") ? "read" : "other";
}

function sendValue(response: ServerResponse, entry: StoredEntry | undefined): void {
  if (entry === undefined) sendError(response, 404, 10009);
  else response.writeHead(200, { "content-type": "application/octet-stream" }).end(entry.value);
}

function sendError(response: ServerResponse, status: number, code: number, chained?: number): void {
  const chain = chained === undefined ? {} : { error_chain: [{ code: chained, message: "more of it" }] };
  const errors = [{ code, message: "what went wrong, in words", ...chain }];
  sendJson(response, status, { success: false, errors, messages: [], result: null });
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function envelope(result: unknown): unknown {
  return { success: true, errors: [], messages: [], result };
}

/** Writes for as long as the other side reads. */
function flood(response: ServerResponse): void {
  const chunk = "x".repeat(64 * 1024);
  const pour = (): void => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", pour);
  pour();
}
