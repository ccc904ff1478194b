/** What reaches the origin carries an assertion that its verification library accepts, for exactly this request. */
import { env as platform } from "cloudflare:test";
import { beforeAll, describe, expect, test } from "vitest";
import { createAssertionKey, createAssertionVerifier } from "../../../../shared/origin.ts";
import type { AssertionVerifier } from "../../../../shared/origin.ts";
import type { JsonObject } from "../../../../shared/json.ts";
import type { Echo } from "../../../support/echo-origin.ts";
import { valueOf } from "../../../support/values.ts";
import { configure, echoOf, makeFixture, NOW, problemOf } from "../fixture.ts";
import type { Fixture } from "../fixture.ts";

const HEADER = "x-sealgate-assertion";

let fixture: Fixture;
let verifier: AssertionVerifier;
beforeAll(async () => {
  const { privateJwk, publicJwk } = await createAssertionKey();
  fixture = await makeFixture({ vars: { ASSERTION_KEY: JSON.stringify(privateJwk) } });
  const rules = { audience: "https://origin.invalid", clockSkewSeconds: 0, replay: "accept_until_expiry" } as const;
  verifier = await createAssertionVerifier({ keys: [publicJwk], ...rules });
});

function verify({ method, url, headers }: Echo): ReturnType<AssertionVerifier["verify"]> {
  const { pathname, search } = new URL(url);
  return verifier.verify({ method, target: pathname + search, assertion: headers[HEADER] }, NOW);
}

describe("with ASSERTION_KEY", () => {
  test.each([
    ["GET", "/api/x"],
    ["POST", "/api/a%20b/%E2%82%AC?q='\"&x=%2e%2e"],
    ["DELETE", "/api/x/?a"],
  ])("%s %s reaches the origin with an assertion", async (method, path) => {
    const claims = valueOf(await verify(await echoOf(await fixture.sendAs({ sub: "user-7" }, path, { method }))));
    expect(claims).toMatchObject({ htm: method, iat: NOW, headers: { "x-sealgate-subject": "user-7" } });
  });

  test("an open route has one too, and it speaks for nobody", async () => {
    expect(valueOf(await verify(await echoOf(await fixture.send("/public/x")))).headers).toEqual({});
  });

  test("one that a client sends never gets through", async () => {
    const headers = { [HEADER]: "forged", X_Sealgate_Assertion: "forged" };
    const echo = await echoOf(await fixture.send("/public/x", { headers }));
    expect(JSON.stringify(echo.headers)).not.toContain("forged");
    expect((await verify(echo)).ok).toBe(true);
  });
});

test.each([
  [undefined, "https://origin.invalid"],
  ["https://origin.example.com:8443/base/", "https://origin.example.com:8443/base"],
])("a bound origin with ORIGIN_URL %s is the audience %s", async (ORIGIN_URL, audience) => {
  const { privateJwk, publicJwk } = await createAssertionKey();
  const bound = await makeFixture({ vars: { ASSERTION_KEY: JSON.stringify(privateJwk), ORIGIN_URL } });
  const { method, url, headers } = await echoOf(await bound.sendAs({}, "/api/x?y"));
  const rules = { clockSkewSeconds: 0, replay: "accept_until_expiry" } as const;
  const { pathname, search } = new URL(url);
  const request = { method, target: pathname + search, assertion: headers[HEADER] };
  const own = await createAssertionVerifier({ keys: [publicJwk], audience, ...rules });
  expect((await own.verify(request, NOW)).ok).toBe(true);
  const other = await createAssertionVerifier({ keys: [publicJwk], audience: "https://other.example", ...rules });
  expect((await other.verify(request, NOW)).ok).toBe(false);
});

test("without ASSERTION_KEY there is none", async () => {
  const plain = await makeFixture();
  expect((await echoOf(await plain.sendAs({}, "/api/x"))).headers[HEADER]).toBeUndefined();
});

test("a key whose halves are of two pairs is refused at start: workerd imports it, and no origin would accept what it signs", async () => {
  const [one, other] = await Promise.all([createAssertionKey(), createAssertionKey()]);
  const ASSERTION_KEY = JSON.stringify({ ...one.privateJwk, d: other.privateJwk.d });
  const broken = await makeFixture({ vars: { ASSERTION_KEY } });
  expect(await problemOf(await broken.send("/public/x"))).toMatchObject({ code: "config_invalid" });
});

test("a key that cannot sign is refused at start, and not repeated anywhere", async () => {
  const secret = '{"kty":"OKP","d":"not-to-be-seen"}';
  const broken = await makeFixture({ vars: { ASSERTION_KEY: secret } });
  const response = await broken.send("/public/x");
  expect(await problemOf(response)).toMatchObject({ code: "config_invalid" });
  expect(broken.events[0]?.refusal).toMatchObject({ problems: [{ variable: "ASSERTION_KEY" }] });
  expect(JSON.stringify(broken.events)).not.toContain("not-to-be-seen");
});

describe("with ASSERTION_CLAIMS", () => {
  const claims = { roles: ["a,b", "c"], tenant: { id: 7 }, "https://example.com/x": true, secret: "stays" };

  const ask = async (
    names: unknown,
    token: JsonObject | undefined,
    more: Record<string, unknown> = {},
  ): Promise<{ readonly carried: JsonObject | undefined; readonly fixture: Fixture }> => {
    const { privateJwk, publicJwk } = await createAssertionKey();
    const vars = { ASSERTION_KEY: JSON.stringify(privateJwk), ASSERTION_CLAIMS: names, ...more };
    const fixture = await makeFixture({ vars });
    const response = token === undefined ? await fixture.send("/public/x") : await fixture.sendAs(token, "/api/x");
    if (response.status !== 200) return { carried: undefined, fixture };
    const { method, url, headers } = await echoOf(response);
    const rules = { audience: "https://origin.invalid", clockSkewSeconds: 0, replay: "accept_until_expiry" } as const;
    const opened = await createAssertionVerifier({ keys: [publicJwk], ...rules });
    const request = { method, target: new URL(url).pathname, assertion: headers[HEADER] };
    return { carried: valueOf(await opened.verify(request, NOW)).claims, fixture };
  };

  test.each([
    "roles,tenant,https://example.com/x",
    ["roles", "tenant", "https://example.com/x"],
    '["roles","tenant","https://example.com/x"]',
  ])("the origin gets the claims as they are, and no others: %j", async (names) => {
    const { secret: _, ...expected } = claims;
    expect((await ask(names, claims)).carried).toEqual(expected);
  });

  test("a token without them gives none, and a request without a token says nothing of claims", async () => {
    expect((await ask("roles", {})).carried).toEqual({});
    expect((await ask("roles", undefined)).carried).toBeUndefined();
  });

  test.each([
    ["a number that has lost its last digits", { roles: [{ id: 9_007_199_254_740_992 }] }, "identity_ambiguous"],
    ["more than fits", { roles: "x".repeat(4100) }, "identity_too_long"],
  ])("%s is 403, and the origin is not asked", async (_name, token, code) => {
    const { carried, fixture } = await ask("roles", token);
    expect(carried).toBeUndefined();
    expect(fixture.events.at(-1)).toMatchObject({
      status: 403,
      code: "policy_denied",
      refusal: { code, claim: "roles" },
    });
    expect(fixture.originCalls()).toBe(0);
  });

  test.each(["", ",", "[]", [], 7, Array.from({ length: 17 }, (_, index) => `c${String(index)}`)])(
    "that is no list of names is refused at start: %j",
    async (ASSERTION_CLAIMS) => {
      const { privateJwk } = await createAssertionKey();
      const { problems } = await configure({ ASSERTION_KEY: JSON.stringify(privateJwk), ASSERTION_CLAIMS });
      expect(problems.map(({ variable }) => variable)).toEqual(ASSERTION_CLAIMS === "" ? [] : ["ASSERTION_CLAIMS"]);
    },
  );

  test("and without a key is refused at start", async () => {
    expect((await configure({ ASSERTION_CLAIMS: "roles" })).problems).toHaveLength(1);
  });
});

test("the audience is the origin that the rule names: what one origin has seen is no good at another", async () => {
  const { privateJwk, publicJwk } = await createAssertionKey();
  const bound = { fetch: (request: Request): Promise<Response> => platform.ORIGIN.fetch(request) };
  const behind = await makeFixture({
    routes: [{ path: "/billing/*", require: {}, origin: "billing", stripPrefix: "/billing" }],
    vars: { ASSERTION_KEY: JSON.stringify(privateJwk), ORIGIN_BILLING: bound },
  });
  const { method, url, headers } = await echoOf(await behind.sendAs({}, "/billing/x?y"));
  expect(url).toBe("https://billing.origin.invalid/x?y");
  const request = { method, target: "/x?y", assertion: headers[HEADER] };
  const rules = { clockSkewSeconds: 0, replay: "accept_until_expiry" } as const;
  for (const [audience, ok] of [
    ["https://billing.origin.invalid", true],
    ["https://origin.invalid", false],
  ] as const) {
    const own = await createAssertionVerifier({ keys: [publicJwk], audience, ...rules });
    expect((await own.verify(request, NOW)).ok).toBe(ok);
  }
});
