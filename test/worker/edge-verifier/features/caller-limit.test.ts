/** A caller with a good token that asks too often is told when to come back; other callers never wait for it. */
import { describe, expect, test } from "vitest";
import { allFeatures } from "../../../../edge-verifier/features/all.ts";
import { callerOf } from "../../../../edge-verifier/features/caller-limit.ts";
import { configure, makeFixture, problemOf } from "../fixture.ts";

const limiterOf = (limit: number): { CALLERS: object; keys: string[] } => {
  const keys: string[] = [];
  const CALLERS = {
    limit: async ({ key }: { key: string }) => {
      keys.push(key);
      return { success: keys.filter((one) => one === key).length <= limit };
    },
  };
  return { CALLERS, keys };
};

describe("a limit per caller", () => {
  test("answers 429 with the period, and the origin is not asked", async () => {
    const { CALLERS } = limiterOf(2);
    const fixture = await makeFixture({ vars: { CALLERS, CALLERS_PERIOD_SECONDS: "10" } });
    const statuses: number[] = [];
    for (let round = 0; round < 3; round += 1)
      statuses.push((await fixture.sendAs({ jti: `t-${round}` }, "/api/x")).status);
    expect(statuses).toEqual([200, 200, 429]);
    const response = await fixture.sendAs({}, "/api/x");
    expect(response.headers.get("retry-after")).toBe("10");
    expect(await problemOf(response)).toMatchObject({ status: 429, code: "too_many_requests" });
    expect(fixture.originCalls()).toBe(2);
    expect(fixture.events.at(-1)).toMatchObject({
      decision: "refused",
      status: 429,
      route: "/api/*",
      jti: "t-1",
      refusal: { code: "too_many_requests", by: "subject" },
    });
    expect((await fixture.sendAs({ sub: "user-2" }, "/api/x")).status).toBe(200);
  });

  test("counts admitted requests only: neither refused ones, nor those without a token", async () => {
    const { CALLERS, keys } = limiterOf(1);
    const fixture = await makeFixture({ vars: { CALLERS } });
    expect((await fixture.sendAs({}, "/api/admin/x")).status).toBe(403);
    expect((await fixture.send("/api/x")).status).toBe(401);
    expect((await fixture.send("/public/x")).status).toBe(200);
    expect(keys).toEqual([]);
  });

  test("holds on a rule that only reports, for callers with a good token", async () => {
    const { CALLERS } = limiterOf(0);
    const routes = [{ path: "/api/*", require: {}, mode: "report" }] as const;
    const fixture = await makeFixture({ routes, vars: { CALLERS } });
    expect((await fixture.sendAs({}, "/api/x")).status).toBe(429);
    expect((await fixture.send("/api/x")).status).toBe(200);
  });

  test("is no refusal that the limit on refusals counts", async () => {
    const { CALLERS } = limiterOf(0);
    const refusals = limiterOf(0);
    const fixture = await makeFixture({ vars: { CALLERS, REFUSALS: refusals.CALLERS } });
    const init = { headers: { "cf-connecting-ip": "192.0.2.1" } };
    expect(await problemOf(await fixture.sendAs({}, "/api/x", init))).toMatchObject({ code: "too_many_requests" });
    expect(refusals.keys).toEqual([]);
    expect(await problemOf(await fixture.send("/api/x", init))).toMatchObject({ code: "too_many_refusals" });
  });

  test("that fails limits no caller", async () => {
    const CALLERS = { limit: () => Promise.reject(new Error("down")) };
    const fixture = await makeFixture({ vars: { CALLERS } });
    expect((await fixture.sendAs({}, "/api/x")).status).toBe(200);
  });

  test.each([
    ["subject", { sub: "a" }, { sub: "b" }],
    ["client", { client_id: "a" }, { client_id: "b" }],
    ["client", { azp: "a" }, { azp: "b" }],
    ["token", { jti: "a" }, { jti: "b" }],
  ])("counts by %s: %j is another caller than %j", async (CALLERS_BY, one, other) => {
    const { CALLERS } = limiterOf(1);
    const fixture = await makeFixture({ vars: { CALLERS, CALLERS_BY } });
    const statusOf = async (claims: Record<string, string>): Promise<number> =>
      (await fixture.sendAs({ sub: "same", jti: "same", ...claims }, "/api/x")).status;
    expect(await statusOf(one)).toBe(200);
    expect(await statusOf(one)).toBe(429);
    expect(await statusOf(other)).toBe(200);
  });
});

test("tokens without the claim are one caller, and no text makes two callers one", () => {
  const claims = { iss: "https://a.example", aud: "x", exp: 1 } as Parameters<typeof callerOf>[0];
  expect(callerOf(claims, "subject")).toBe(callerOf({ ...claims, jti: "another" }, "subject"));
  const keys = [
    callerOf(claims, "subject"),
    callerOf({ ...claims, sub: "null" }, "subject"),
    callerOf({ ...claims, sub: "" }, "subject"),
    callerOf({ ...claims, sub: 'x","y' }, "subject"),
    callerOf({ ...claims, jti: "x" }, "token"),
    callerOf({ ...claims, client_id: "x" }, "client"),
    callerOf({ ...claims, iss: "https://b.example", sub: "x" }, "subject"),
    callerOf({ ...claims, sub: "x" }, "subject"),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

describe("the configuration", () => {
  const limit = (): void => undefined;

  test.each([
    [{ CALLERS: {} }, ["CALLERS"]],
    [{ CALLERS: { limit }, CALLERS_BY: "address" }, ["CALLERS_BY"]],
    [{ CALLERS: { limit }, CALLERS_BY: "constructor" }, ["CALLERS_BY"]],
    [{ CALLERS: { limit }, CALLERS_PERIOD_SECONDS: "30" }, ["CALLERS_PERIOD_SECONDS"]],
    [{ REFUSALS: { limit }, REFUSALS_PERIOD_SECONDS: "x" }, ["REFUSALS_PERIOD_SECONDS"]],
    [{ REFUSALS_PERIOD_SECONDS: "60" }, ["REFUSALS_PERIOD_SECONDS"]],
    [{ CALLERS_BY: "subject", CALLERS_PERIOD_SECONDS: 60 }, ["CALLERS_PERIOD_SECONDS", "CALLERS_BY"]],
    [{ CALLERS: { limit }, CALLERS_BY: "token", CALLERS_PERIOD_SECONDS: 10 }, []],
  ])("%j has the problems %j", async (vars, expected) => {
    expect((await configure(vars, allFeatures)).problems.map(({ variable }) => variable)).toEqual(expected);
  });
});
