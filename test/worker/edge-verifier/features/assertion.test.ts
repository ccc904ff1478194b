/** What reaches the origin carries an assertion that its verification library accepts, for exactly this request. */
import { beforeAll, describe, expect, test } from "vitest";
import { createAssertionKey, createAssertionVerifier } from "../../../../shared/origin.ts";
import type { AssertionVerifier } from "../../../../shared/origin.ts";
import type { Echo } from "../../../support/echo-origin.ts";
import { valueOf } from "../../../support/values.ts";
import { echoOf, makeFixture, NOW, problemOf } from "../fixture.ts";
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
