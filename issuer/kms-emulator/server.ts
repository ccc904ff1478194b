/**
 * KMS's wire protocol: POST / with `X-Amz-Target: TrentService.<Operation>` and an AWS JSON 1.1 body, answered with JSON or
 * `{"__type", "message"}`. Request in, operation carried out, answer out; the meaning of each operation is elsewhere.
 * A request must carry credentials, as in KMS, but its signature is not verified: there is no account to verify it against.
 */
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { parseJsonObject } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { KmsEmulatorError, KmsError } from "./errors.ts";
import { ERROR_FAULTS } from "./faults.ts";
import type { Faults } from "./faults.ts";
import type { KmsOperation } from "./operation-names.ts";
import { OPERATIONS, operationOf } from "./operations/index.ts";
import type { KmsStore } from "./store.ts";

/** Larger than any request KMS accepts: a key policy of 32 KiB and 50 tags in CreateKey. */
const BODY_MAX_BYTES = 128 * 1024;

/** How long a connection may idle. Node's 5 s race with a client that is busy and comes back to many connections at once. */
const KEEP_ALIVE_MS = 60_000;

/** A request as reported to `onRequest`. Holds no message, signature or credential. */
export interface RequestEntry {
  /** The operation, or undefined when the request named none that is built. */
  readonly operation: KmsOperation | undefined;
  /** The request's KeyId as it was given, if it was a string. */
  readonly keyId: string | undefined;
  /** `ok`, the name of the error answered, or the fault of the connection (`hang`, `reset`, …). */
  readonly outcome: string;
  /** The emulator's clock when the request was read, epoch milliseconds. */
  readonly atMs: number;
}

export interface KmsServerOptions {
  readonly store: KmsStore;
  readonly faults: Faults;
  readonly nowMs: () => number;
  readonly banner: () => string;
  readonly onRequest: (entry: RequestEntry) => void;
  /** Aborted when the emulator closes: ends the waits of latency faults. */
  readonly closing: AbortSignal;
}

/** What becomes of a request: an answer, or a fault of the connection. */
type Outcome =
  | { readonly kind: "ok"; readonly body: JsonObject | undefined }
  | { readonly kind: "error"; readonly error: KmsError }
  | { readonly kind: "hang" | "reset" | "lost_answer" | "bad_gateway" };

/** The HTTP server, not yet listening. */
export function createKmsServer(options: KmsServerOptions): Server {
  // Nothing is caught here: what is left to throw is the caller's onRequest, and its mistakes must not go unseen.
  return createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => void handle(request, response, options),
  );
}

async function handle(request: IncomingMessage, response: ServerResponse, options: KmsServerOptions): Promise<void> {
  response.setHeader("Date", new Date(options.nowMs()).toUTCString());
  if (!isLoopbackHost(request.headers.host)) return sendText(response, 403, "Only loopback host names are served.\n");
  if (request.method === "GET") return sendText(response, 200, `${options.banner()}\n`);
  if (request.method !== "POST") return sendText(response, 405, "KMS is called with POST.\n");
  const body = await readBody(request).catch(() => "aborted" as const);
  if (body === "aborted") return;
  const atMs = options.nowMs();
  const call: Call = { atMs, operation: undefined, keyId: undefined };
  const outcome = await carryOut(call, request, body, options);
  options.onRequest({
    operation: call.operation,
    keyId: call.keyId,
    outcome: outcome.kind === "error" ? outcome.error.name : outcome.kind,
    atMs,
  });
  answer(response, outcome);
}

/** What is known of a request so far; filled in as it is read. */
interface Call {
  readonly atMs: number;
  operation: KmsOperation | undefined;
  keyId: string | undefined;
}

async function carryOut(
  call: Call,
  request: IncomingMessage,
  body: Buffer | undefined,
  options: KmsServerOptions,
): Promise<Outcome> {
  try {
    call.operation = operationOf(headerOf(request, "x-amz-target"));
    if (!headerOf(request, "authorization")?.startsWith("AWS4-")) {
      throw new KmsError("MissingAuthenticationTokenException", "Missing Authentication Token");
    }
    const input = readInput(body);
    call.keyId = typeof input["KeyId"] === "string" ? input["KeyId"] : undefined;
    return await carryOutWithFaults(call.operation, input, options);
  } catch (error) {
    return { kind: "error", error: toKmsError(error) };
  }
}

async function carryOutWithFaults(
  operation: KmsOperation,
  input: JsonObject,
  { store, faults, nowMs, closing }: KmsServerOptions,
): Promise<Outcome> {
  const latencyMs = faults.takeLatencyMs(operation);
  if (latencyMs > 0) await delay(latencyMs, undefined, { signal: closing });
  const fault = faults.takeAnswerFault(operation);
  if (fault === "hang" || fault === "reset" || fault === "bad_gateway") return { kind: fault };
  if (fault !== undefined && fault !== "lost_answer") {
    const [name, message] = ERROR_FAULTS[fault];
    throw new KmsError(name, message);
  }
  store.assertSaved();
  const now = nowMs();
  store.deleteDueKeys(now);
  const result = await OPERATIONS[operation](input, { store, faults, nowMs: now });
  return fault === "lost_answer" ? { kind: fault } : { kind: "ok", body: result };
}

/** Anything unforeseen is the emulator's own fault; a state file that cannot be kept says which. */
function toKmsError(error: unknown): KmsError {
  if (error instanceof KmsError) return error;
  const reason = error instanceof KmsEmulatorError ? `${error.code}: ${error.message}` : "The emulator failed.";
  return new KmsError("KMSInternalException", reason);
}

function readInput(body: Buffer | undefined): JsonObject {
  if (body === undefined) throw new KmsError("RequestEntityTooLargeException", `More than ${BODY_MAX_BYTES} bytes.`);
  if (body.length === 0) return {};
  const input = parseJsonObject(body);
  if (!input.ok) throw new KmsError("SerializationException", `The body is not one JSON object: ${input.error}`);
  return input.value;
}

/** The body, or undefined when it is too large. Then the rest is read and dropped, so that the answer can arrive. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError("the request stream has an encoding");
    bytes += chunk.length;
    if (bytes <= BODY_MAX_BYTES) chunks.push(chunk);
  }
  return bytes > BODY_MAX_BYTES ? undefined : Buffer.concat(chunks);
}

function answer(response: ServerResponse, outcome: Outcome): void {
  switch (outcome.kind) {
    case "ok":
      return sendJson(response, 200, outcome.body === undefined ? "" : JSON.stringify(outcome.body));
    case "error": {
      const { name, message, status } = outcome.error;
      return sendJson(response, status, JSON.stringify({ __type: name, message }));
    }
    case "hang":
      return;
    case "reset":
    case "lost_answer":
      response.socket?.resetAndDestroy();
      return;
    case "bad_gateway":
      return sendText(response, 502, "<html><body><h1>502 Bad Gateway</h1></body></html>", "text/html");
  }
}

function sendJson(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": randomUUID() });
  response.end(body);
}

function sendText(response: ServerResponse, status: number, body: string, type = "text/plain"): void {
  response.writeHead(status, { "content-type": `${type}; charset=utf-8` });
  response.end(body);
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === "string" ? value : undefined;
}

/** Keeps a web page away that reaches 127.0.0.1 under a name of its own (DNS rebinding). */
function isLoopbackHost(host: string | undefined): boolean {
  const name = host?.replace(/:\d+$/, "").toLowerCase();
  return name === "127.0.0.1" || name === "localhost" || name === "[::1]" || name?.endsWith(".localhost") === true;
}
