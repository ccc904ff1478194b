/** Taking tokens back over real HTTP: RFC 7009, with an independent client. */
import * as oauth from "oauth4webapi";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createDynamoDbRevocations } from "../../../../issuer/revocations/dynamodb/store.ts";
import { entryKey } from "../../../../issuer/revocations/entry.ts";
import { revocationPrefix } from "../../../../shared/revocations/prefix.ts";
import { startBrokenDynamoDb } from "../../../support/dynamodb.ts";
import { makeKey, seconds, TEST_ISSUER, TEST_RING } from "../../../support/key-sets.ts";
import { startKeySetServer } from "../../../support/key-set-server.ts";
import { jsonObject } from "../../../support/values.ts";
import { AUTHORIZED, issuerApp, NOW, SECRET, startRevokingService } from "./revoking-service.ts";
import type { RevokingService } from "./revoking-service.ts";

let service: RevokingService;
beforeAll(async () => {
  service = await startRevokingService();
});
afterAll(() => service.close());
beforeEach(() => service.restart());

const ENTRY = entryKey({
  kind: "jti",
  prefix: revocationPrefix("jti", TEST_ISSUER, "one"),
  expiresAt: seconds(NOW + 300),
});

describe("POST /revoke", () => {
  test("takes back a token for an independent client of RFC 7009, and logs no token", async () => {
    const shown = await service.token();
    const authorizationServer = { issuer: TEST_ISSUER, revocation_endpoint: `${service.url()}/revoke` };
    const authenticate: oauth.ClientAuth = (_as, _client, _body, headers) =>
      headers.set("authorization", `Bearer ${SECRET}`);
    const response = await oauth.revocationRequest(authorizationServer, { client_id: "backend" }, authenticate, shown, {
      [oauth.allowInsecureRequests]: true,
      additionalParameters: { token_type_hint: "access_token" },
    });
    await expect(oauth.processRevocationResponse(response)).resolves.toBeUndefined();
    expect(await service.entries()).toEqual([ENTRY]);
    expect(service.log).toEqual([
      {
        time: "2027-01-15T08:00:00.000Z",
        status: 200,
        jti: "one",
        entry: ENTRY,
        stored: [service.table()],
        durationMs: expect.any(Number) as number,
      },
    ]);
    expect(JSON.stringify(service.log)).not.toContain(shown.slice(0, 20));
  });

  test("answers the same for a token that is taken back already, and whatever the hint says", async () => {
    for (const hint of ["access_token", "refresh_token", "something_else"]) {
      const response = await service.post(
        "/revoke",
        new URLSearchParams({ token: await service.token(), token_type_hint: hint }),
      );
      expect([response.status, await response.text()]).toEqual([200, ""]);
    }
    expect(await service.entries()).toEqual([ENTRY]);
  });

  // What curl sends for a file, and a token with a line feed is none.
  test("takes the line feed off that a file ends with", async () => {
    expect((await service.revoke(`${await service.token()}\n`)).status).toBe(200);
    expect(await service.entries()).toEqual([ENTRY]);
  });

  test.each([
    ["has expired", { iat: NOW - 600, exp: NOW - 300 }, "token_expired"],
    ["is of another issuer", { iss: "https://elsewhere.example.com" }, "issuer_mismatch"],
  ] as const)("a token that %s: 200, and nothing is written", async (_, changes, code) => {
    expect((await service.revoke(await service.token(changes))).status).toBe(200);
    expect(await service.entries()).toEqual([]);
    expect(service.log).toMatchObject([{ status: 200, code }]);
  });

  test("a token that is forged, or none at all: 200, and nothing is written", async () => {
    for (const shown of [await service.token({}, await makeKey("ES256")), "not-a-token", "a.b.c", "x".repeat(20_000)]) {
      const response = await service.revoke(shown);
      expect([response.status, await response.text()]).toEqual([200, ""]);
    }
    expect(await service.entries()).toEqual([]);
    expect(service.log.map(({ code }) => code)).toEqual([
      "signature_invalid",
      "token_malformed",
      "token_malformed",
      "token_too_large",
    ]);
  });

  test("a good token that has nothing to be taken back by is no success: 400", async () => {
    const response = await service.revoke(await service.token({ jti: "" }));
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: "unsupported_token_type", error_description: expect.stringContaining("no jti") as string },
    ]);
  });

  test.each([
    ["no parameter", "", {}],
    ["an empty token", "token=%0A", {}],
    ["a token in the URL", "", {}],
    ["a token twice", "token=a&token=b", {}],
    ["a hint twice", "token=a&token_type_hint=x&token_type_hint=y", {}],
    ["JSON", '{"token":"a"}', { "content-type": "application/json" }],
    ["no media type", "token=a", { "content-type": "" }],
    ["no UTF-8 behind a good beginning", new Uint8Array([0x74, 0xff]), {}],
    ["a body that is too long", `token=${"a".repeat(70_000)}`, {}],
  ] as const)("%s is 400 invalid_request", async (what, body, headers) => {
    const response = await fetch(`${service.url()}/revoke${what === "a token in the URL" ? "?token=a" : ""}`, {
      method: "POST",
      body,
      headers: { ...AUTHORIZED, "content-type": "application/x-www-form-urlencoded", ...headers },
    });
    expect(response.status).toBe(400);
    expect(response.headers.get("cache-control")).toBe("no-store");
    const { error, error_description: message } = jsonObject(await response.text());
    expect(error).toBe("invalid_request");
    expect(service.log).toMatchObject([{ code: "input_invalid", message }]);
    expect(await service.entries()).toEqual([]);
  });

  test.each(["", `Bearer ${SECRET}x`, `Basic ${SECRET}`])(
    "for the caller %j it is 401, and no body is read",
    async (authorization) => {
      const response = await service.post("/revoke", new URLSearchParams({ token: await service.token() }), {
        authorization,
      });
      expect([response.status, response.headers.get("www-authenticate")]).toEqual([401, "Bearer"]);
      expect(await response.json()).toMatchObject({ error: "invalid_client" });
      expect(await service.entries()).toEqual([]);
      expect(service.log).toMatchObject([{ status: 401, code: "unauthorized" }]);
    },
  );

  test("other methods are 405", async () => {
    const response = await fetch(`${service.url()}/revoke`, { headers: AUTHORIZED });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

describe("while it cannot be written", () => {
  async function expectNothingRevoked(response: Response, code: string): Promise<void> {
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, expect.stringMatching(/^\d+$/)]);
    expect(await response.json()).toMatchObject({ status: 503, code });
  }

  test("DynamoDB is down: 503 for tokens and sessions, never 200", async () => {
    const broken = await startBrokenDynamoDb(500, "InternalServerError");
    await service.restart({ tables: ["elsewhere"] });
    vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", broken.endpoint);
    await expectNothingRevoked(await service.revoke(await service.token()), "revocation_table_unreachable");
    await expectNothingRevoked(await service.post("/sessions/s/revoke"), "revocation_table_unreachable");
    expect(service.log).toMatchObject([
      { status: 503, code: "revocation_table_unreachable", message: expect.stringContaining("elsewhere") as string },
      { status: 503 },
    ]);
    broken.close();
  });

  test("one of two tables has it: 200, and the log names the other", async () => {
    await service.restart({ tables: [service.table(), "missing"] });
    expect((await service.revoke(await service.token())).status).toBe(200);
    expect(service.log).toMatchObject([{ stored: [service.table()], failed: { missing: "revocation_table_missing" } }]);
  });

  test("the list is full: 503", async () => {
    const counts = { jti: 90_000, sid: 0, sub: 0 };
    await createDynamoDbRevocations(service.table()).writeNote(TEST_ISSUER, TEST_RING, { counts, since: seconds(NOW) });
    await expectNothingRevoked(await service.revoke(await service.token()), "revocations_full");
    expect((await service.post("/sessions/s/revoke")).status).toBe(200);
  });

  test("the gateway hands out no key set: 503, since a bad token is not told from a good one", async () => {
    const down = await startKeySetServer();
    await service.restart({ gateway: down.url });
    await expectNothingRevoked(await service.revoke(await service.token()), "revocation_unverified");
    expect(await service.entries()).toEqual([]);
    await down.close();
  });
});

test("without it the service has no such endpoints", async () => {
  const app = await issuerApp();
  for (const path of ["/revoke", "/sessions/s/revoke"]) {
    expect((await app.request(path, { method: "POST", headers: AUTHORIZED })).status).toBe(404);
  }
});

test("what became of the requests is counted, by code", async () => {
  await service.revoke(await service.token());
  await service.post("/revoke", "");
  const text = await (await fetch(`${service.url()}/metrics`)).text();
  expect(text).toMatch(/^sealgate_revocations_total 1$/m);
  expect(text).toMatch(/^sealgate_revocation_failures_total\{code="input_invalid"\} 1$/m);
});
