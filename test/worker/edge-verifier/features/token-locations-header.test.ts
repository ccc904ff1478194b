/** Tokens in a header of their own: with or without a word before them, and beside other credentials. */
import { describe, expect, test } from "vitest";
import { echoOf, makeFixture } from "../fixture.ts";

describe("a header of its own", () => {
  const NAMED = { TOKEN_CARRIERS: "header", TOKEN_HEADER: "X-Api-Token" };
  const at = async (vars: Record<string, string>, headersOf: (good: string) => Record<string, string>) => {
    const fixture = await makeFixture({ vars });
    const good = await fixture.token();
    const response = await fixture.send("/api/x", { headers: headersOf(good) });
    return { status: response.status, good, response, event: fixture.events.at(-1) };
  };

  test("has the token alone, beside Basic credentials that stay here", async () => {
    const { good, response } = await at(NAMED, (one) => ({ "x-api-token": one, authorization: "Basic dTpw" }));
    const { headers } = await echoOf(response);
    expect(headers).toMatchObject({ "x-api-token": good, "x-sealgate-subject": "user-1" });
    expect(headers["authorization"]).toBeUndefined();
  });

  test("beside Basic credentials for the origin, if these are to be forwarded", async () => {
    const vars = { ...NAMED, TOKEN_CREDENTIALS_BESIDE: "forward", FORWARD_AUTHORIZATION: "keep" };
    const { response } = await at(vars, (one) => ({ "x-api-token": one, authorization: "Basic dTpw" }));
    expect((await echoOf(response)).headers["authorization"]).toBe("Basic dTpw");
  });

  test("does not reach the origin where the token stays here, on open rules neither", async () => {
    const fixture = await makeFixture({ vars: { ...NAMED, FORWARD_AUTHORIZATION: "remove" } });
    const headers = { "x-api-token": await fixture.token() };
    for (const path of ["/api/x", "/public/x"]) {
      expect((await echoOf(await fixture.send(path, { headers }))).headers["x-api-token"]).toBeUndefined();
    }
  });

  test("of Cloudflare Access never reaches the origin", async () => {
    const vars = { TOKEN_CARRIERS: "header", TOKEN_HEADER: "Cf-Access-Jwt-Assertion" };
    const { status, response } = await at(vars, (one) => ({ "cf-access-jwt-assertion": one }));
    expect(status).toBe(200);
    expect((await echoOf(response)).headers["cf-access-jwt-assertion"]).toBeUndefined();
  });

  test("of Cloudflare Access is one that a page of another site can have sent", async () => {
    const fixture = await makeFixture({ vars: { TOKEN_CARRIERS: "header", TOKEN_HEADER: "Cf-Access-Jwt-Assertion" } });
    const headers = { "cf-access-jwt-assertion": await fixture.token(), "sec-fetch-site": "cross-site" };
    expect((await fixture.send("/api/x", { method: "POST", headers })).status).toBe(403);
    expect((await fixture.send("/api/x", { headers })).status).toBe(200);
  });

  test("may have a word before the token", async () => {
    const vars = { ...NAMED, TOKEN_HEADER_SCHEME: "Token" };
    expect(await at(vars, (one) => ({ "x-api-token": `token ${one}` }))).toMatchObject({ status: 200 });
    for (const value of ["Bearer T", "T", "Token T T", "Token"]) {
      expect(await at(vars, (one) => ({ "x-api-token": value.replaceAll("T", one) })), value).toMatchObject({
        status: 400,
      });
    }
  });

  test.each([
    ["a word before it", (good: string) => ({ "x-api-token": `Bearer ${good}` }), 400],
    ["two in it", (good: string) => ({ "x-api-token": `${good}, ${good}` }), 400],
    ["something else in it", () => ({ "x-api-token": "secret" }), 401],
    ["the token in Authorization", (good: string) => ({ authorization: `Bearer ${good}` }), 401],
    ["nothing", () => ({}), 401],
  ])("with %s is refused", async (_name, headersOf, status) => {
    expect((await at(NAMED, headersOf as (good: string) => Record<string, string>)).status).toBe(status);
  });

  test.each([
    ["cookie", { TOKEN_COOKIE: "t" }, (good: string) => ({ "x-api-token": good, cookie: `t=${good}` })],
    ["authorization", {}, (good: string) => ({ "x-api-token": good, authorization: `Bearer ${good}` })],
  ])(
    "beside a token in another place (%s) is refused, and the answer names both places",
    async (place, more, headersOf) => {
      const { response, event } = await at({ ...NAMED, TOKEN_CARRIERS: `header,${place}`, ...more }, headersOf);
      const { detail } = await response.json<{ detail: string }>();
      const named = place === "cookie" ? "the cookie t" : "the header authorization";
      expect(detail).toContain("the header x-api-token");
      expect(detail).toContain(named);
      expect(event).toMatchObject({ refusal: { reason: "several_credentials", answer: { detail } } });
    },
  );
});
