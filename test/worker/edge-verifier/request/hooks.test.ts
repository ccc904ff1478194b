/** Optional features: a gateway without one is complete, and never takes a variable of one it does not have for granted. */
import { describe, expect, test } from "vitest";
import type { Feature } from "../../../../edge-verifier/request/hooks.ts";
import { allFeatures } from "../../../../edge-verifier/features/all.ts";
import { cors } from "../../../../edge-verifier/features/cors.ts";
import { hsts } from "../../../../edge-verifier/features/hsts.ts";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import { configure, echoOf, makeFixture, problemOf } from "../fixture.ts";

/** Every optional variable, with a value that its feature accepts, and the feature's name. */
const VARIABLES: readonly (readonly [variable: string, value: unknown, feature: string])[] = [
  ["CORS_ORIGINS", "https://app.example.com", "cors"],
  ["CORS_CREDENTIALS", "true", "cors"],
  ["HSTS_MAX_AGE_SECONDS", "60", "hsts"],
  ["RESOURCE", "https://api.example.com", "resourceMetadata"],
  ["AUTHORIZATION_SERVERS", "https://issuer.example.com", "resourceMetadata"],
  ["TOKEN_CARRIERS", "authorization", "tokenLocations"],
  ["TOKEN_COOKIE", "token", "tokenLocations"],
  ["TOKEN_WEBSOCKET_PROTOCOL", "bearer", "tokenLocations"],
  ["TOKEN_HEADER", "x-token", "tokenLocations"],
  ["TOKEN_HEADER_SCHEME", "Token", "tokenLocations"],
  ["TOKEN_CREDENTIALS_BESIDE", "remove", "tokenLocations"],
  ["IDENTITY_HEADERS", "{}", "identityHeaders"],
  ["ASSERTION_KEY", "{}", "assertion"],
  ["ASSERTION_CLAIMS", "roles", "assertion"],
  ["LOG_SUBJECT_HASH_KEY", "k".repeat(32), "subjectHash"],
  ["SERVER_TIMING", "false", "serverTiming"],
  ["FOREIGN_ISSUERS", "[]", "foreignIssuers"],
  ["EVENTS", { writeDataPoint: (): void => undefined }, "dataPoints"],
  ["REFUSALS", { limit: (): void => undefined }, "refusalLimit"],
  ["REFUSALS_PERIOD_SECONDS", "10", "refusalLimit"],
  ["REVOCATIONS", "required", "revocations"],
  ["REVOCATIONS_ENDPOINT", "public", "revocations"],
  ["CALLERS", { limit: (): void => undefined }, "callerLimit"],
  ["CALLERS_BY", "client", "callerLimit"],
  ["CALLERS_PERIOD_SECONDS", "10", "callerLimit"],
];

test("each feature has a variable here, or is switched on by a member of a rule, or by its place in the list", () => {
  const named = new Set([
    ...VARIABLES.map(([, , feature]) => feature),
    "pathTolerance",
    "origins",
    "discovery",
    "furtherMethods",
    "originCookies",
  ]);
  expect(named).toEqual(new Set(allFeatures.map(({ name }) => name)));
});

describe("a rule with tolerate", () => {
  const routes = defineRoutes([{ path: "/api/*", require: {}, tolerate: ["encoded_slash"] }]);

  test("is a problem while its feature is left out", async () => {
    const fixture = await makeFixture({ routes, features: allFeatures.filter(({ name }) => name !== "pathTolerance") });
    expect(await problemOf(await fixture.sendAs({}, "/api/x"))).toMatchObject({ code: "config_invalid" });
    expect(fixture.events[0]?.refusal).toEqual({
      code: "config_invalid",
      problems: [
        {
          variable: "routes[0]",
          problem: "tolerate needs the feature pathTolerance: add it in features.ts",
        },
      ],
    });
  });

  test("takes such a path, asks for the token all the same, and hands the raw path to the origin", async () => {
    const fixture = await makeFixture({ routes });
    expect((await fixture.send("/api/a%2Fb")).status).toBe(401);
    const response = await fixture.sendAs({}, "/api/a%2Fb?c=%2F");
    expect((await echoOf(response)).url).toBe("https://origin.invalid/api/a%2Fb?c=%2F");
    expect(fixture.events.at(-1)).toMatchObject({ decision: "forwarded", route: "/api/*" });
    expect(await problemOf(await fixture.sendAs({}, "/api/a;b"))).toMatchObject({ code: "path_ambiguous" });
    expect(fixture.events.at(-1)?.refusal).toEqual({ code: "path_unsafe", reason: "character", tolerate: ";" });
    expect(fixture.originCalls()).toBe(1);
  });

  test("is taken for a preflight too", async () => {
    const web = "https://app.example.com";
    const fixture = await makeFixture({ routes, vars: { CORS_ORIGINS: web } });
    const preflight = { method: "OPTIONS", headers: { origin: web, "access-control-request-method": "GET" } };
    expect((await fixture.send("/api/a%2Fb", preflight)).status).toBe(204);
    expect((await fixture.send("/api/a;b", preflight)).status).toBe(400);
    expect(fixture.originCalls()).toBe(0);
  });

  test("with something that nobody may tolerate stops the gateway", async () => {
    const fixture = await makeFixture({
      // @ts-expect-error no member of the list
      routes: [{ path: "/api/*", require: {}, tolerate: ["dot_segment"] }],
    });
    expect(await problemOf(await fixture.sendAs({}, "/api/x"))).toMatchObject({ code: "config_invalid" });
  });
});

describe.each(VARIABLES)("%s", (variable, value, name) => {
  const problem = `needs the feature ${name}: add it in features.ts`;

  test("is a problem while its feature, and only that one, is left out", async () => {
    const without = allFeatures.filter((feature) => feature.name !== name);
    expect((await configure({ [variable]: value }, without)).problems).toContainEqual({ variable, problem });
    const { problems } = await configure({ [variable]: value });
    expect(problems.filter((one) => one.problem.startsWith("needs"))).toEqual([]);
  });

  test("is read by its feature and by no other", async () => {
    const asked = new Set<string>();
    const env = new Proxy<Record<string, unknown>>({}, { get: (_target, key) => void asked.add(String(key)) });
    for (const feature of allFeatures.filter((one) => one.name === name)) {
      await feature.read({ env, report: () => undefined, routes: [], keySet: undefined, clock: () => 0 });
    }
    // Some variables are asked only if another one is set.
    const own = VARIABLES.filter(([, , feature]) => feature === name).map(([one]) => one);
    expect([...asked].filter((one) => !own.includes(one))).toEqual([]);
    expect(asked.size).toBeGreaterThan(0);
  });

  test("that is empty is not set", async () => {
    expect((await configure({ [variable]: "" }, [])).problems).toEqual([]);
  });
});

test("a gateway without features forwards, and refuses to start with a variable of one", async () => {
  const plain = await makeFixture({ features: [] });
  expect((await plain.sendAs({}, "/api/x")).status).toBe(200);
  const broken = await makeFixture({ features: [hsts], vars: { CORS_ORIGINS: "https://app.example.com" } });
  expect(await problemOf(await broken.send("/public/x"))).toMatchObject({ status: 500, code: "config_invalid" });
  expect(broken.events[0]?.refusal).toEqual({
    code: "config_invalid",
    problems: [{ variable: "CORS_ORIGINS", problem: "needs the feature cors: add it in features.ts" }],
  });
});

test("a feature that is listed twice acts once", async () => {
  const fixture = await makeFixture({ features: [cors, cors], vars: { CORS_ORIGINS: "https://app.example.com" } });
  const response = await fixture.send("/public/x", { headers: { origin: "https://app.example.com" } });
  expect(response.headers.get("vary")?.match(/Origin/g)).toHaveLength(1);
});

test("two features with the same hook stop the gateway: one of them would never be asked", async () => {
  const again: Feature = { name: "hsts", read: () => ({ preflight: () => undefined, onResponse: () => undefined }) };
  const fixture = await makeFixture({ features: [cors, again], vars: { CORS_ORIGINS: "https://app.example.com" } });
  expect(await problemOf(await fixture.send("/public/x"))).toMatchObject({ status: 500, code: "config_invalid" });
  expect(fixture.events[0]?.refusal).toEqual({
    code: "config_invalid",
    problems: [
      {
        variable: "features",
        problem: "have the hook preflight twice, or it does not exist",
      },
    ],
  });
});

test("a hook that does not exist stops the gateway: it would never be asked", async () => {
  const feature: Feature = { name: "hsts", read: () => Object.fromEntries([["onAnswer", () => undefined]]) };
  const fixture = await makeFixture({ features: [feature] });
  expect((await fixture.send("/public/x")).status).toBe(500);
  expect(fixture.events[0]?.refusal).toEqual({
    code: "config_invalid",
    problems: [
      {
        variable: "features",
        problem: "have the hook onAnswer twice, or it does not exist",
      },
    ],
  });
});
