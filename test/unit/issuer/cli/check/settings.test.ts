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
