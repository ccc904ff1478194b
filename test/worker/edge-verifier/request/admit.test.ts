/** What each kind of rule means for a whole request: who passes, as whom, and what is logged. */
import { beforeAll, describe, expect, test } from "vitest";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import { echoOf, makeFixture, NOW, problemOf } from "../fixture.ts";
import type { Fixture } from "../fixture.ts";

const routes = defineRoutes([
  { path: "/optional/*", allow: "anonymous" },
  { path: "/strong/*", require: { acr: ["loa2", "loa3"] } },
  { path: "/fresh/*", require: { maxAgeSeconds: 120 } },
  { path: "/own/*", require: { audience: ["https://own.example.com"] } },
  { path: "/either/*", require: { anyOf: [{ scope: ["ops"] }, { claims: { groups: { contains: "ops" } } }] } },
  { path: "/observed/*", require: { scope: ["new"] }, mode: "report" },
  { path: "/observed-optional/*", allow: "anonymous", mode: "report" },
]);

let fixture: Fixture;
beforeAll(async () => {
  fixture = await makeFixture({ routes });
});

const identityAtOrigin = async (response: Response): Promise<string | undefined> =>
  (await echoOf(response)).headers["x-sealgate-subject"];
const spoofed = { "x-sealgate-subject": "admin" };

const STRONGER = 'error_description="A more recent or stronger login is required."';

describe("optional authentication", () => {
  test("without credentials: forwarded as nobody", async () => {
    const response = await fixture.send("/optional/x", { headers: spoofed });
    expect(response.status).toBe(200);
    expect(await identityAtOrigin(response)).toBeUndefined();
  });

  test("with a good token: forwarded as its subject", async () => {
    const response = await fixture.sendAs({ sub: "user-7" }, "/optional/x", { headers: spoofed });
    expect(await identityAtOrigin(response)).toBe("user-7");
  });

  test.each([
    ["a bad token", "Bearer abc", 401],
    ["no token after the scheme", "Bearer", 400],
    ["two of them", "Bearer a, Bearer b", 400],
    ["a token without the word Bearer", "eyJh.eyJp.c2ln", 400],
  ])("with %s: refused, never taken for nobody", async (_name, authorization, status) => {
    const calls = fixture.originCalls();
    expect((await fixture.send("/optional/x", { headers: { authorization } })).status).toBe(status);
    expect(fixture.originCalls()).toBe(calls);
  });

  test("with an expired token: refused", async () => {
    expect((await fixture.sendAs({ exp: NOW - 100 }, "/optional/x")).status).toBe(401);
  });
});

describe("a stronger or newer authentication", () => {
  test("is asked for with RFC 9470's challenge: acr_values", async () => {
    const response = await fixture.sendAs({ acr: "loa1" }, "/strong/x");
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toBe(
      `Bearer realm="sealgate", error="insufficient_user_authentication", acr_values="loa2 loa3", ${STRONGER}`,
    );
    expect(await problemOf(response)).toMatchObject({ code: "insufficient_user_authentication" });
    expect((await fixture.sendAs({ acr: "loa3" }, "/strong/x")).status).toBe(200);
  });

  test("is asked for again when a token that is remembered has grown too old", async () => {
    const init = { headers: { authorization: `Bearer ${await fixture.token({ auth_time: NOW - 60 })}` } };
    expect((await fixture.send("/fresh/x", init)).status).toBe(200);
    fixture.setNow(NOW + 61);
    const late = await fixture.send("/fresh/x", init);
    fixture.setNow(NOW);
    expect(late.status).toBe(401);
    expect(late.headers.get("www-authenticate")).toBe(
      `Bearer realm="sealgate", error="insufficient_user_authentication", max_age="120", ${STRONGER}`,
    );
  });
});

describe("every rule is asked on every request", () => {
  test("a token remembered from one route says nothing about another", async () => {
    const init = { headers: { authorization: `Bearer ${await fixture.token({ scope: "ops" })}` } };
    expect((await fixture.send("/either/x", init)).status).toBe(200);
    const refused = await fixture.send("/own/x", init);
    expect(await problemOf(refused)).toMatchObject({ status: 403, code: "policy_denied" });
  });

  test("a token for the gateway and the route passes", async () => {
    const aud = ["https://api.example.com", "https://own.example.com"];
    expect((await fixture.sendAs({ aud }, "/own/x")).status).toBe(200);
    // The gateway's own audience is asked for first: a route narrows it and cannot replace it.
    expect((await fixture.sendAs({ aud: "https://own.example.com" }, "/own/x")).status).toBe(401);
  });

  test("either of two requirements is enough, none of them is 403 without a challenge", async () => {
    expect((await fixture.sendAs({ groups: ["ops"] }, "/either/x")).status).toBe(200);
    const refused = await fixture.sendAs({}, "/either/x");
    expect(await problemOf(refused)).toMatchObject({ status: 403, code: "policy_denied" });
    expect(refused.headers.get("www-authenticate")).toBeNull();
  });
});

describe("a rule that only reports", () => {
  test("forwards without credentials, as nobody, and logs what it would have done", async () => {
    const response = await fixture.send("/observed/x", { headers: spoofed });
    expect(response.status).toBe(200);
    expect(await identityAtOrigin(response)).toBeUndefined();
    expect(fixture.events.at(-1)).toMatchObject({
      decision: "forwarded",
      status: 200,
      reported: { code: "token_missing", refusal: { code: "token_missing" } },
    });
  });

  test.each(["Bearer abc", "Bearer a, Bearer b"])("gives %s no identity", async (authorization) => {
    const response = await fixture.send("/observed/x", { headers: { authorization, ...spoofed } });
    expect(response.status).toBe(200);
    expect(await identityAtOrigin(response)).toBeUndefined();
  });

  test("forwards a good token that lacks the scope, without its identity", async () => {
    const response = await fixture.sendAs({ sub: "user-7" }, "/observed/x", { headers: spoofed });
    expect(await identityAtOrigin(response)).toBeUndefined();
    expect(fixture.events.at(-1)).toMatchObject({
      kid: fixture.key.kid,
      reported: { code: "insufficient_scope", refusal: { code: "scope_missing", scope: ["new"] } },
    });
  });

  test("reports nothing when it agrees", async () => {
    await fixture.sendAs({ scope: "new" }, "/observed/x");
    expect(fixture.events.at(-1)).not.toHaveProperty("reported");
    await fixture.send("/observed-optional/x");
    expect(fixture.events.at(-1)).not.toHaveProperty("reported");
    await fixture.send("/observed-optional/x", { headers: { authorization: "Bearer abc" } });
    expect(fixture.events.at(-1)).toMatchObject({ decision: "forwarded", reported: { code: "invalid_token" } });
  });

  test("does not open what its path guard or the other rules refuse", async () => {
    expect((await fixture.send("/observed/%5cx")).status).toBe(400);
    expect((await fixture.send("/OBSERVED/x")).status).toBe(400);
    expect((await fixture.send("/observed/x", { method: "PROPFIND" })).status).toBe(405);
  });

  test("keeps its answers out of the shared cache: what it forwards may carry credentials", async () => {
    expect((await echoOf(await fixture.send("/observed/x"))).headers["cache-control"]).toBe("no-cache");
  });
});

test("a rule that reports goes on when there are no keys to verify with", async () => {
  const empty = await makeFixture({ routes, publish: false });
  const headers = { authorization: `Bearer ${await empty.token()}` };
  expect((await empty.send("/observed/x", { headers })).status).toBe(200);
  expect(empty.events.at(-1)).toMatchObject({ decision: "forwarded", reported: { code: "keys_unavailable" } });
});
