/** What of a client's headers reaches the origin, and what the origin is told about the caller. */
import { beforeAll, describe, expect, test } from "vitest";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import { echoOf, makeFixture } from "../fixture.ts";
import type { Fixture } from "../fixture.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await makeFixture();
});

async function headersAtOrigin(
  headers: Record<string, string>,
  claims: Record<string, string> = {},
): Promise<Readonly<Record<string, string>>> {
  return (await echoOf(await fixture.sendAs(claims, "/api/x", { headers }))).headers;
}

async function headersAtOriginOfOpenRoute(headers: Record<string, string>): Promise<Readonly<Record<string, string>>> {
  return (await echoOf(await fixture.send("/public/x", { headers }))).headers;
}

describe("identity headers", () => {
  test("say who calls and with which scopes", async () => {
    const headers = await headersAtOrigin({}, { sub: "user-7", scope: "a b" });
    expect(headers).toMatchObject({ "x-sealgate-subject": "user-7", "x-sealgate-scope": "a b" });
  });

  test.each([
    "x-sealgate-subject",
    "X-Sealgate-Subject",
    "x_sealgate_subject",
    "x-sealgate_subject",
    "X.Sealgate.Subject",
    "x-sealgate!subject",
    "x-sealgate-role",
    "x_sealgate_anything",
  ])("sent by a client as %s never reach the origin", async (name) => {
    for (const headers of [
      await headersAtOrigin({ [name]: "admin" }, { sub: "user-7" }),
      await headersAtOriginOfOpenRoute({ [name]: "admin" }),
    ]) {
      expect(Object.values(headers)).not.toContain("admin");
    }
  });

  test("are absent for a claim that the token lacks, and on an open route", async () => {
    const response = await fixture.sendAs({ sub: undefined }, "/api/x", { headers: { "x-sealgate-subject": "admin" } });
    const withoutSubject = (await echoOf(response)).headers;
    expect(Object.keys(withoutSubject).filter((name) => name.startsWith("x-sealgate"))).toEqual([]);
    const anonymous = await headersAtOriginOfOpenRoute({ authorization: `Bearer ${await fixture.token()}` });
    expect(Object.keys(anonymous).filter((name) => name.startsWith("x-sealgate"))).toEqual([]);
  });

  test.each([
    ["Zoë / 100%", "Zo%C3%AB / 100%25"],
    ["a\r\nx-admin: 1", "a%0D%0Ax-admin: 1"],
    [" padded ", "%20padded%20"],
    ["auth0|5f", "auth0|5f"],
    ["\u0000", "%00"],
  ])("carry %j so that decodeURIComponent gives it back", async (sub, encoded) => {
    const headers = await headersAtOrigin({}, { sub });
    expect(headers["x-sealgate-subject"]).toBe(encoded);
    expect(decodeURIComponent(encoded)).toBe(sub);
    expect(headers["x-admin"]).toBeUndefined();
  });

  test("carry the replacement character for half a surrogate pair, which no encoding knows", async () => {
    expect((await headersAtOrigin({}, { sub: "a\ud800b" }))["x-sealgate-subject"]).toBe("a%EF%BF%BDb");
  });

  test("cannot be removed by naming them in Connection", async () => {
    const headers = await headersAtOrigin({ connection: "x-sealgate-subject, close" }, { sub: "user-7" });
    expect(headers["x-sealgate-subject"]).toBe("user-7");
  });
});

describe("a scope with white space in it", () => {
  test.each([
    [["orders", "no admin"], "orders"],
    [["no admin"], undefined],
    ["orders no\tadmin", "orders"],
    [["orders", "", "a\u00a0admin", 7, "read"], "orders read"],
  ])("%j grants no admin, and the origin is told %s", async (scope, told) => {
    const routes = defineRoutes([
      { path: "/admin", require: { scope: ["admin"] } },
      { path: "/api/*", require: {} },
    ]);
    const strict = await makeFixture({ routes });
    expect((await strict.sendAs({ scope }, "/admin")).status).toBe(403);
    expect((await echoOf(await strict.sendAs({ scope }, "/api/x"))).headers["x-sealgate-scope"]).toBe(told);
  });
});

describe("headers that a client cannot send through", () => {
  test.each([
    "keep-alive",
    "te",
    "trailer",
    "proxy-authorization",
    "proxy-connection",
    "x-http-method-override",
    "X_HTTP_Method_Override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
    "x-original-method",
    "X.HTTP.Method",
    "proxy",
    "true-client-ip",
    "x_client_ip",
    "x-original-host",
    "x-forwarded-prefix",
    "x_forwarded_for",
    "x-forwarded-user",
    "forwarded",
    "x-real-ip",
  ])("%s", async (name) => {
    const values = Object.values(await headersAtOrigin({ [name]: "smuggled" }));
    expect(values.filter((value) => value.includes("smuggled"))).toEqual([]);
  });

  test("those named in Connection", async () => {
    const headers = await headersAtOrigin({ connection: "close, X-Hop", "x-hop": "1", "x-kept": "2" });
    expect(headers["x-hop"]).toBeUndefined();
    expect(headers["x-kept"]).toBe("2");
  });

  test("an upgrade to anything but a WebSocket", async () => {
    expect((await headersAtOrigin({ upgrade: "h2c" }))["upgrade"]).toBeUndefined();
  });
});

describe("where the request came from", () => {
  test("is the gateway's to say", async () => {
    const headers = await headersAtOrigin({
      "cf-connecting-ip": "203.0.113.7",
      "x-forwarded-for": "10.0.0.1",
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "gopher",
      forwarded: "for=10.0.0.1",
    });
    expect(headers).toMatchObject({
      "x-forwarded-for": "203.0.113.7",
      "x-forwarded-host": "api.example.com",
      "x-forwarded-proto": "https",
    });
    expect(headers["forwarded"]).toBeUndefined();
  });

  test("is not made up when it is unknown", async () => {
    expect((await headersAtOrigin({ "x-forwarded-for": "10.0.0.1" }))["x-forwarded-for"]).toBeUndefined();
  });
});

describe("the rest", () => {
  test("passes unchanged", async () => {
    const sent = { accept: "text/html", cookie: "a=1; b=2", "x-request-id": "r-1", "if-none-match": '"e"' };
    expect(await headersAtOrigin(sent)).toMatchObject(sent);
  });

  test("the token reaches the origin, unless it is configured to stay here", async () => {
    const keeping = await headersAtOrigin({});
    expect(keeping["authorization"]).toMatch(/^Bearer /);
    const removing = await makeFixture({ vars: { FORWARD_AUTHORIZATION: "remove" } });
    const { headers } = await echoOf(await removing.sendAs({}, "/api/x"));
    expect(headers["authorization"]).toBeUndefined();
    expect(headers["x-sealgate-subject"]).toBe("user-1");
  });

  test("authenticated requests are kept out of the shared cache, open ones are not", async () => {
    expect((await headersAtOrigin({}))["cache-control"]).toBe("no-cache");
    expect((await headersAtOriginOfOpenRoute({}))["cache-control"]).toBeUndefined();
  });
});
