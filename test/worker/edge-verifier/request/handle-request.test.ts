/** What the gateway decides, in which order, and what a client sees of it. */
import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../../../shared/json.ts";
import { makeKey, makeRoot, signToken, TEST_ISSUER } from "../../../support/key-sets.ts";
import { ORIGIN_FAILS, ORIGIN_REDIRECTS } from "../../../support/echo-origin.ts";
import { AUDIENCE, echoOf, makeFixture, NOW, problemOf } from "../fixture.ts";
import type { Fixture } from "../fixture.ts";

let fixture: Fixture;
beforeAll(async () => {
  fixture = await makeFixture();
});
let callsBefore = 0;
beforeEach(() => {
  callsBefore = fixture.originCalls();
});
const originCalls = (): number => fixture.originCalls() - callsBefore;

describe("a good token", () => {
  test("is forwarded, with the raw path and query", async () => {
    const response = await fixture.sendAs({}, "/api/orders/a%20b%C3%A9?q=%2f..%2f&x=a+b&y=");
    expect(response.status).toBe(200);
    const { url, method } = await echoOf(response);
    expect(new URL(url).pathname).toBe("/api/orders/a%20b%C3%A9");
    expect(new URL(url).search).toBe("?q=%2f..%2f&x=a+b&y=");
    expect(method).toBe("GET");
  });

  test("is accepted again from memory, and refused once it has expired", async () => {
    const token = await fixture.token();
    const init = { headers: { authorization: `Bearer ${token}` } };
    for (let round = 0; round < 3; round += 1) expect((await fixture.send("/api/x", init)).status).toBe(200);
    fixture.setNow(NOW + 600 + 60);
    const late = await fixture.send("/api/x", init);
    fixture.setNow(NOW);
    expect(late.status).toBe(401);
  });

  test("reaches the origin with its body and method", async () => {
    const response = await fixture.sendAs({}, "/api/orders", { method: "POST", body: '{"a":1}' });
    expect(await echoOf(response)).toMatchObject({ method: "POST", body: '{"a":1}' });
  });

  test.each(["bearer", "BEARER", "Bearer "])("may follow the scheme written %s", async (scheme) => {
    const headers = { authorization: `${scheme} ${await fixture.token()}` };
    expect((await fixture.send("/api/x", { headers })).status).toBe(200);
  });
});

describe("the origin's answer", () => {
  test("comes back as it is: status, cookies one by one, body", async () => {
    const response = await fixture.sendAs({}, `/api${ORIGIN_FAILS}`);
    expect(response.status).toBe(418);
    expect(response.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  });

  test("is not followed when it redirects: the token would go with it", async () => {
    const response = await fixture.sendAs({}, `/api${ORIGIN_REDIRECTS}`);
    expect(response.status).toBe(302);
    expect(response.headers.get("location")).toBe("https://elsewhere.example/?next=1");
  });

  test("to HEAD has no body", async () => {
    const response = await fixture.sendAs({}, "/api/x", { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });
});

describe("an open route", () => {
  test("needs no token and looks at none", async () => {
    expect((await fixture.send("/public/logo.svg")).status).toBe(200);
    expect((await fixture.send("/public", { headers: { authorization: "Bearer not-a-token" } })).status).toBe(200);
  });
});

const BEARER = 'Bearer realm="sealgate"';
const INVALID = `${BEARER}, error="invalid_token", error_description="The token is not valid here."`;
const ONE_PLACE = "Send one token, in one place. This request has credentials in the header authorization.";
const MALFORMED = `${BEARER}, error="invalid_request", error_description="${ONE_PLACE}"`;
const LACKS_SCOPE = 'error_description="The token lacks a scope."';

describe("credentials", () => {
  test.each([
    ["none", undefined, 401, "token_missing", BEARER],
    ["an empty header", "", 401, "token_missing", BEARER],
    ["another scheme", "Basic dXNlcjpwYXNz", 401, "token_missing", BEARER],
    ["a scheme that only begins like it", "Bearers abc", 401, "token_missing", BEARER],
    ["the scheme alone", "Bearer", 400, "invalid_request", MALFORMED],
    ["two tokens", "Bearer a b", 400, "invalid_request", MALFORMED],
    ["a tab inside", "Bearer a\tb", 400, "invalid_request", MALFORMED],
    ["two headers", "Bearer a, Bearer b", 400, "invalid_request", MALFORMED],
    ["another scheme and a token", "Basic a, Bearer b", 400, "invalid_request", MALFORMED],
    ["a tab between", "Bearer \ta.b.c", 400, "invalid_request", MALFORMED],
    ["a no-break space before the token", "Bearer \u00a0a.b.c", 400, "invalid_request", MALFORMED],
    ["a no-break space behind it", "Bearer a.b.c\u00a0", 400, "invalid_request", MALFORMED],
    ["a no-break space instead of a space", "Bearer\u00a0eyJh.eyJp.c2ln", 400, "invalid_request", MALFORMED],
    ["a JWT without a scheme", "eyJh.eyJp.c2ln", 400, "invalid_request", MALFORMED],
    ["a JWT of another scheme", "JWT eyJh.eyJp.c2ln", 400, "invalid_request", MALFORMED],
    ["no token", "Bearer abc", 401, "invalid_token", INVALID],
  ])("%s: %s", async (_name, authorization, status, code, challenge) => {
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fixture.send("/api/x", { headers });
    expect(response.status).toBe(status);
    expect(response.headers.get("www-authenticate")).toBe(challenge);
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await problemOf(response)).toMatchObject({ status, code, type: "about:blank" });
    expect(originCalls()).toBe(0);
  });

  test("in the query are not credentials", async () => {
    const response = await fixture.send(`/api/x?access_token=${await fixture.token()}`);
    expect(response.status).toBe(401);
    expect(originCalls()).toBe(0);
  });

  test("sent twice as two headers are refused, even if both are the same good token", async () => {
    const headers = new Headers();
    const token = await fixture.token();
    headers.append("authorization", `Bearer ${token}`);
    headers.append("authorization", `Bearer ${token}`);
    expect((await fixture.send("/api/x", { headers })).status).toBe(400);
    expect(originCalls()).toBe(0);
  });
});

describe("a token that is not good", () => {
  const cases: readonly (readonly [string, JsonObject, JsonObject])[] = [
    ["expired", { exp: NOW - 61 }, {}],
    ["without exp", { exp: undefined }, {}],
    ["not yet valid", { nbf: NOW + 61 }, {}],
    ["of another issuer", { iss: "https://evil.example" }, {}],
    ["for another audience", { aud: "https://other.example.com" }, {}],
    ["with too long a life", { exp: NOW + 3601 }, {}],
    ["of an unknown kid", {}, { kid: "unknown" }],
    ["that says alg none", {}, { alg: "none" }],
    ["that says HS256", {}, { alg: "HS256" }],
    ["of another type", {}, { typ: "logout+jwt" }],
  ];
  test.each(cases)("%s: 401, and the client is told nothing more", async (_name, claims, header) => {
    const headers = { authorization: `Bearer ${await fixture.token(claims, header)}` };
    const response = await fixture.send("/api/x", { headers });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(INVALID);
    expect(await problemOf(response)).toEqual({
      type: "about:blank",
      title: "Unauthorized",
      status: 401,
      detail: "The token is not valid here.",
      code: "invalid_token",
    });
    expect(originCalls()).toBe(0);
  });

  test("signed by a stranger's key under a known kid: 401", async () => {
    const stranger = await makeKey("ES256");
    const claims = { iss: TEST_ISSUER, aud: AUDIENCE, iat: NOW, exp: NOW + 600 };
    const token = await signToken(claims, stranger, { kid: fixture.key.kid });
    const response = await fixture.send("/api/x", { headers: { authorization: `Bearer ${token}` } });
    expect(response.status).toBe(401);
    expect(fixture.events.at(-1)?.refusal).toEqual({ code: "signature_invalid" });
    expect(originCalls()).toBe(0);
  });
});

describe("a good token that the policy does not admit", () => {
  test("lacks a scope: 403, and the challenge names what is needed", async () => {
    const response = await fixture.sendAs({ scope: "reports adminx" }, "/api/admin/users");
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toBe(
      `${BEARER}, error="insufficient_scope", scope="admin", ${LACKS_SCOPE}`,
    );
    expect(await problemOf(response)).toMatchObject({ code: "insufficient_scope" });
    expect(originCalls()).toBe(0);
  });

  test("has none of several scopes: 403 without naming one that would not be enough to name", async () => {
    const response = await fixture.sendAs({ tenant: "acme" }, "/api/reports/7");
    expect(response.headers.get("www-authenticate")).toBe(`${BEARER}, error="insufficient_scope", ${LACKS_SCOPE}`);
    expect(response.status).toBe(403);
    expect(originCalls()).toBe(0);
  });

  test("has another claim: 403 policy_denied without a challenge", async () => {
    const response = await fixture.sendAs({ scope: "reports", tenant: "other" }, "/api/reports/7");
    expect(response.status).toBe(403);
    expect(response.headers.get("www-authenticate")).toBeNull();
    expect(await problemOf(response)).toMatchObject({ code: "policy_denied" });
    expect(originCalls()).toBe(0);
  });

  test("is admitted with the scope and the claim", async () => {
    expect((await fixture.sendAs({ scope: "x admin" }, "/api/admin")).status).toBe(200);
    expect((await fixture.sendAs({ scope: ["reports"], tenant: "acme" }, "/api/reports/7")).status).toBe(200);
  });

  test("has a subject too long to be forwarded whole: 403, never cut", async () => {
    const response = await fixture.sendAs({ sub: "x".repeat(2049) }, "/api/x");
    expect(response.status).toBe(403);
    expect(fixture.events.at(-1)?.refusal).toEqual({ code: "identity_too_long", claim: "sub" });
    expect(originCalls()).toBe(0);
  });
});

describe("no route", () => {
  test.each(["/", "/other", "/apis", "/exact/more", "/.well-known/openid-configuration"])(
    "%s: 404, even with a good token, and never forwarded",
    async (path) => {
      const response = await fixture.sendAs({ scope: "admin" }, path);
      expect(response.status).toBe(404);
      expect(await problemOf(response)).toMatchObject({ code: "not_found" });
      expect(originCalls()).toBe(0);
    },
  );

  test("a method that no rule of the path names: 405 with Allow", async () => {
    const response = await fixture.sendAs({}, "/exact", { method: "PUT" });
    expect(response.status).toBe(405);
    expect(response.headers.get("allow")).toBe("POST");
    expect(originCalls()).toBe(0);
  });

  test("OPTIONS is a method like any other: without a token it is 401", async () => {
    expect((await fixture.send("/api/x", { method: "OPTIONS" })).status).toBe(401);
    expect((await fixture.sendAs({}, "/api/x", { method: "OPTIONS" })).status).toBe(200);
  });

  test("a method outside the policy's vocabulary: 405, never forwarded", async () => {
    const response = await fixture.sendAs({}, "/api/x", { method: "PROPFIND" });
    expect(response.status).toBe(405);
    expect(originCalls()).toBe(0);
  });
});

describe("order", () => {
  test("an ambiguous path is refused before the token is looked at", async () => {
    const response = await fixture.send("/api/%5c..%5cadmin", { headers: { authorization: "Bearer a, Bearer b" } });
    expect(await problemOf(response)).toMatchObject({ status: 400, code: "path_ambiguous" });
  });

  test("a bad signature on bad claims is a bad signature", async () => {
    const stranger = await makeRoot();
    const token = await signToken({ iss: "https://evil.example" }, stranger, { kid: fixture.key.kid });
    await fixture.send("/api/x", { headers: { authorization: `Bearer ${token}` } });
    expect(fixture.events.at(-1)?.refusal).toEqual({ code: "signature_invalid" });
  });

  test("a token is refused before its scopes are compared", async () => {
    const headers = { authorization: `Bearer ${await fixture.token({ exp: NOW - 100, scope: "none" })}` };
    expect((await fixture.send("/api/admin", { headers })).status).toBe(401);
  });
});
