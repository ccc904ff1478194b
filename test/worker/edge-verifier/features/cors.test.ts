/** Cross-origin requests: which preflights are answered, and who may read which answer. */
import { beforeAll, describe, expect, test } from "vitest";
import { ORIGIN_REDIRECTS } from "../../../support/echo-origin.ts";
import { configure, makeFixture, problemOf } from "../fixture.ts";
import type { Fixture } from "../fixture.ts";

const APP = "https://app.example.com";
const CORS_ORIGINS = `${APP}, http://localhost:5173`;

let fixture: Fixture;
beforeAll(async () => {
  fixture = await makeFixture({ vars: { CORS_ORIGINS } });
});

function preflight(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const announced = { origin: APP, "access-control-request-method": "GET", ...headers };
  return fixture.send(path, { method: "OPTIONS", headers: announced });
}

const corsHeaders = ({ headers }: Response): readonly string[] =>
  [...headers.keys()].filter((name) => name.startsWith("access-control-"));

describe("a preflight", () => {
  test("from a configured origin is answered here, without a token", async () => {
    const asked = "authorization, content-type";
    const response = await preflight("/api/admin/users", { "access-control-request-headers": asked });
    expect(response.status).toBe(204);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      "access-control-allow-origin": APP,
      "access-control-allow-methods": "GET",
      "access-control-allow-headers": asked,
      "access-control-max-age": "600",
      "cache-control": "no-store",
    });
    expect(response.headers.get("vary")).toBe("Access-Control-Request-Method, Access-Control-Request-Headers, Origin");
    expect(response.headers.has("access-control-allow-credentials")).toBe(false);
    expect(fixture.events.at(-1)).toMatchObject({ decision: "answered", route: "/api/admin/*" });
    expect(fixture.originCalls()).toBe(0);
  });

  test.each([
    "https://app.example.com.evil.example",
    "https://evil.example",
    "http://app.example.com",
    "https://app.example.com:8443",
    "https://APP.example.com",
    "https://sub.app.example.com",
    "null",
    "*",
    "",
  ])("from %j is refused, whatever else it says", async (origin) => {
    const response = await preflight("/api/x", { origin });
    expect(await problemOf(response)).toMatchObject({ status: 403, code: "cors_origin_denied" });
    expect(corsHeaders(response)).toEqual([]);
    expect(response.headers.get("vary")).toBe("Origin");
    expect(fixture.originCalls()).toBe(0);
  });

  test.each([
    ["/nowhere", "GET", 404],
    ["/exact", "GET", 405],
    ["/api/reports/1", "DELETE", 204],
    ["/api/x", "TRACE", 405],
    ["/api/x", "get", 405],
    ["/public/..%2fapi", "GET", 400],
    ["/API/x", "GET", 400],
  ])("for %s %s gets what the path and method would get: %i", async (path, method, status) => {
    const response = await preflight(path, { "access-control-request-method": method });
    expect(response.status).toBe(status);
    expect(fixture.originCalls()).toBe(0);
  });

  test("header names are repeated only when they are names", async () => {
    for (const asked of ["a b", "a,", "x".repeat(2049), "a;b", "<script>"]) {
      const response = await preflight("/api/x", { "access-control-request-headers": asked });
      expect(response.headers.has("access-control-allow-headers")).toBe(false);
    }
  });

  test("that is none (no announced method, or no origin) is a request like any other", async () => {
    for (const headers of [{ origin: APP }, { "access-control-request-method": "GET" }]) {
      expect((await fixture.send("/api/x", { method: "OPTIONS", headers })).status).toBe(401);
    }
    expect(fixture.originCalls()).toBe(0);
  });

  test.each(["GET", "POST"])("is sent with OPTIONS: a %s that looks like one needs its token", async (method) => {
    const headers = { origin: APP, "access-control-request-method": "GET" };
    expect((await fixture.send("/api/x", { method, headers })).status).toBe(401);
  });

  test("without configuration is a request like any other", async () => {
    const plain = await makeFixture();
    const headers = { origin: APP, "access-control-request-method": "GET" };
    expect((await plain.send("/api/x", { method: "OPTIONS", headers })).status).toBe(401);
    expect((await plain.sendAs({}, "/api/x", { method: "OPTIONS", headers })).status).toBe(200);
    expect(plain.originCalls()).toBe(1);
  });
});

describe("an answer", () => {
  test("may be read by a configured origin, refusals too", async () => {
    for (const response of [
      await fixture.sendAs({}, "/api/x", { headers: { origin: APP } }),
      await fixture.send("/api/x", { headers: { origin: APP } }),
      await fixture.send("/nowhere", { headers: { origin: APP } }),
      await fixture.send("/.well-known/sealgate/health", { headers: { origin: APP } }),
    ]) {
      expect(response.headers.get("access-control-allow-origin")).toBe(APP);
      expect(response.headers.get("access-control-expose-headers")).toContain("WWW-Authenticate");
      expect(response.headers.get("vary")).toBe("Origin");
    }
  });

  test("may not be read by others, who need their token all the same", async () => {
    const response = await fixture.sendAs({}, "/api/x", { headers: { origin: "https://evil.example" } });
    expect(response.status).toBe(200);
    expect(corsHeaders(response)).toEqual([]);
    expect(response.headers.get("vary")).toBe("Origin");
    expect((await fixture.send("/api/x", { headers: { origin: "https://evil.example" } })).status).toBe(401);
  });

  test("cannot be opened to everybody by the origin server", async () => {
    const open = {
      fetch: async () =>
        new Response("", {
          headers: {
            "access-control-allow-origin": "*",
            "access-control-allow-credentials": "true",
            "access-control-expose-headers": "x-total",
            vary: "Accept",
          },
        }),
    };
    const guarded = await makeFixture({ vars: { CORS_ORIGINS, ORIGIN: open } });
    const toOthers = await guarded.sendAs({}, "/api/x", { headers: { origin: "https://evil.example" } });
    expect(toOthers.headers.has("access-control-allow-origin")).toBe(false);
    expect(toOthers.headers.has("access-control-allow-credentials")).toBe(false);
    const toApp = await guarded.sendAs({}, "/api/x", { headers: { origin: APP } });
    expect(toApp.headers.get("access-control-allow-origin")).toBe(APP);
    expect(toApp.headers.has("access-control-allow-credentials")).toBe(false);
    expect(toApp.headers.get("access-control-expose-headers")).toBe("x-total, WWW-Authenticate, Retry-After");
    expect(toApp.headers.get("vary")).toBe("Accept, Origin");
    const unguarded = await makeFixture({ vars: { ORIGIN: open } });
    expect((await unguarded.sendAs({}, "/api/x")).headers.get("access-control-allow-origin")).toBe("*");
  });

  test("carries credentials only when that is configured", async () => {
    const withCookies = await makeFixture({ vars: { CORS_ORIGINS, CORS_CREDENTIALS: "true" } });
    const response = await withCookies.sendAs({}, "/api/x", { headers: { origin: APP } });
    expect(response.headers.get("access-control-allow-credentials")).toBe("true");
  });

  test("keeps what the origin has sent: status, cookies, redirects", async () => {
    const response = await fixture.sendAs({}, "/api/x", { headers: { origin: APP } });
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
    const redirect = await fixture.sendAs({}, `/api${ORIGIN_REDIRECTS}`, { headers: { origin: APP } });
    expect(redirect.status).toBe(302);
  });
});

describe("pages of apps, extensions and previews", () => {
  const LISTED = "capacitor://localhost, chrome-extension://abcdefghijklmnop, https://*.app.example.com";

  test.each(["capacitor://localhost", "chrome-extension://abcdefghijklmnop", "https://feature-7.app.example.com"])(
    "%s may read answers, and act with a cookie",
    async (origin) => {
      const app = await makeFixture({ vars: { CORS_ORIGINS: LISTED, TOKEN_CARRIERS: "cookie", TOKEN_COOKIE: "t" } });
      const announced = { origin, "access-control-request-method": "POST" };
      const answered = await app.send("/api/x", { method: "OPTIONS", headers: announced });
      expect([answered.status, answered.headers.get("access-control-allow-origin")]).toEqual([204, origin]);
      const headers = { origin, "sec-fetch-site": "cross-site", cookie: `t=${await app.token()}` };
      expect((await app.send("/api/x", { method: "POST", headers })).status).toBe(200);
    },
  );

  test.each([
    "tauri://localhost",
    "capacitor://localhost:80",
    "https://a.b.app.example.com",
    "https://app.example.com",
  ])("%s, which is not listed, may not", async (origin) => {
    const app = await makeFixture({ vars: { CORS_ORIGINS: LISTED, TOKEN_CARRIERS: "cookie", TOKEN_COOKIE: "t" } });
    const announced = { origin, "access-control-request-method": "POST" };
    expect((await app.send("/api/x", { method: "OPTIONS", headers: announced })).status).toBe(403);
    const headers = { origin, "sec-fetch-site": "cross-site", cookie: `t=${await app.token()}` };
    expect((await app.send("/api/x", { method: "POST", headers })).status).toBe(403);
  });
});

describe("the configuration", () => {
  test.each([
    "*",
    "null",
    "app.example.com",
    "https://app.example.com/",
    "https://*.example.com/x",
    "https://*.example.com",
    "https://app.example.com, https://*.example.com",
    "HTTPS://a.example",
    "https://a.example:443",
    "ftp://a.example",
    ",",
    [],
  ])("%j is refused at start", async (value) => {
    const broken = await makeFixture({ vars: { CORS_ORIGINS: value } });
    expect((await broken.send("/public/x")).status).toBe(500);
    expect(broken.events[0]?.refusal).toMatchObject({ problems: [{ variable: "CORS_ORIGINS" }] });
  });

  test("credentials without web origins have no effect, and are refused at start", async () => {
    const problem = "has no effect without CORS_ORIGINS: list the web origins there";
    const { problems } = await configure({ CORS_CREDENTIALS: "true" });
    expect(problems).toEqual([{ variable: "CORS_CREDENTIALS", problem }]);
    expect((await configure({ CORS_CREDENTIALS: "false" })).problems).toEqual([]);
  });

  test("a switch that is neither true nor false is refused at start", async () => {
    const broken = await makeFixture({ vars: { CORS_ORIGINS, CORS_CREDENTIALS: "yes" } });
    expect(await problemOf(await broken.send("/public/x"))).toMatchObject({ code: "config_invalid" });
  });
});
