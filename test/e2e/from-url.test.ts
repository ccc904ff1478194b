/**
 * A backend in Node that follows a ring through its gateway: a real gateway in workerd with a real KV namespace, real HTTP in
 * between, and one clock that the test moves for both. Rotations, a withdrawal, an outage; and a cache on the way.
 */
import { createServer } from "node:http";
import type { Server } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { createVerifier, fromUrl } from "../../shared/index.ts";
import type { GatewayFetch, Verifier } from "../../shared/index.ts";
import { serialiseJwk } from "../../shared/key-set.ts";
import { ISSUED_AT, ISSUED_AT_MS as T0, makeRing } from "../support/edge-ring.ts";
import type { TestRing } from "../support/edge-ring.ts";
import { seconds, signToken, TEST_ISSUER } from "../support/key-sets.ts";
import type { TestKey } from "../support/key-sets.ts";
import { given } from "../support/values.ts";

const NAMESPACE = "key-sets";
const AUDIENCE = "https://api.example.com";

let ring: TestRing;
let script: string;
let gateway: Miniflare;
let gatewayUrl: string;
let nowMs: number;
const servers: Server[] = [];

beforeAll(async () => {
  ring = await makeRing();
  const entryPoints = [fileURLToPath(new URL("gateway-clock-worker.ts", import.meta.url))];
  const bundle = await build({ entryPoints, bundle: true, write: false, format: "esm", target: "es2024" });
  script = given(bundle.outputFiles[0]).text;
});

beforeEach(async () => {
  nowMs = T0;
  const bindings = {
    ISSUER: TEST_ISSUER,
    AUDIENCE,
    TRUST_ANCHORS: JSON.stringify([serialiseJwk(ring.root.jwk, ring.root.kid)]),
    ORIGIN_URL: "http://127.0.0.1:9",
  };
  const kvNamespaces = { KEY_SETS: NAMESPACE };
  const compatibilityDate = "2026-11-01";
  const options = { modules: true, script, compatibilityDate, bindings, kvNamespaces, cf: false } as const;
  gateway = new Miniflare(convertV4MiniflareOptions(options));
  gatewayUrl = (await gateway.ready).origin;
});

afterEach(async () => {
  await gateway.dispose();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function publish(text: string): Promise<void> {
  await (await gateway.getKVNamespace("KEY_SETS")).put("key-set:main", text);
}

function startVerifier(url: string = gatewayUrl): Verifier {
  const withClock: GatewayFetch = (asked, { headers, ...init }) =>
    fetch(asked, { ...init, headers: { ...headers, "x-now": String(nowMs) } });
  return createVerifier({
    issuer: TEST_ISSUER,
    audiences: [AUDIENCE],
    anchors: [ring.root.jwk],
    keySets: fromUrl(url, { fetch: withClock }),
    clock: () => nowMs,
  });
}

function tokenOf(key: TestKey): Promise<string> {
  const iat = Math.floor(nowMs / 1000);
  return signToken({ iss: TEST_ISSUER, aud: AUDIENCE, sub: "user-1", iat, exp: iat + 600 }, key);
}

async function outcomeOf(verifier: Verifier, token: string): Promise<string> {
  const verified = await verifier.verify(token);
  return verified.ok ? String(verified.value.claims.sub) : verified.error.code;
}

/** Something between verifier and gateway, over HTTP. */
async function startBetween(answer: (ask: () => Promise<Response>) => Promise<Response>): Promise<string> {
  const server = createServer((request, response) => {
    const headers = Object.entries(request.headers).flatMap(([name, value]) =>
      typeof value === "string" && name !== "host" ? [[name, value] as const] : [],
    );
    const ask = (): Promise<Response> =>
      fetch(`${gatewayUrl}${request.url ?? ""}`, { headers: Object.fromEntries(headers) });
    const pass = async (): Promise<void> => {
      const given = await answer(ask);
      const age = given.headers.get("age");
      response.writeHead(given.status, age === null ? {} : { age });
      response.end(Buffer.from(await given.arrayBuffer()));
    };
    void pass();
  });
  servers.push(server);
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server listens on a port");
  return `http://127.0.0.1:${String(address.port)}`;
}

test("a backend follows a rotation and a withdrawal, and outlives its gateway until the document's exp", async () => {
  await publish(await ring.publish());
  const verifier = startVerifier();
  expect(await outcomeOf(verifier, await tokenOf(ring.key))).toBe("user-1");
  expect(await verifier.status()).toMatchObject([{ source: "memory", rev: 10, ageSeconds: 0 }]);
  // The new key is listed, and signs: the first token with its kid is no reason for a refusal.
  await publish(await ring.publish({ rev: 11 }, [ring.key, ring.newKey]));
  nowMs += 40_000;
  expect(await outcomeOf(verifier, await tokenOf(ring.newKey))).toBe("user-1");
  expect(await outcomeOf(verifier, await tokenOf(ring.key))).toBe("user-1");
  const at = seconds(ISSUED_AT + 40);
  await publish(await ring.publish({ rev: 12, revoked: [{ kid: ring.key.kid, at }] }, [ring.newKey]));
  // M at the gateway, and M here.
  nowMs += 61_000;
  expect(await outcomeOf(verifier, await tokenOf(ring.key))).toBe("kid_revoked");
  expect(await outcomeOf(verifier, await tokenOf(ring.newKey))).toBe("user-1");
  await gateway.dispose();
  nowMs = T0 + 86_399_000;
  expect(await outcomeOf(verifier, await tokenOf(ring.newKey))).toBe("user-1");
  expect(await verifier.status()).toMatchObject([{ source: "last_good", problem: "key_set_read_failed" }]);
  nowMs = T0 + 86_400_000;
  expect(await outcomeOf(verifier, await tokenOf(ring.newKey))).toBe("keys_unavailable");
});

test("what the gateway has not changed is not sent again", async () => {
  await publish(await ring.publish());
  const statuses: number[] = [];
  const between = await startBetween(async (ask) => {
    const response = await ask();
    statuses.push(response.status);
    return response;
  });
  const verifier = startVerifier(between);
  for (let round = 0; round < 3; round += 1) {
    expect(await outcomeOf(verifier, await tokenOf(ring.key))).toBe("user-1");
    nowMs += 31_000;
  }
  expect(statuses).toEqual([200, 304, 304]);
});

test("a cache on the way that keeps the document has it counted as old as it is", async () => {
  await publish(await ring.publish());
  let kept: { readonly body: string; readonly atMs: number } | undefined;
  const between = await startBetween(async (ask) => {
    kept ??= { body: await (await ask()).text(), atMs: nowMs };
    return new Response(kept.body, { headers: { age: String((nowMs - kept.atMs) / 1000) } });
  });
  const verifier = startVerifier(between);
  expect(await outcomeOf(verifier, await tokenOf(ring.key))).toBe("user-1");
  nowMs += 300_000;
  expect(await outcomeOf(verifier, await tokenOf(ring.key))).toBe("user-1");
  expect(await verifier.status()).toMatchObject([{ source: "last_good", ageSeconds: 300, problem: "key_set_stale" }]);
});
