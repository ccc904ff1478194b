/** Taking tokens back over real HTTP: RFC 7009 with an independent client, DynamoDB's protocol, and a key set that a server hands out. */
import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createIssuerApp } from "../../../../issuer/http/app.ts";
import type { IssuerAppOptions, RevocationLogEntry } from "../../../../issuer/http/app.ts";
import { createReadiness } from "../../../../issuer/http/readiness.ts";
import { sessionOf } from "../../../../issuer/http/revoke.ts";
import { startHttpServer } from "../../../../issuer/http/server.ts";
import type { HttpServer } from "../../../../issuer/http/server.ts";
import { createIssuer } from "../../../../issuer/issuer.ts";
import { createDynamoDbRevocations } from "../../../../issuer/revocations/dynamodb/store.ts";
import { entryKey } from "../../../../issuer/revocations/entry.ts";
import { NO_AUDIENCE } from "../../../../issuer/revocations/prove-token.ts";
import { createRevocations } from "../../../../issuer/revocations/revocations.ts";
import { singleSource } from "../../../../issuer/use-signer.ts";
import { createVerifier, fromUrl } from "../../../../shared/index.ts";
import type { JsonObject } from "../../../../shared/json.ts";
import { revocationPrefix } from "../../../../shared/revocations/prefix.ts";
import { startBrokenDynamoDb, startDynamoDb } from "../../../support/dynamodb.ts";
import type { LocalDynamoDb } from "../../../support/dynamodb.ts";
import {
  makeDocument,
  makeKey,
  makeRoot,
  seconds,
  signKeySet,
  signToken,
  TEST_ISSUER,
  TEST_RING,
} from "../../../support/key-sets.ts";
import type { TestKey, TestRoot } from "../../../support/key-sets.ts";
import { startKeySetServer } from "../../../support/key-set-server.ts";
import type { KeySetServer } from "../../../support/key-set-server.ts";
import { createLocalSigner } from "../../../support/local-signer.ts";
import { sendRaw } from "../../../support/raw-http.ts";

const NOW = 1_800_000_000;
const K = 60;
const SECRET = "a-secret-that-nobody-would-ever-guess";

let dynamodb: LocalDynamoDb;
let gateway: KeySetServer;
let root: TestRoot;
let key: TestKey;
let stranger: TestKey;
let server: HttpServer;
let table = "";
let tables = 0;
const log: RevocationLogEntry[] = [];

beforeAll(async () => {
  [dynamodb, gateway, root, key, stranger] = await Promise.all([
    startDynamoDb(),
    startKeySetServer(),
    makeRoot(),
    makeKey("ES256"),
    makeKey("ES256"),
  ]);
  gateway.serve(await signKeySet(makeDocument([key], seconds(NOW - 10)), root));
  for (const [name, value] of Object.entries(dynamodb.env)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  await gateway.close();
  await dynamodb.close();
});
beforeEach(async () => {
  await server?.close();
  table = `revocations-${(tables += 1)}`;
  await dynamodb.createTable(table);
  server = await serve([table]);
  log.length = 0;
});

/** The service, with tables of revocations. */
async function serve(names: readonly string[], url = gateway.url): Promise<HttpServer> {
  const clock = (): ReturnType<typeof seconds> => seconds(NOW);
  const revoking: IssuerAppOptions["revoking"] = {
    revocations: createRevocations({ issuer: TEST_ISSUER, tables: names, clock }),
    verifier: createVerifier({
      issuer: TEST_ISSUER,
      audiences: [NO_AUDIENCE],
      anchors: [root.jwk],
      keySets: fromUrl(url),
      clock: () => NOW * 1000,
    }),
    clockSkewSeconds: K,
    clock,
    log: (entry) => void log.push(entry),
  };
  const signer = await createLocalSigner("ES256");
  const source = { current: async () => signer };
  const app = createIssuerApp({
    issuer: createIssuer({ issuer: TEST_ISSUER, ring: source, maxTokenTtlSeconds: 600 }),
    readiness: createReadiness({ signers: singleSource(source), nowMs: Date.now }),
    callerSecret: SECRET,
    log: () => undefined,
    nowMs: () => NOW * 1000,
    revoking,
  });
  return startHttpServer({ handler: (request, target) => app.fetch(request, { target }), host: "127.0.0.1", port: 0 });
}

async function token(changes: JsonObject = {}, signer = key): Promise<string> {
  const claims = { iss: TEST_ISSUER, aud: "https://api.example.com", jti: "one", iat: NOW, exp: NOW + 300 };
  return signToken({ ...claims, ...changes }, signer, { kid: key.kid });
}

const AUTHORIZED = { authorization: `Bearer ${SECRET}` };

function post(path: string, body?: string | URLSearchParams, headers: object = AUTHORIZED): Promise<Response> {
  return fetch(`${server.url}${path}`, {
    method: "POST",
    ...(body === undefined ? {} : { body }),
    headers: { ...headers },
  });
}

function revoke(shown: string): Promise<Response> {
  return post("/revoke", new URLSearchParams({ token: shown }));
}

async function entries(name = table): Promise<readonly string[]> {
  const items = await dynamodb.scan(name);
  return items.flatMap(({ entry, expires_at: end }) =>
    end === undefined ? [] : [(entry as { readonly S: string }).S],
  );
}

const ENTRY = entryKey({
  kind: "jti",
  prefix: revocationPrefix("jti", TEST_ISSUER, "one"),
  expiresAt: seconds(NOW + 300),
});

function sessionEntry(sid: string): string {
  return entryKey({ kind: "sid", prefix: revocationPrefix("sid", TEST_ISSUER, sid), revokedAt: seconds(NOW) });
}

describe("POST /revoke", () => {
  test("takes back a token for an independent client of RFC 7009, and logs no token", async () => {
    const shown = await token();
    const authorizationServer = { issuer: TEST_ISSUER, revocation_endpoint: `${server.url}/revoke` };
    const authenticate: oauth.ClientAuth = (_as, _client, _body, headers) =>
      headers.set("authorization", `Bearer ${SECRET}`);
    const response = await oauth.revocationRequest(authorizationServer, { client_id: "backend" }, authenticate, shown, {
      [oauth.allowInsecureRequests]: true,
      additionalParameters: { token_type_hint: "access_token" },
    });
    await expect(oauth.processRevocationResponse(response)).resolves.toBeUndefined();
    expect(await entries()).toEqual([ENTRY]);
    expect(log).toEqual([
      {
        time: "2027-01-15T08:00:00.000Z",
        status: 200,
        jti: "one",
        entry: ENTRY,
        stored: [table],
        durationMs: expect.any(Number) as number,
      },
    ]);
    expect(JSON.stringify(log)).not.toContain(shown.slice(0, 20));
  });

  test("answers the same for a token that is taken back already, and whatever the hint says", async () => {
    for (const hint of ["access_token", "refresh_token", "something_else"]) {
      const response = await post("/revoke", new URLSearchParams({ token: await token(), token_type_hint: hint }));
      expect([response.status, await response.text()]).toEqual([200, ""]);
    }
    expect(await entries()).toEqual([ENTRY]);
  });

  test.each([
    ["has expired", { iat: NOW - 600, exp: NOW - 300 }, "token_expired"],
    ["is of another issuer", { iss: "https://elsewhere.example.com" }, "issuer_mismatch"],
  ] as const)("a token that %s: 200, and nothing is written", async (_, changes, code) => {
    expect((await revoke(await token(changes))).status).toBe(200);
    expect(await entries()).toEqual([]);
    expect(log).toMatchObject([{ status: 200, code }]);
  });

  test("a token that is forged, or none at all: 200, and nothing is written", async () => {
    for (const shown of [await token({}, stranger), "not-a-token", "a.b.c", "x".repeat(20_000)]) {
      const response = await revoke(shown);
      expect([response.status, await response.text()]).toEqual([200, ""]);
    }
    expect(await entries()).toEqual([]);
    expect(log.map(({ code }) => code)).toEqual([
      "signature_invalid",
      "token_malformed",
      "token_malformed",
      "token_too_large",
    ]);
  });

  test("a good token that has nothing to be taken back by is no success: 400", async () => {
    const response = await revoke(await token({ jti: "" }));
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: "unsupported_token_type", error_description: expect.stringContaining("no jti") as string },
    ]);
  });

  test.each([
    ["no parameter", "", {}],
    ["an empty token", "token=", {}],
    ["a token in the URL", "", {}],
    ["a token twice", "token=a&token=b", {}],
    ["a hint twice", "token=a&token_type_hint=x&token_type_hint=y", {}],
    ["JSON", '{"token":"a"}', { "content-type": "application/json" }],
    ["no media type", "token=a", { "content-type": "" }],
    ["no UTF-8 behind a good beginning", new Uint8Array([0x74, 0xff]), {}],
    ["a body that is too long", `token=${"a".repeat(70_000)}`, {}],
  ] as const)("%s is 400 invalid_request", async (what, body, headers) => {
    const response = await fetch(`${server.url}/revoke${what === "a token in the URL" ? "?token=a" : ""}`, {
      method: "POST",
      body,
      headers: { ...AUTHORIZED, "content-type": "application/x-www-form-urlencoded", ...headers },
    });
    expect(response.status).toBe(400);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.json()).toMatchObject({ error: "invalid_request" });
    expect(await entries()).toEqual([]);
  });

  test.each(["", `Bearer ${SECRET}x`, `Basic ${SECRET}`])(
    "for the caller %j it is 401, and no body is read",
    async (authorization) => {
      const response = await post("/revoke", new URLSearchParams({ token: await token() }), { authorization });
      expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
      expect(await response.json()).toMatchObject({ error: "invalid_client" });
      expect(await entries()).toEqual([]);
      expect(log).toMatchObject([{ status: 401, code: "unauthorized" }]);
    },
  );

  test("other methods are 405", async () => {
    const response = await fetch(`${server.url}/revoke`, { headers: AUTHORIZED });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

describe("POST /sessions/<sid>/revoke", () => {
  test.each(["session-17", "a/b", "ä ö?#%", "..", ".", "revoke", "\u{1f511}", "+"])(
    "takes back the session %j",
    async (sid) => {
      // `fetch` would make another URL of dots; what sends them encoded does not.
      const segment = encodeURIComponent(sid).replaceAll(".", "%2E");
      const request = [`POST /sessions/${segment}/revoke HTTP/1.1`, "Host: localhost", "Connection: close"];
      const lines = [...request, `Authorization: Bearer ${SECRET}`, "Content-Length: 0", "", ""];
      expect((await sendRaw(Number(new URL(server.url).port), lines.join("\r\n"))).status).toBe(200);
      expect(await entries()).toEqual([sessionEntry(sid)]);
      expect(log).toMatchObject([{ status: 200, entry: sessionEntry(sid), stored: [table] }]);
      expect(log[0]?.jti).toBeUndefined();
    },
  );

  test("in a loop makes one entry a minute", async () => {
    for (let count = 0; count < 20; count += 1) await post("/sessions/s/revoke");
    expect(await entries()).toHaveLength(1);
  });

  test.each([
    ["/sessions//revoke", 400],
    ["/sessions/%ZZ/revoke", 400],
    ["/sessions/%FF/revoke", 400],
    ["/sessions/%C3/revoke", 400],
    [`/sessions/${"x".repeat(16_000)}x`, 404],
    ["/sessions/a/b/revoke", 404],
    ["/sessions/a", 404],
    ["/sessions/a/revoke/", 404],
    ["/sessions", 404],
  ])("%s is %i", async (path, status) => {
    expect((await post(path)).status).toBe(status);
    expect(await entries()).toEqual([]);
  });

  test("without the secret is 401; by another method 405", async () => {
    expect((await post("/sessions/s/revoke", undefined, {})).status).toBe(401);
    expect((await fetch(`${server.url}/sessions/s/revoke`, { headers: AUTHORIZED })).status).toBe(405);
    expect(await entries()).toEqual([]);
  });
});

test.each([
  ["/sessions/a%20b/revoke?x=/revoke", { ok: true, value: "a b" }],
  ["/sessions/%2E%2E/revoke", { ok: true, value: ".." }],
  ["/sessions/a?/revoke", undefined],
  ["http://localhost/sessions/a/revoke", undefined],
  // Read as Latin-1 by the server: whose session that would be is not known.
  ["/sessions/\u00c3\u00a4/revoke", { ok: false, error: "invalid" }],
])("the target %j is about %j", (target, sid) => {
  expect(sessionOf(target)).toEqual(sid);
});

describe("while it cannot be written", () => {
  async function expectNothingRevoked(response: Response, code: string): Promise<void> {
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, expect.stringMatching(/^\d+$/)]);
    expect(await response.json()).toMatchObject({ status: 503, code });
  }

  test("DynamoDB is down: 503 for tokens and sessions, never 200", async () => {
    const broken = await startBrokenDynamoDb(500, "InternalServerError");
    vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", broken.endpoint);
    await server.close();
    server = await serve(["elsewhere"]);
    await expectNothingRevoked(await revoke(await token()), "revocation_table_unreachable");
    await expectNothingRevoked(await post("/sessions/s/revoke"), "revocation_table_unreachable");
    expect(log).toMatchObject([
      { status: 503, code: "revocation_table_unreachable", message: expect.stringContaining("elsewhere") as string },
      { status: 503 },
    ]);
    vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", dynamodb.endpoint);
    broken.close();
  });

  test("one of two tables has it: 200, and the log names the other", async () => {
    await server.close();
    server = await serve([table, "missing"]);
    expect((await revoke(await token())).status).toBe(200);
    expect(log).toMatchObject([{ stored: [table], failed: { missing: "revocation_table_missing" } }]);
  });

  test("the list is full: 503", async () => {
    const counts = { jti: 90_000, sid: 0, sub: 0 };
    await createDynamoDbRevocations(table).writeNote(TEST_ISSUER, TEST_RING, { counts, since: seconds(NOW) });
    await expectNothingRevoked(await revoke(await token()), "revocations_full");
    expect((await post("/sessions/s/revoke")).status).toBe(200);
  });

  test("the gateway hands out no key set: 503, since a bad token is not told from a good one", async () => {
    const down = await startKeySetServer();
    await server.close();
    server = await serve([table], down.url);
    await expectNothingRevoked(await revoke(await token()), "revocation_unverified");
    expect(await entries()).toEqual([]);
    await down.close();
  });
});

test("without it the service has no such endpoints", async () => {
  const signer = await createLocalSigner("ES256");
  const source = { current: async () => signer };
  const app = createIssuerApp({
    issuer: createIssuer({ issuer: TEST_ISSUER, ring: source, maxTokenTtlSeconds: 600 }),
    readiness: createReadiness({ signers: singleSource(source), nowMs: Date.now }),
    callerSecret: SECRET,
    log: () => undefined,
    nowMs: Date.now,
  });
  for (const path of ["/revoke", "/sessions/s/revoke"]) {
    expect((await app.request(path, { method: "POST", headers: AUTHORIZED })).status).toBe(404);
  }
});

test("what became of the requests is counted, by code", async () => {
  await revoke(await token());
  await post("/revoke", "");
  const text = await (await fetch(`${server.url}/metrics`)).text();
  expect(text).toMatch(/^sealgate_revocations_total 1$/m);
  expect(text).toMatch(/^sealgate_revocation_failures_total\{code="input_invalid"\} 1$/m);
});
