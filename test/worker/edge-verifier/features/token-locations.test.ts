/** Tokens in a cookie and in a WebSocket handshake: only where switched on, only one, and gone before the origin. */
import { beforeAll, describe, expect, test } from "vitest";
import { configure, echoOf, makeFixture, problemOf } from "../fixture.ts";
import type { Fixture } from "../fixture.ts";

const ALL = { TOKEN_CARRIERS: "authorization, cookie, websocket", TOKEN_COOKIE: "__Host-token" };
const PAGE = "https://app.example.com";

let keeping: Fixture;
let removing: Fixture;
let token: string;
let another: string;
beforeAll(async () => {
  keeping = await makeFixture({ vars: { ...ALL, CORS_ORIGINS: PAGE } });
  removing = await makeFixture({ vars: { ...ALL, FORWARD_AUTHORIZATION: "remove" } });
});

/** Tokens belong to a fixture's own key. */
async function use(fixture: Fixture): Promise<Fixture> {
  token = await fixture.token();
  another = await fixture.token({ jti: "t-2" });
  return fixture;
}

describe("by default", () => {
  test("only Authorization carries a token", async () => {
    const fixture = await makeFixture();
    const good = await fixture.token();
    const upgrade = { upgrade: "websocket", "sec-websocket-protocol": `bearer, ${good}` };
    for (const headers of [{ cookie: `__Host-token=${good}; token=${good}` }, upgrade]) {
      expect((await fixture.send("/api/x", { headers })).status).toBe(401);
    }
  });
});

describe("a cookie", () => {
  test("carries a token", async () => {
    const fixture = await use(keeping);
    const headers = { cookie: `a=1; __Host-token=${token}; b="2"` };
    const response = await fixture.send("/api/x", { headers });
    expect(response.status).toBe(200);
    expect((await echoOf(response)).headers).toMatchObject({ ...headers, "x-sealgate-subject": "user-1" });
  });

  test.each([
    ["of another name", (good: string) => `token=${good}`, 401],
    ["whose name only ends alike", (good: string) => `x__Host-token=${good}`, 401],
    ["in another case", (good: string) => `__host-token=${good}`, 401],
    ["that is empty", () => "__Host-token=", 401],
    ["with one quotation mark", (good: string) => `__Host-token="${good}`, 400],
    ["with quotation marks inside", (good: string) => `__Host-token="${good}""${good}"`, 400],
    ["with quotation marks around nothing", () => '__Host-token=""', 401],
    ["twice", (good: string) => `__Host-token=${good}; __Host-token=${good}`, 400],
    ["twice, in two headers", (good: string) => `a=1; __Host-token=${good}, __Host-token=${good}`, 400],
  ])("%s: refused", async (_name, cookie, status) => {
    const fixture = await use(keeping);
    expect((await fixture.send("/api/x", { headers: { cookie: cookie(token) } })).status).toBe(status);
  });

  test("may be in quotes, which are no part of its value", async () => {
    const fixture = await use(removing);
    const response = await fixture.send("/api/x", { headers: { cookie: `a=1; __Host-token="${token}"; b=2` } });
    expect((await echoOf(response)).headers["cookie"]).toBe("a=1; b=2");
  });

  test.each(["better-auth.session_data", "__Secure-next-auth.session-token", "a|b", "a+b*c", "$x^y", "`~!#%&'"])(
    "may have any name of RFC 6265, and no other: %s",
    async (name) => {
      const fixture = await makeFixture({ vars: { TOKEN_CARRIERS: "cookie", TOKEN_COOKIE: name } });
      const good = await fixture.token();
      expect((await fixture.send("/api/x", { headers: { cookie: `x=1; ${name}=${good}` } })).status).toBe(200);
      const other = name.replace(/[.|+$`]/, "z");
      expect((await fixture.send("/api/x", { headers: { cookie: `x=1; ${other}=${good}` } })).status).toBe(401);
    },
  );

  test.each([
    ["__Host-token=T", undefined],
    ["a=1; __Host-token=T", "a=1"],
    ["__Host-token=T; a=1", "a=1"],
    ["a=1;__Host-token=T;b=2", "a=1;b=2"],
    ['a="x, y"; __Host-token = T ; b=c=d; x__Host-token=3', 'a="x, y"; b=c=d; x__Host-token=3'],
  ])("%s reaches the origin as %s", async (cookie, expected) => {
    const fixture = await use(removing);
    const response = await fixture.send("/api/x", {
      headers: { cookie: cookie.replace("=T", `=${token}`).replace("= T", `=${token}`) },
    });
    expect(response.status).toBe(200);
    expect((await echoOf(response)).headers["cookie"]).toBe(expected);
  });

  test("is removed on open routes too, however often it is there", async () => {
    const fixture = await use(removing);
    const headers = { cookie: `__Host-token=${token}; a=1; __Host-token=${another}`, authorization: `Bearer ${token}` };
    const echo = await echoOf(await fixture.send("/public/x", { headers }));
    expect(echo.headers["cookie"]).toBe("a=1");
    expect(JSON.stringify(echo)).not.toContain(token);
  });
});

describe("a request that a page of another site can make a browser send", () => {
  const send = async (headers: Record<string, string>, method = "POST"): Promise<Response> => {
    const fixture = await use(keeping);
    return fixture.send("/api/x", { method, headers: { cookie: `__Host-token=${token}`, ...headers } });
  };

  test.each([
    ["cross-site", { "sec-fetch-site": "cross-site", origin: "https://evil.example" }],
    ["cross-site, without an origin", { "sec-fetch-site": "cross-site" }],
    ["from a sibling that is not trusted", { "sec-fetch-site": "same-site", origin: "https://x.example.com" }],
    ["by a browser without Fetch Metadata", { origin: "https://evil.example" }],
    ["from a page without an origin", { origin: "null" }],
  ])("%s: 403", async (_name, headers) => {
    const calls = keeping.originCalls();
    const response = await send(headers);
    expect(await problemOf(response)).toMatchObject({ status: 403, code: "cross_site_request" });
    expect(keeping.originCalls()).toBe(calls);
  });

  test.each([
    ["same-origin", { "sec-fetch-site": "same-origin", origin: "https://api.example.com" }],
    ["typed in", { "sec-fetch-site": "none" }],
    ["from a page of CORS_ORIGINS", { "sec-fetch-site": "same-site", origin: PAGE }],
    ["same-origin, without Fetch Metadata", { origin: "https://api.example.com" }],
    ["without a browser", {}],
  ])("%s: passes", async (_name, headers) => {
    expect((await send(headers)).status).toBe(200);
  });

  test("and cannot change anything passes", async () => {
    expect((await send({ "sec-fetch-site": "cross-site" }, "GET")).status).toBe(200);
  });

  test("is harmless with a token that no browser adds by itself", async () => {
    const fixture = await use(keeping);
    const headers = {
      authorization: `Bearer ${token}`,
      "sec-fetch-site": "cross-site",
      origin: "https://evil.example",
    };
    expect((await fixture.send("/api/x", { method: "POST", headers })).status).toBe(200);
  });

  test("and opens a WebSocket: 403, although it is a GET", async () => {
    const headers = { upgrade: "websocket", origin: "https://evil.example", "sec-fetch-site": "cross-site" };
    expect((await send(headers, "GET")).status).toBe(403);
  });
});

describe("two tokens", () => {
  test.each([
    ["Authorization and cookie", () => ({ authorization: `Bearer ${token}`, cookie: `__Host-token=${another}` })],
    ["the same one twice", () => ({ authorization: `Bearer ${token}`, cookie: `__Host-token=${token}` })],
    [
      "cookie and handshake",
      () => ({ cookie: `__Host-token=${token}`, upgrade: "websocket", "sec-websocket-protocol": `bearer, ${token}` }),
    ],
    [
      "two in a handshake",
      () => ({ upgrade: "websocket", "sec-websocket-protocol": `bearer, ${token}, bearer, ${token}` }),
    ],
    ["a good one beside a malformed one", () => ({ authorization: "Bearer", cookie: `__Host-token=${token}` })],
  ])("%s: 400", async (_name, headersOf) => {
    const fixture = await use(keeping);
    const response = await fixture.send("/api/x", { headers: headersOf() });
    expect(await problemOf(response)).toMatchObject({ status: 400, code: "invalid_request" });
  });

  test("another scheme in Authorization is none of them", async () => {
    const fixture = await use(keeping);
    const headers = { authorization: "Basic dTpw", cookie: `__Host-token=${token}` };
    expect((await fixture.send("/api/x", { headers })).status).toBe(200);
  });
});

describe("configuration", () => {
  const variables = async (env: Record<string, unknown>): Promise<readonly string[]> =>
    (await configure(env)).problems.map(({ variable }) => variable);

  test.each([
    ["an unknown carrier", { TOKEN_CARRIERS: "query" }, ["TOKEN_CARRIERS"]],
    ["the same carrier twice", { TOKEN_CARRIERS: "authorization,authorization" }, ["TOKEN_CARRIERS"]],
    ["an empty name in the list", { TOKEN_CARRIERS: "authorization,," }, ["TOKEN_CARRIERS"]],
    ["a cookie without a name", { TOKEN_CARRIERS: "cookie" }, ["TOKEN_COOKIE"]],
    ["a cookie's name with a space in it", { TOKEN_CARRIERS: "cookie", TOKEN_COOKIE: "a b" }, ["TOKEN_COOKIE"]],
    ["a cookie's name with an equals sign in it", { TOKEN_CARRIERS: "cookie", TOKEN_COOKIE: "a=b" }, ["TOKEN_COOKIE"]],
    ["a header without a name", { TOKEN_CARRIERS: "header" }, ["TOKEN_HEADER"]],
    [
      "a header that is not switched on",
      { TOKEN_HEADER: "x-token", TOKEN_HEADER_SCHEME: "x" },
      ["TOKEN_HEADER", "TOKEN_HEADER_SCHEME"],
    ],
    [
      "a word with a space",
      { TOKEN_CARRIERS: "header", TOKEN_HEADER: "x-token", TOKEN_HEADER_SCHEME: "a b" },
      ["TOKEN_HEADER_SCHEME"],
    ],
    [
      "credentials beside the token in the same header",
      { TOKEN_CREDENTIALS_BESIDE: "forward" },
      ["TOKEN_CREDENTIALS_BESIDE"],
    ],
    [
      "credentials beside the token that go somewhere else",
      { TOKEN_CREDENTIALS_BESIDE: "yes" },
      ["TOKEN_CREDENTIALS_BESIDE"],
    ],
    ["a cookie that is not switched on", { TOKEN_COOKIE: "token" }, ["TOKEN_COOKIE"]],
    ["a marker that is not switched on", { TOKEN_WEBSOCKET_PROTOCOL: "bearer" }, ["TOKEN_WEBSOCKET_PROTOCOL"]],
    [
      "a marker with a comma",
      { TOKEN_CARRIERS: "websocket", TOKEN_WEBSOCKET_PROTOCOL: "a,b" },
      ["TOKEN_WEBSOCKET_PROTOCOL"],
    ],
    ["identity headers that are no JSON", { IDENTITY_HEADERS: "x-user=sub" }, ["IDENTITY_HEADERS"]],
    ["a list of identity headers", { IDENTITY_HEADERS: '["sub"]' }, ["IDENTITY_HEADERS"]],
    ["a header that is not for identities", { IDENTITY_HEADERS: '{"host":"sub"}' }, ["IDENTITY_HEADERS"]],
    ["a header with an underscore", { IDENTITY_HEADERS: '{"x_user":"sub"}' }, ["IDENTITY_HEADERS"]],
    ["one header in two spellings", { IDENTITY_HEADERS: '{"x-user":"sub","X-User":"sub"}' }, ["IDENTITY_HEADERS"]],
    ["a claim without a name", { IDENTITY_HEADERS: '{"x-user":""}' }, ["IDENTITY_HEADERS"]],
    ["a path without names", { IDENTITY_HEADERS: '{"x-user":[]}' }, ["IDENTITY_HEADERS"]],
    ["a number for a claim", { IDENTITY_HEADERS: '{"x-user":1}' }, ["IDENTITY_HEADERS"]],
  ])("%s is a problem", async (_name, env, expected) => {
    expect(await variables(env)).toEqual(expected);
  });

  test.each([
    "Authorization",
    "Cookie",
    "Host",
    "X-Forwarded-For",
    "X-Sealgate-Subject",
    "x_token",
    "a b",
    "connection",
  ])("the header %s has another meaning", async (TOKEN_HEADER) => {
    expect(await variables({ TOKEN_CARRIERS: "header", TOKEN_HEADER })).toEqual(["TOKEN_HEADER"]);
  });

  test("may be JSON or JSON text, and no identity header at all", async () => {
    const ofObject = await configure({ IDENTITY_HEADERS: { "X-User": "sub" } });
    expect(ofObject).toMatchObject({ problems: [], hooks: { identityHeaders: [{ name: "x-user", path: ["sub"] }] } });
    const ofText = await configure({ IDENTITY_HEADERS: "{}" });
    expect(ofText).toMatchObject({ problems: [], hooks: { identityHeaders: [] } });
  });

  test("has room for 16 identity headers", async () => {
    const named = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-user-${String(index)}`, "sub"]));
    expect(await variables({ IDENTITY_HEADERS: named(16) })).toEqual([]);
    expect(await variables({ IDENTITY_HEADERS: named(17) })).toEqual(["IDENTITY_HEADERS"]);
  });

  test("that is wrong stops the gateway", async () => {
    const fixture = await makeFixture({ vars: { TOKEN_CARRIERS: "query" } });
    expect(await problemOf(await fixture.send("/public/x"))).toMatchObject({ code: "config_invalid" });
  });
});
