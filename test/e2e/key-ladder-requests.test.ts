/**
 * Requests side by side in one isolate, as workerd runs them: a read belongs to the request that made it, and a request
 * that awaits another one's read may never end.
 */
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { serialiseJwk } from "../../shared/key-set.ts";
import { ISSUED_AT_MS as T0, makeRing, MEMORY_TTL_MS } from "../support/edge-ring.ts";
import type { TestRing } from "../support/edge-ring.ts";
import { given } from "../support/values.ts";

let ring: TestRing;
let script: string;

/** The server in place of KV. Reads stay open while `text` is undefined. */
let text: string | undefined;
const open: ServerResponse[] = [];
let onRead: () => void = () => {};
const server = createServer((_, response) => {
  if (text === undefined) open.push(response);
  else response.end(text);
  onRead();
});

let worker: Miniflare;

beforeAll(async () => {
  ring = await makeRing();
  const entryPoints = [fileURLToPath(new URL("key-ladder-worker.ts", import.meta.url))];
  const bundle = await build({ entryPoints, bundle: true, write: false, format: "esm", target: "es2024" });
  script = given(bundle.outputFiles[0]).text;
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
});

/** Each test has an isolate of its own. */
beforeEach(async () => {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server listens on a port");
  const bindings = {
    KEY_SET_URL: `http://127.0.0.1:${address.port}/`,
    TRUST_ANCHORS: JSON.stringify([serialiseJwk(ring.root.jwk, ring.root.kid)]),
    // Longer than the test may take: nothing here ends by the deadline.
    READ_DEADLINE_MS: 600_000,
  };
  const compatibilityDate = "2026-11-01";
  worker = new Miniflare(convertV4MiniflareOptions({ modules: true, script, compatibilityDate, bindings, cf: false }));
  await worker.ready;
  text = undefined;
});

afterEach(async () => {
  for (const response of open.splice(0)) response.end();
  await worker.dispose();
});

afterAll(() => {
  server.close();
});

async function ask(nowMs: number, signal?: AbortSignal): Promise<{ readonly status: number; readonly body: unknown }> {
  const url = new URL(`/?now=${nowMs}`, await worker.ready);
  const response = await fetch(url, signal === undefined ? {} : { signal });
  return { status: response.status, body: await response.json() };
}

/** Resolves when the next read has reached the server. */
function nextRead(): Promise<void> {
  return new Promise((resolve) => {
    onRead = resolve;
  });
}

test("a request whose read hangs holds up no other, and gets its own answer when the read ends", async () => {
  const reading = nextRead();
  const first = ask(T0);
  await reading;
  text = await ring.publish();
  expect(await ask(T0 + 1)).toEqual({ status: 200, body: { source: "memory", rev: 10 } });
  expect(open).toHaveLength(1);
  for (const response of open.splice(0)) response.end(text);
  expect(await first).toMatchObject({ status: 200, body: { rev: 10 } });
});

test("twenty requests at once each read and answer for themselves", async () => {
  text = await ring.publish();
  const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(T0 + index)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
});

test("a background refresh whose connection breaks leaves nothing behind", async () => {
  text = await ring.publish();
  await ask(T0);
  text = undefined;
  const reading = nextRead();
  expect((await ask(T0 + MEMORY_TTL_MS - 1)).body).toMatchObject({ source: "memory" });
  await reading;
  for (const response of open.splice(0)) response.destroy();
  text = await ring.publish({ rev: 11 });
  expect((await ask(T0 + 2 * MEMORY_TTL_MS)).body).toEqual({ source: "memory", rev: 11 });
});

test("a request that is given up by its client does not keep the next from KV", async () => {
  const reading = nextRead();
  const client = new AbortController();
  const first = ask(T0, client.signal);
  await reading;
  client.abort();
  await expect(first).rejects.toThrow("abort");
  text = await ring.publish();
  expect((await ask(T0 + 1)).body).toEqual({ source: "memory", rev: 10 });
});
