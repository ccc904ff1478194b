/** Optional features: a gateway without one is complete, and never takes a variable of one it does not have for granted. */
import { describe, expect, test } from "vitest";
import { allFeatures } from "../../../edge-verifier/features/all.ts";
import { cors } from "../../../edge-verifier/features/cors.ts";
import { hsts } from "../../../edge-verifier/features/hsts.ts";
import { configure, makeFixture, problemOf } from "./fixture.ts";

/** Every optional variable, with a value that its feature accepts, and the feature's name. */
const VARIABLES: readonly (readonly [variable: string, value: unknown, feature: string])[] = [
  ["CORS_ORIGINS", "https://app.example.com", "cors"],
  ["CORS_CREDENTIALS", "true", "cors"],
  ["HSTS_MAX_AGE_SECONDS", "60", "hsts"],
  ["RESOURCE", "https://api.example.com", "resourceMetadata"],
  ["AUTHORIZATION_SERVERS", "https://issuer.example.com", "resourceMetadata"],
  ["TOKEN_CARRIERS", "authorization", "tokenCarriers"],
  ["TOKEN_COOKIE", "token", "tokenCarriers"],
  ["TOKEN_WEBSOCKET_PROTOCOL", "bearer", "tokenCarriers"],
  ["IDENTITY_HEADERS", "{}", "identityHeaders"],
  ["ASSERTION_KEY", "{}", "assertion"],
  ["LOG_SUBJECT_HASH_KEY", "k".repeat(32), "subjectHash"],
  ["SERVER_TIMING", "false", "serverTiming"],
  ["EVENTS", { writeDataPoint: (): void => undefined }, "dataPoints"],
  ["REFUSALS", { limit: (): void => undefined }, "refusalLimit"],
];

test("each feature has a variable here", () => {
  expect(new Set(VARIABLES.map(([, , feature]) => feature))).toEqual(new Set(allFeatures.map(({ name }) => name)));
});

describe.each(VARIABLES)("%s", (variable, value, name) => {
  const problem = `needs the feature ${name}: add it in edge-verifier/features.ts`;

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
      await feature.read({ env, report: () => undefined, base: "", clock: () => 0 });
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
    problems: [{ variable: "CORS_ORIGINS", problem: "needs the feature cors: add it in edge-verifier/features.ts" }],
  });
});

test("a feature that is listed twice acts once", async () => {
  const fixture = await makeFixture({ features: [cors, cors], vars: { CORS_ORIGINS: "https://app.example.com" } });
  const response = await fixture.send("/public/x", { headers: { origin: "https://app.example.com" } });
  expect(response.headers.get("vary")?.match(/Origin/g)).toHaveLength(1);
});
