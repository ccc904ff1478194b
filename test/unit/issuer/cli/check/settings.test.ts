/** Rules about hosts and secrets that command-mistakes.test.ts does not plant. */
import { describe, expect, test } from "vitest";
import { checkSettings, isExampleHost } from "../../../../../issuer/cli/check/settings.ts";
import { readWorkerConfig } from "../../../../../issuer/cli/check/worker-config.ts";
import { configFile, GOOD, withVars, workerConfig } from "./support.ts";

const wrongIn = (config = workerConfig()): readonly (string | undefined)[] =>
  checkSettings(config, []).flatMap(({ status, variable }) => (status === "wrong" ? [variable] : []));

test.each([
  ["example.com", true],
  ["auth.example.org", true],
  ["api.test", true],
  ["origin.invalid", true],
  ["example.acme.dev", false],
  ["myexample.com", false],
  ["contest", false],
])("%s is an example: %s", (host, expected) => {
  expect(isExampleHost(host)).toBe(expected);
});

describe("placeholders", () => {
  test("are found in lists, and in every variable", () => {
    const vars = { AUDIENCE: "https://api.acme.dev, https://api.example.com", CORS_ORIGINS: "https://app.example.net" };
    expect(wrongIn(workerConfig(withVars(vars)))).toEqual(["AUDIENCE", "CORS_ORIGINS"]);
  });

  test("a loopback origin is right at the top level, which is local development", () => {
    const json = { ...configFile(GOOD), ...withVars({ ORIGIN_URL: "http://localhost:8789" }) };
    expect(wrongIn(readWorkerConfig(json, undefined))).toEqual([]);
    expect(wrongIn(readWorkerConfig(json, "production"))).toEqual(["ORIGIN_URL"]);
  });
});

test("a private key in any variable is a secret, even among the anchors", () => {
  expect(wrongIn(workerConfig(withVars({ TRUST_ANCHORS: '[{"kty":"EC","d":"abc"}]' })))).toEqual(["TRUST_ANCHORS"]);
  expect(wrongIn(workerConfig(withVars({ PEM: "-----BEGIN PRIVATE KEY-----" })))).toEqual(["PEM"]);
  expect(wrongIn(workerConfig(withVars({ ASSERTION_KEY: "" })))).toEqual([]);
});

test("no message repeats a secret", () => {
  const rows = checkSettings(workerConfig(withVars({ ASSERTION_KEY: '{"d":"s3cret"}' })), []);
  expect(JSON.stringify(rows)).not.toContain("s3cret");
});

test("what other secrets are called is known, too", () => {
  for (const name of ["AWS_SECRET_ACCESS_KEY", "ORIGIN_API_KEY", "DB_PASSWORD", "SEALGATE_CALLER_SECRET"])
    expect([name, wrongIn(workerConfig(withVars({ [name]: "s3cret" })))]).toEqual([name, [name]]);
  expect(wrongIn(workerConfig({ vars: { ...GOOD.vars, TRUST_ANCHORS: [{ kty: "EC", d: "abc" }] } }))).toEqual([
    "TRUST_ANCHORS",
  ]);
});

test.each([
  ["api.acme.dev", /^The route api\.acme\.dev leaves requests/],
  ["api.acme.dev/v1/*", /would go past the gateway/],
  ["https://api.acme.dev/*", /would go past the gateway/],
])("the route %s leaves requests out", (pattern, message) => {
  const rows = checkSettings(workerConfig({ routes: [{ pattern, zone_name: "acme.dev" }] }), []);
  expect(rows.filter(({ status }) => status === "wrong")).toEqual([
    {
      check: "hostname",
      status: "wrong",
      message: expect.stringMatching(message),
      variable: "routes",
      repair: "Write the pattern as api.acme.dev/*, without a scheme.",
    },
  ]);
});

test("a route for all of a hostname leaves nothing out", () => {
  for (const pattern of ["api.acme.dev/*", "*.acme.dev/*"])
    expect(wrongIn(workerConfig({ routes: [{ pattern, zone_name: "acme.dev" }] }))).toEqual([]);
  expect(wrongIn(workerConfig({ routes: [], route: "api.acme.dev/*" }))).toEqual([]);
});

test("a namespace that is bound by another name is named", () => {
  const rows = checkSettings(workerConfig({ kv_namespaces: [{ binding: "KEYSETS", id: "f".repeat(32) }] }), []);
  expect(rows.filter(({ status }) => status === "wrong")).toMatchObject([
    { message: 'KEY_SETS is not bound: the namespaces here are bound as "KEYSETS".', variable: "KEY_SETS" },
  ]);
});

test("an id that is not of Cloudflare's form is no placeholder", () => {
  const rows = checkSettings(workerConfig({ kv_namespaces: [{ binding: "KEY_SETS", id: "F".repeat(32) }] }), []);
  expect(rows.filter(({ status }) => status === "wrong")).toMatchObject([
    { message: "The id of KEY_SETS is not 32 characters of 0-9 and a-f." },
  ]);
});
