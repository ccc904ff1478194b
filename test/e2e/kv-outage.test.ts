/**
 * KV down, seen from outside: the Worker as it is uploaded, with a KV binding whose reads are answered by a server of the
 * test. The document that `sealgate ring bootstrap` prints is deployed as a var and keeps a cold isolate answering; a warm one
 * goes on with what it holds until the document's `exp`.
 */
import { createServer } from "node:http";
import type { ServerResponse } from "node:http";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createIssuer } from "../../issuer/issuer.ts";
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import { serialiseJwk } from "../../shared/key-set.ts";
import { startRingStack } from "../local-stack/ring-stack.ts";
import { LOCAL_AUDIENCE, LOCAL_ISSUER } from "../local-stack/stack.ts";
import { makeDocument, makeKey, makeRoot, seconds, signKeySet, signToken, TEST_TIMING } from "../support/key-sets.ts";
import { buildWorkerBundle } from "../support/worker-bundle.ts";
import { jsonOf, sealgate, stubProcessEnv } from "../unit/issuer/cli/support.ts";

/** What KV does: answers with a text, fails, or does not answer. */
let kv: { readonly text: string } | "failing" | "hanging" = "failing";
const open = new Set<ServerResponse>();
const kvServer = createServer((_, response) => {
  if (kv === "hanging") open.add(response);
  else if (kv === "failing") response.writeHead(500).end("internal error");
  else response.end(kv.text);
});
const originServer = createServer((request, response) => {
  response.end(String(request.headers["x-sealgate-subject"]));
});

/** A KV binding over HTTP: to the Worker it has the method that it uses, and what that throws is thrown across processes. */
const KV_WORKER = `
import { WorkerEntrypoint } from "cloudflare:workers";
export class Kv extends WorkerEntrypoint {
  async get() {
    const response = await fetch(this.env.KV_URL);
    if (!response.ok) throw new Error("KV GET failed: " + response.status);
    return response.body;
  }
}
export default { fetch: () => new Response(null, { status: 404 }) };
`;

let code: string;
let kvUrl: string;
let originUrl: string;
let worker: Miniflare | undefined;

beforeAll(async () => {
  ({ code } = await buildWorkerBundle());
  [kvUrl, originUrl] = await Promise.all([listen(kvServer), listen(originServer)]);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  for (const response of open) response.destroy();
  open.clear();
  await worker?.dispose();
  worker = undefined;
});

afterAll(() => {
  for (const server of [kvServer, originServer]) {
    server.close();
    server.closeAllConnections();
  }
});

async function listen(server: typeof kvServer): Promise<string> {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server listens on a port");
  return `http://127.0.0.1:${String(address.port)}`;
}

async function deploy(vars: Readonly<Record<string, string>>): Promise<void> {
  const compatibilityDate = "2026-11-01";
  worker = new Miniflare(
    convertV4MiniflareOptions({
      cf: false,
      workers: [
        {
          name: "gateway",
          modules: true,
          script: code,
          compatibilityDate,
          compatibilityFlags: ["no_nodejs_compat", "no_nodejs_compat_v2"],
          serviceBindings: { KEY_SETS: { name: "kv", entrypoint: "Kv" } },
          bindings: { ISSUER: LOCAL_ISSUER, AUDIENCE: LOCAL_AUDIENCE, ORIGIN_URL: originUrl, ...vars },
        },
        { name: "kv", modules: true, script: KV_WORKER, compatibilityDate, bindings: { KV_URL: kvUrl } },
      ],
    }),
  );
  await worker.ready;
}

async function call(path: string, token?: string): Promise<Response> {
  const url = new URL(path, await worker?.ready);
  return fetch(url, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } });
}

async function health(): Promise<unknown> {
  return (await call("/.well-known/sealgate/health")).json();
}

test("what `ring bootstrap` prints, deployed as a var, keeps a cold gateway answering while KV is down", async () => {
  const stack = await startRingStack();
  try {
    stubProcessEnv(stack.env);
    const io = { env: stack.env };
    const { out: document } = await sealgate(["ring", "bootstrap"], io);
    const anchors = JSON.stringify(jsonOf(await sealgate(["ring", "anchors", "--json"], io))["trustAnchors"]);
    const tokens = createIssuer({ issuer: LOCAL_ISSUER, ring: stack.createSource(), maxTokenTtlSeconds: 300 });
    const { token } = await tokens.sign({ sub: "user-1" }, { audience: LOCAL_AUDIENCE });
    for (const [state, problem] of [
      ["failing", "key_set_read_failed"],
      ["hanging", "key_set_read_timeout"],
    ] as const) {
      kv = state;
      await deploy({ TRUST_ANCHORS: anchors, BOOTSTRAP_KEY_SET: document });
      const response = await call("/api/orders", token);
      expect([state, response.status, await response.text()]).toEqual([state, 200, "user-1"]);
      expect(await health()).toMatchObject({ status: "degraded", rings: [{ source: "bootstrap", problem }] });
      await worker?.dispose();
    }
    // The same without the var: the door is shut, and says for how long.
    kv = "failing";
    await deploy({ TRUST_ANCHORS: anchors });
    const response = await call("/api/orders", token);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({ code: "keys_unavailable" });
  } finally {
    await stack.close();
  }
});

test("a warm gateway survives an outage of KV for as long as its document lives, and then fails closed", async ({
  annotate,
}) => {
  const [root, key] = await Promise.all([makeRoot(), makeKey("ES256")]);
  await deploy({ TRUST_ANCHORS: JSON.stringify([serialiseJwk(root.jwk, root.kid)]) });
  const now = epochSecondsFromMs(Date.now());
  const expiresAt = seconds(now + 6);
  const timing = { ...TEST_TIMING, memoryTtlSeconds: 1 };
  kv = { text: await signKeySet(makeDocument([key], now, { expiresAt, timing }), root) };
  const claims = { iss: LOCAL_ISSUER, aud: LOCAL_AUDIENCE, sub: "user-1", iat: now, exp: now + 600 };
  const token = await signToken(claims, key);
  expect((await call("/api/orders", token)).status).toBe(200);
  kv = "failing";
  const downSinceMs = Date.now();
  let lastGoodMs = 0;
  let status = 200;
  while (status === 200 && Date.now() < expiresAt * 1000 + 10_000) {
    const sentMs = Date.now();
    const response = await call("/api/orders", token);
    ({ status } = response);
    if (status === 200) lastGoodMs = sentMs;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const allowed = expiresAt * 1000 - downSinceMs;
  await annotate(
    `outage survived: ${(lastGoodMs - downSinceMs) / 1000} s; the rest of the document's life was ${allowed / 1000} s`,
  );
  expect(status).toBe(503);
  // Not a moment past exp, and past M by far.
  expect(lastGoodMs).toBeLessThan(expiresAt * 1000);
  expect(lastGoodMs - downSinceMs).toBeGreaterThan(2000);
  expect(await health()).toMatchObject({ status: "unavailable", rings: [{ problem: "key_set_read_failed" }] });
  // KV is back, with a renewed document: the door opens by itself.
  const later = epochSecondsFromMs(Date.now());
  kv = { text: await signKeySet(makeDocument([key], later, { timing }), root) };
  await expect.poll(async () => (await call("/api/orders", token)).status, { timeout: 15_000 }).toBe(200);
});
