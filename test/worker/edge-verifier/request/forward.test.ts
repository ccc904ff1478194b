/** The string that is matched is the string that is forwarded: paths at the handler. Over sockets: test/e2e. */
import { beforeAll, describe, expect, test } from "vitest";
import { readTarget } from "../../../../edge-verifier/http/path-guard.ts";
import { forward } from "../../../../edge-verifier/request/forward.ts";
import { removedNames } from "../../../../edge-verifier/http/request-headers.ts";
import { valueOf } from "../../../support/values.ts";
import { echoOf, makeFixture, problemOf } from "../fixture.ts";
import type { Fixture } from "../fixture.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await makeFixture();
});

describe("refused, and the origin never called", () => {
  test.each([
    "/public/%5c..%5capi%5cadmin",
    "/public/..%2fapi/admin",
    "/public/%252e%252e/api/admin",
    "/public//api/admin",
    "//api/x",
    "/api/admin;x=1/users",
    "/api/%61dmin/users",
    "/api/x%00",
    "/api/x%0d%0aHost:evil",
    "/api/%c0%ae%c0%ae/admin",
    "/api/x.",
    "/api/.../x",
    "/api/%zz",
    "/api/%",
    "/api/%EF%BC%8Fadmin",
    `/api/${"x".repeat(8000)}`,
  ])("%s", async (path) => {
    const response = await fixture.sendAs({ scope: "admin" }, path);
    expect(await problemOf(response)).toMatchObject({ status: 400, code: "path_ambiguous" });
    expect(fixture.originCalls()).toBe(0);
  });

  test.each([
    "/API/admin",
    "/api/ADMIN/users",
    "/api/%EF%BD%81dmin",
    "/api/adm%C4%B1n",
    "/api/adm%C4%B0n",
    "/api/admin%20",
    "/Exact",
  ])("%s, which only some origins take for a path of another rule", async (path) => {
    const method = path === "/Exact" ? "POST" : "GET";
    const response = await fixture.sendAs({}, path, { method });
    expect(await problemOf(response)).toMatchObject({ status: 400, code: "path_ambiguous" });
    expect(fixture.originCalls()).toBe(0);
  });
});

describe("forwarded as it came", () => {
  test.each([
    "/api",
    "/api/",
    "/api/a%20b",
    "/api/user%40example.com",
    "/api/~me/a,b;".slice(0, -1),
    "/api/%E2%82%AC",
    "/api/sat%C4%B1c%C4%B1",
    "/api/README",
    "/api/v1.2/x",
    "/api/(1)*!$&'+:=@",
  ])("%s", async (path) => {
    const response = await fixture.sendAs({}, `${path}?a=%2e%2e/&b=;`);
    expect(response.status).toBe(200);
    const { url } = await echoOf(response);
    expect(url).toBe(`https://origin.invalid${path}?a=%2e%2e/&b=;`);
  });

  test("a trailing slash does not lead past a rule", async () => {
    expect((await fixture.sendAs({}, "/api/admin/")).status).toBe(403);
    expect((await fixture.sendAs({}, "/exact/", { method: "POST" })).status).toBe(200);
  });

  test("below a base URL with a path", async () => {
    const target = valueOf(readTarget("https://api.example.com/api/x?y"));
    const sent: string[] = [];
    const fetcher = {
      fetch: async (request: Request): Promise<Response> => {
        sent.push(request.url);
        return new Response();
      },
    };
    const origin = { fetcher, base: "https://o.example/base", mount: "", timeoutMs: 1000, forwardAuthorization: true };
    await forward(new Request("https://api.example.com/api/x?y"), target, undefined, "r-1", origin, FORWARDING);
    expect(sent).toEqual(["https://o.example/base/api/x?y"]);
  });
});

/** As without any configuration. */
const FORWARDING = {
  hooks: {},
  removed: removedNames([]),
};

test("a path that parsing the outgoing URL would change is not sent, even if the guard had let it pass", async () => {
  let calls = 0;
  const fetcher = {
    fetch: async (): Promise<Response> => {
      calls += 1;
      return new Response();
    },
  };
  const origin = { fetcher, base: "https://o.example", mount: "", timeoutMs: 1000, forwardAuthorization: true };
  for (const path of ["/public/../admin", "/a\\b", "/a b", "/a#b", "/%2e%2e/x"]) {
    const target = { scheme: "https", authority: "api.example.com", path, query: "" };
    const result = await forward(new Request("https://api.example.com/"), target, undefined, "r-1", origin, FORWARDING);
    expect(result).toEqual({ ok: false, error: { code: "path_unsafe", reason: "altered_by_url_parser" } });
  }
  expect(calls).toBe(0);
});
