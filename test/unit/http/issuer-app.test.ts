import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createIssuerApp } from "../../../issuer/http/app.ts";
import type { TokenLogEntry } from "../../../issuer/http/app.ts";
import { startHttpServer } from "../../../issuer/http/server.ts";
import type { HttpServer } from "../../../issuer/http/server.ts";
import { createIssuer } from "../../../issuer/issuer.ts";
import { createKmsSigner } from "../../../issuer/kms/signer.ts";
import { createKmsVerifier } from "../../../issuer/verifier.ts";
import { startTestKms } from "../../support/kms.ts";
import type { TestKms } from "../../support/kms.ts";
import { jsonObject, valueOf } from "../../support/values.ts";

const ISSUER = "https://auth.example.com";
const SECRET = "a-secret-that-nobody-would-ever-guess";

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
  const app = createIssuerApp({ issuer, source, callerSecret: SECRET, log: (entry) => void log.push(entry) });
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
    const { token, kid, expiresAt } = (await response.json()) as { token: string; kid: string; expiresAt: number };
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
    expect(log.at(-1)).toEqual({ status: 200, code: undefined, kid, jti: claims["jti"] });
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
    expect(log.at(-1)).toEqual({ status: 400, code, kid: undefined, jti: undefined });
  });

  test("a KMS that cannot sign is 503, without KMS's words", async () => {
    const remove = aws.emulator.faults.add({ operation: "Sign", kind: "access_denied" });
    onTestFinished(remove);
    const response = await post(GOOD);
    expect(response.status).toBe(503);
    const body = await response.text();
    expect(jsonObject(body)).toMatchObject({ code: "kms_access_denied" });
    expect(body).not.toContain("arn:");
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

  test("a request that is none is refused, and the next one is served", async () => {
    const { port } = new URL(server.url);
    const socket = connect(Number(port), "127.0.0.1");
    socket.end("GET http://[/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  });

  test("/readyz is 503 with the fault's code while a ring has no signer", async () => {
    const { createRingPolicy } = await import("../../../issuer/ring-policy.ts");
    const { createRingSource } = await import("../../../issuer/ring-source.ts");
    const source = createRingSource(createRingPolicy({ ring: "none", issuer: ISSUER }), { kms: aws.kms });
    const issuer = createIssuer({ issuer: ISSUER, ring: source, maxTokenTtlSeconds: 600 });
    const app = createIssuerApp({ issuer, source, callerSecret: SECRET, log: () => undefined });
    const response = await app.request("/readyz");
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ code: "kms_key_not_found" });
  });

  test("a secret that can be guessed is no secret", async () => {
    const source = { current: () => Promise.reject(new Error("nothing was said of signing")) };
    const issuer = createIssuer({ issuer: ISSUER, ring: source, maxTokenTtlSeconds: 600 });
    const options = { issuer, source, callerSecret: "short", log: () => undefined };
    expect(() => createIssuerApp(options)).toThrow(TypeError);
  });

  test("closing waits for the request that is under way, and takes no other", async () => {
    const asked = Promise.withResolvers<void>();
    const letGo = Promise.withResolvers<Response>();
    const handler = (): Promise<Response> => {
      asked.resolve();
      return letGo.promise;
    };
    const slow = await startHttpServer({ host: "127.0.0.1", port: 0, handler });
    const request = fetch(slow.url);
    await asked.promise;
    const closed = slow.close();
    letGo.resolve(new Response("done", { headers: { connection: "close" } }));
    expect(await (await request).text()).toBe("done");
    await closed;
    await expect(fetch(slow.url)).rejects.toThrow("fetch failed");
  });
});
