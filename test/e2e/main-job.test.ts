/**
 * The main job over HTTP: issuer, embedded KMS, local KV API, Worker and origin together, for every algorithm, and the
 * forgeries that must not get through.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ALGS } from "../../shared/algorithms.ts";
import { createIssuer } from "../../issuer/issuer.ts";
import type { Signer } from "../../issuer/signer.ts";
import { forgeries, overwriteKeySet } from "../local-stack/forgeries.ts";
import { LOCAL_AUDIENCE, startStack } from "../local-stack/stack.ts";
import type { Stack } from "../local-stack/stack.ts";
import { given } from "../support/values.ts";

let stack: Stack;
beforeAll(async () => {
  stack = await startStack({ algs: ALGS, timing: { memoryTtlSeconds: 1 } });
  await stack.publish();
});
afterAll(() => stack.close());

function call(path: string, token?: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers);
  if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
  return fetch(`${stack.gateway.url}${path}`, { ...init, headers, redirect: "manual" });
}

async function tokenOf(signer: Signer, claims: Record<string, unknown> = {}): Promise<string> {
  const tokens = createIssuer({ issuer: stack.issuer, signer, maxTokenTtlSeconds: 3600 });
  return (await tokens.sign({ sub: "user-1", ...claims }, { audience: LOCAL_AUDIENCE })).token;
}

function generation(alg: string): Signer {
  return given(stack.ring.generations.find((signer) => signer.alg === alg));
}

describe.for(ALGS.map((alg) => ({ alg })))("$alg", ({ alg }) => {
  test("a token signed by KMS reaches the origin with its subject", async () => {
    const response = await call("/api/orders?page=2", await tokenOf(generation(alg), { scope: "orders" }));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      path: "/api/orders",
      query: "?page=2",
      identity: { "x-sealgate-subject": "user-1", "x-sealgate-scope": "orders" },
    });
  });

  test("a token with one bit of its signature changed does not", async () => {
    const token = await tokenOf(generation(alg));
    const dot = token.lastIndexOf(".");
    const signature = Buffer.from(token.slice(dot + 1), "base64url");
    signature[7] = (signature[7] ?? 0) ^ 1;
    const response = await call("/api/orders", `${token.slice(0, dot)}.${signature.toString("base64url")}`);
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: "invalid_token" });
  });
});

test("every forgery is refused with one and the same answer, and none reaches the origin", async () => {
  for (const { what, token } of await forgeries(stack)) {
    const response = await call("/api/orders", token);
    expect(response.status, what).toBe(401);
    expect(response.headers.get("www-authenticate"), what).toContain('error="invalid_token"');
    const body = await response.text();
    expect(body, what).not.toContain("sealgate-local-origin");
    expect(body, what).not.toContain(token);
  }
});

test("without credentials the challenge names no error", async () => {
  const response = await call("/api/orders");
  expect(response.status).toBe(401);
  expect(response.headers.get("www-authenticate")).toMatch(/^Bearer/);
  expect(response.headers.get("www-authenticate")).not.toContain("error");
});

test("a body streams to the origin and the method is kept", async () => {
  const token = await tokenOf(generation("ES256"));
  const response = await call("/api/upload", token, { method: "POST", body: new Uint8Array(300_000) });
  expect(await response.json()).toMatchObject({ method: "POST", bodyBytes: 300_000 });
});

test("the JWK Set endpoint serves the public keys and nothing private", async () => {
  const response = await call("/.well-known/jwks.json");
  const text = await response.text();
  const { keys } = JSON.parse(text) as { keys: readonly Record<string, unknown>[] };
  expect(keys.map(({ kid }) => kid)).toEqual(
    expect.arrayContaining(stack.ring.generations.map(({ kid }): unknown => kid)),
  );
  expect(keys).toHaveLength(ALGS.length + 1);
  for (const member of ["d", "p", "q", "k", "state"]) expect(keys.every((key) => key[member] === undefined)).toBe(true);
});

test("a key set of somebody without the root key changes nothing: good tokens pass, theirs do not", async () => {
  const good = await tokenOf(generation("ES256"));
  const forged = await overwriteKeySet(stack);
  // Past M the gateway has asked KV again; its health says what it found there.
  await expect
    .poll(async () => (await call("/.well-known/sealgate/health")).json(), { timeout: 10_000 })
    .toMatchObject({ status: "degraded", rings: [{ problem: "key_set_unknown_root" }] });
  expect((await call("/api/orders", forged)).status).toBe(401);
  expect((await call("/api/orders", good)).status).toBe(200);
  await stack.publish();
  await expect
    .poll(async () => (await call("/.well-known/sealgate/health")).json(), { timeout: 15_000 })
    .toMatchObject({ status: "ok" });
});
