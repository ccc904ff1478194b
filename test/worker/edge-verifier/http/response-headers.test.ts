/** What of the origin's answer is corrected on its way to the client: where it points, and who may keep it. */
import { describe, expect, test } from "vitest";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import { makeFixture } from "../fixture.ts";

const routes = defineRoutes([
  { path: "/public/*", allow: "anyone" },
  { path: "/optional/*", allow: "anonymous" },
  { path: "/api/*", require: {} },
]);

const answerWith = async (
  path: string,
  status: number,
  headers: Record<string, string>,
  vars: Record<string, unknown> = {},
): Promise<Headers> => {
  const ORIGIN = { fetch: async (): Promise<Response> => new Response(null, { status, headers }) };
  const fixture = await makeFixture({ routes, vars: { ORIGIN, ...vars } });
  return (await fixture.sendAs({}, path)).headers;
};

describe("a redirect", () => {
  test.each([
    ["https://origin.invalid/next?a=b#c", "https://api.example.com/next?a=b#c"],
    ["https://origin.invalid", "https://api.example.com/"],
    ["HTTPS://Origin.Invalid:443/next", "https://api.example.com/next"],
    ["//origin.invalid/next", "https://api.example.com/next"],
    ["/next", "/next"],
    ["next?a", "next?a"],
    ["//elsewhere.example/next", "//elsewhere.example/next"],
    ["https://", "https://"],
    ["https://elsewhere.example/next", "https://elsewhere.example/next"],
    ["https://origin.invalid.example/next", "https://origin.invalid.example/next"],
    ["https://origin.invalid@evil.example/", "https://origin.invalid@evil.example/"],
  ])("to %s goes to %s", async (location, expected) => {
    expect((await answerWith("/api/x", 302, { location })).get("location")).toBe(expected);
    expect((await answerWith("/public/x", 307, { location })).get("location")).toBe(expected);
  });

  test.each([
    ["https://origin.example.com/base/next", "https://api.example.com/next"],
    ["/base/next", "https://api.example.com/next"],
    ["/base", "https://api.example.com"],
    ["/base?a", "https://api.example.com?a"],
    ["//origin.example.com/base/next", "https://api.example.com/next"],
    ["/base//elsewhere.example", "https://api.example.com//elsewhere.example"],
    ["next", "next"],
    ["/outside", "/outside"],
    ["/based", "/based"],
    ["https://origin.example.com/outside", "https://origin.example.com/outside"],
  ])("to %s, of an origin whose base has a path, goes to %s", async (location, expected) => {
    const ORIGIN_URL = "https://origin.example.com/base";
    expect((await answerWith("/api/x", 302, { location }, { ORIGIN_URL })).get("location")).toBe(expected);
  });

  test.each([200, 202, 404])("is none with the status %i: where it points to stays", async (status) => {
    const location = "https://origin.invalid/7";
    expect((await answerWith("/api/x", status, { location })).get("location")).toBe(location);
  });

  test("is corrected where something was created, too", async () => {
    const headers = { location: "https://origin.invalid/7", "content-location": "https://origin.invalid/7" };
    const answer = await answerWith("/api/x", 201, headers);
    expect([answer.get("location"), answer.get("content-location")]).toEqual([
      "https://api.example.com/7",
      "https://api.example.com/7",
    ]);
  });
});

describe("an answer on a rule that looks at tokens", () => {
  test.each([
    [undefined, "private"],
    ["max-age=60", "max-age=60, private"],
    ["max-age=0, must-revalidate", "max-age=0, must-revalidate, private"],
    ["x-public=1", "x-public=1, private"],
    ["publicity=1", "publicity=1, private"],
    ["private, max-age=60", "private, max-age=60"],
    ["no-store", "no-store"],
    ["Public, max-age=60", "Public, max-age=60"],
    ["s-maxage=60", "s-maxage=60"],
  ])("with Cache-Control %s: %s", async (value, expected) => {
    for (const path of ["/api/x", "/optional/x"]) {
      const headers: Record<string, string> = value === undefined ? {} : { "cache-control": value };
      expect((await answerWith(path, 200, { ...headers, vary: "Accept" })).get("cache-control")).toBe(expected);
    }
  });

  test("keeps the Vary of the origin", async () => {
    expect((await answerWith("/api/x", 200, { vary: "Accept-Language" })).get("vary")).toBe("Accept-Language");
  });
});

test("an answer on an open rule stays as cacheable as the origin has made it", async () => {
  expect((await answerWith("/public/x", 200, {})).get("cache-control")).toBeNull();
  expect((await answerWith("/public/x", 200, { "cache-control": "max-age=60" })).get("cache-control")).toBe(
    "max-age=60",
  );
});

describe("headers that are not for the client", () => {
  const hop = {
    connection: "keep-alive, x-hop",
    "keep-alive": "timeout=5",
    "proxy-authenticate": "Basic",
    "proxy-connection": "keep-alive",
    te: "trailers",
    trailer: "x-sum",
    upgrade: "h2c",
    "x-hop": "1",
    "x-sealgate-assertion": "ey.an.echo",
  };

  test.each(["/api/x", "/public/x"])("do not come back: %s", async (path) => {
    const answer = await answerWith(path, 200, { ...hop, "x-kept": "1" });
    expect(Object.keys(hop).filter((name) => answer.has(name))).toEqual([]);
    expect(answer.get("x-kept")).toBe("1");
  });

  test("nor an assertion that is echoed in the answer to a WebSocket handshake", async () => {
    const ORIGIN = {
      fetch: async (): Promise<Response> => {
        const { 0: webSocket } = new WebSocketPair();
        return new Response(null, {
          status: 101,
          webSocket,
          headers: { "x-sealgate-assertion": "ey.an.echo", "x-kept": "1" },
        });
      },
    };
    const fixture = await makeFixture({ routes, vars: { ORIGIN } });
    for (const path of ["/api/x", "/public/x"]) {
      const response = await fixture.sendAs({}, path, { headers: { upgrade: "websocket" } });
      expect(response.status).toBe(101);
      expect(response.headers.get("x-kept")).toBe("1");
      expect(response.headers.has("x-sealgate-assertion")).toBe(false);
      response.webSocket?.accept();
      response.webSocket?.close();
    }
  });
});
