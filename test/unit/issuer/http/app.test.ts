import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createIssuerApp } from "../../../../issuer/http/app.ts";
import type { TokenLogEntry } from "../../../../issuer/http/app.ts";
import { createReadiness } from "../../../../issuer/http/readiness.ts";
import { startHttpServer } from "../../../../issuer/http/server.ts";
import type { HttpServer } from "../../../../issuer/http/server.ts";
import { createIssuer } from "../../../../issuer/issuer.ts";
import { createKmsSigner } from "../../../../issuer/kms/signer.ts";
import { createKmsVerifier } from "../../../../issuer/verifier.ts";
import { singleSource } from "../../../../issuer/use-signer.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";
import { given, jsonObject, valueOf } from "../../../support/values.ts";

const ISSUER = "https://auth.example.com";
const NOW_MS = Date.UTC(2026, 10, 27, 12, 0, 0);
const SECRET = "a-secret-that-is-too-long-to-guess";

let aws: TestKms;
let keyId: string;
let server: HttpServer;
const log: TokenLogEntry[] = [];

beforeAll(async () => {
  aws = await startTestKms();
  keyId = await aws.createKeyFor("ES256");
  const signer = await createKmsSigner({ keyId, alg: "ES256", kms: aws.kms });
  const source = { current: async () => signer };
  const issuer = createIssuer({ issuer: ISSUER, ring: source, maxTokenTtlSeconds: 600 });
  const readiness = createReadiness({ signers: singleSource(source), nowMs: Date.now });
  const app = createIssuerApp({
    issuer,
    readiness,
    callerSecret: SECRET,
    log: (entry) => void log.push(entry),
    nowMs: () => NOW_MS,
  });
  server = await startHttpServer({ handler: (request) => app.fetch(request), host: "127.0.0.1", port: 0 });
});
afterAll(async () => {
  await server.close();
  await aws.close();
});

function post(
  body: string | Uint8Array<ArrayBuffer>,
  authorization: string | undefined = `Bearer ${SECRET}`,
): Promise<Response> {
  const headers: Record<string, string> = authorization === "" ? {} : { authorization };
  return fetch(`${server.url}/tokens`, { method: "POST", body, headers });
}

const GOOD = JSON.stringify({ claims: { sub: "user-1" }, audience: "api", ttlSeconds: 60 });

describe("POST /tokens", () => {
  test("answers a token that verifies, which no cache may keep", async () => {
    const response = await post(GOOD);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const { token, kid, jti, expiresAt } = jsonObject(await response.text());
    if (typeof token !== "string") throw new Error("the test expected a token");
    const verifier = createKmsVerifier({
      keyId,
      alg: "ES256",
      issuer: ISSUER,
      audiences: ["api"],
      mode: "local",
      publicKeyTtlSeconds: 60,
      kms: aws.kms,
    });
    const { claims, header } = valueOf(await verifier.verify(token));
    expect(claims).toMatchObject({ sub: "user-1", exp: expiresAt });
    expect(header.kid).toBe(kid);
    expect(jti).toBe(claims["jti"]);
    expect(log.at(-1)).toEqual({
      time: "2026-11-27T12:00:00.000Z",
      status: 200,
      kid,
      jti,
      durationMs: expect.any(Number),
    });
  });

  test.for([
    ["without a secret", ""],
    ["with another one", `Bearer ${SECRET}x`],
    ["with the beginning of it", `Bearer ${SECRET.slice(0, -1)}`],
    ["with none behind the scheme", "Bearer"],
    ["in another scheme", `Basic ${SECRET}`],
  ] as const)("%s it is 401, and KMS is asked for nothing", async ([, authorization]) => {
    const { Sign } = aws.emulator.requests;
    const response = await post(GOOD, authorization);
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe("Bearer");
    const body = await response.text();
    expect(jsonObject(body)).toMatchObject({ code: "unauthorized" });
    expect(body).not.toContain(SECRET.slice(0, 8));
    expect(aws.emulator.requests.Sign).toBe(Sign);
    expect(log.at(-1)).toMatchObject({ status: 401, code: "unauthorized" });
  });

  test.for([
    ["no JSON", "{", "input_invalid"],
    ["no object", "[]", "input_invalid"],
    ["no UTF-8", new Uint8Array([0x7b, 0xff, 0x7d]), "input_invalid"],
    ["a member twice", '{"claims":{},"claims":{},"audience":"api"}', "input_invalid"],
    ["an integer beyond 2^53", '{"claims":{"account":9007199254740993},"audience":"api"}', "claims_refused"],
    ["one that is even", '{"claims":{"a":[{"b":9007199254740992}]},"audience":"api"}', "claims_refused"],
    ["a fraction that loses digits", '{"claims":{"a":0.12345678901234567890},"audience":"api"}', "claims_refused"],
    ["a scope that holds a space", '{"claims":{"scope":["orders","no admin"]},"audience":"api"}', "claims_refused"],
    ["a misspelt member", '{"claims":{},"audience":"api","ttl":1}', "input_invalid"],
    ["no claims", '{"audience":"api"}', "input_invalid"],
    ["no audience", '{"claims":{}}', "claims_refused"],
    ["a claim of the issuer's own", '{"claims":{"exp":1},"audience":"api"}', "claims_refused"],
    ["a lifetime over the maximum", '{"claims":{},"audience":"api","ttlSeconds":601}', "lifetime_too_long"],
    ["a body that is too long", `{"claims":{"x":"${"a".repeat(70_000)}"},"audience":"api"}`, "input_invalid"],
  ] as const)("%s is 400 with a code, and no value is repeated", async ([, body, code]) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toEqual({ type: "about:blank", status: 400, code, detail: expect.any(String) });
    expect(log.at(-1)).toEqual({
      time: "2026-11-27T12:00:00.000Z",
      durationMs: expect.any(Number),
      status: 400,
      code,
      message: expect.stringMatching(/\.$/),
    });
  });

  test("what became of the requests is counted for Prometheus, by code, and without a claim", async () => {
    await post(GOOD);
    await post("no JSON");
    const response = await fetch(`${server.url}/metrics`);
    const text = await response.text();
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      expect.stringContaining("text/plain"),
    ]);
    expect(text).toMatch(/^sealgate_signatures_total [1-9]\d*$/m);
    expect(text).toMatch(/^sealgate_sign_failures_total\{code="input_invalid"\} [1-9]\d*$/m);
    expect(text).toMatch(/^sealgate_sign_duration_seconds_count [1-9]\d*$/m);
  });

  test("a fault of ours is 500, logged by its name, and blamed neither on the caller nor on KMS", async () => {
    const entries: TokenLogEntry[] = [];
    const signer = await createKmsSigner({ keyId, alg: "ES256", kms: aws.kms });
    const broken = createIssuer({ issuer: ISSUER, signer, maxTokenTtlSeconds: 600, newJti: () => "" });
    const app = createIssuerApp({
      issuer: broken,
      readiness: createReadiness({ signers: singleSource({ current: async () => signer }), nowMs: Date.now }),
      callerSecret: SECRET,
      log: (entry) => void entries.push(entry),
      nowMs: () => NOW_MS,
    });
    const headers = { authorization: `Bearer ${SECRET}` };
    const response = await app.request("/tokens", { method: "POST", headers, body: GOOD });
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ status: 500, code: "unexpected" });
    expect(entries).toEqual([expect.objectContaining({ status: 500, code: "unexpected" })]);
    expect(entries[0]?.message).toContain("newJti must return");
  });

  test("a KMS that cannot sign is 503, without KMS's words", async () => {
    const remove = aws.emulator.faults.add({ operation: "Sign", kind: "access_denied" });
    onTestFinished(remove);
    const response = await post(GOOD);
    expect(response.status).toBe(503);
    const body = await response.text();
    expect(jsonObject(body)).toMatchObject({ code: "kms_access_denied" });
    expect(body).not.toContain("arn:");
    const entry = given(log.at(-1));
    expect(entry).toMatchObject({ status: 503, code: "kms_access_denied", action: "kms:Sign", key: keyId });
    expect(entry.message).toMatch(/ Allow this action .*User is not authorized to perform this operation/);
    expect(entry.message).toContain(`request ${given(entry.requestId)}`);
  });
});

describe("everything else", () => {
  test("another method is 405, another path 404", async () => {
    const get = await fetch(`${server.url}/tokens`);
    expect([get.status, get.headers.get("allow")]).toEqual([405, "POST"]);
    expect((await fetch(`${server.url}/`)).status).toBe(404);
  });

  test("/healthz says that the process lives, /readyz that it can sign", async () => {
    for (const path of ["/healthz", "/readyz"]) {
      const response = await fetch(server.url + path);
      expect([response.status, await response.json()]).toEqual([200, { status: "ok" }]);
    }
  });

  test("a secret that can be guessed is no secret", async () => {
    const source = { current: () => Promise.reject(new Error("nothing was said of signing")) };
    const issuer = createIssuer({ issuer: ISSUER, ring: source, maxTokenTtlSeconds: 600 });
    const readiness = createReadiness({ signers: singleSource(source), nowMs: Date.now });
    const options = { issuer, readiness, callerSecret: "short", log: () => undefined, nowMs: Date.now };
    expect(() => createIssuerApp(options)).toThrow(TypeError);
  });
});
