/** The gateway's options, and variables that are there and empty. */
import { describe, expect, test } from "vitest";
import { createGateway } from "../../../edge-verifier/gateway.ts";
import { cors } from "../../../edge-verifier/features/cors.ts";
import { makeFixture, problemOf, ROUTES } from "./fixture.ts";

/** Every variable that has a default, or switches something on. */
const OPTIONAL = [
  "RING",
  "MIN_REV",
  "BOOTSTRAP_KEY_SET",
  "TOKEN_ALGS",
  "TOKEN_TYPS",
  "ORIGIN_URL",
  "ORIGIN_TIMEOUT_SECONDS",
  "FORWARD_AUTHORIZATION",
  "VERSION",
  "CORS_ORIGINS",
  "CORS_CREDENTIALS",
  "HSTS_MAX_AGE_SECONDS",
  "RESOURCE",
  "AUTHORIZATION_SERVERS",
  "TOKEN_CARRIERS",
  "TOKEN_COOKIE",
  "TOKEN_WEBSOCKET_PROTOCOL",
  "IDENTITY_HEADERS",
  "ASSERTION_KEY",
  "LOG_SUBJECT_HASH_KEY",
  "SERVER_TIMING",
  "EVENTS",
  "REFUSALS",
];

describe("an empty text counts as a variable that is not set", () => {
  test.each(OPTIONAL)("%s", async (variable) => {
    const fixture = await makeFixture({ vars: { [variable]: "" } });
    const response = await fixture.sendAs({}, "/api/x");
    // Without RING the ring is "main", whose keys are not published here.
    expect([response.status, fixture.events[0]?.code]).toEqual(
      variable === "RING" ? [503, "keys_unavailable"] : [200, undefined],
    );
  });

  test("in all of them at once, with and without features", async () => {
    const { RING: _ring, ...vars } = Object.fromEntries(OPTIONAL.map((variable) => [variable, ""]));
    for (const options of [{ vars }, { vars, features: [] }]) {
      expect((await (await makeFixture(options)).sendAs({}, "/api/x")).status).toBe(200);
    }
  });
});

describe("BOOTSTRAP_KEY_SET", () => {
  test.each(["key set", "[]", "a.b.c", "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsiLCJ0eXAiOiJKV1QifQ.e30.c2ln", 1])(
    "%j is no key set, and stops the gateway",
    async (BOOTSTRAP_KEY_SET) => {
      const fixture = await makeFixture({ vars: { BOOTSTRAP_KEY_SET } });
      expect(await problemOf(await fixture.sendAs({}, "/api/x"))).toMatchObject({ code: "config_invalid" });
      expect(fixture.events[0]?.refusal).toEqual({
        code: "config_invalid",
        problems: [{ variable: "BOOTSTRAP_KEY_SET", problem: "must be a signed key set document" }],
      });
    },
  );
});

describe("options that are no options are refused at construction", () => {
  const cases: readonly (readonly [string, object])[] = [
    ["a misspelt one", { feature: [cors] }],
    ["a misspelt one without a value", { onevent: undefined }],
    ["features that are no array", { features: cors }],
    ["a feature that is its name", { features: ["cors"] }],
    ["a feature that is missing", { features: [undefined] }],
    ["a clock that is a time", { clock: 0 }],
    ["a sink that is no function", { onEvent: console }],
  ];
  test.each(cases)("%s", (_name, options) => {
    expect(() => createGateway(ROUTES, options)).toThrow(
      new TypeError("createGateway takes features (an array), clock and onEvent (functions)."),
    );
  });

  test("but not those that are", () => {
    expect(() => createGateway(ROUTES, { features: [cors], clock: () => 0, onEvent: () => undefined })).not.toThrow();
    expect(() => createGateway(ROUTES)).not.toThrow();
  });
});
