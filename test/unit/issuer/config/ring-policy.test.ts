/** A ring's policy as people write it, in code or in variables. */
import { describe, expect, test } from "vitest";
import { SealgateError, createRingPolicy, readRingPolicy } from "../../../../issuer/index.ts";
import { TEST_ISSUER } from "../../../support/key-sets.ts";

describe("a policy in code", () => {
  test("has defaults, and takes plain strings", () => {
    expect(createRingPolicy({ ring: "main", issuer: TEST_ISSUER })).toMatchObject({
      alg: "ES256",
      keySpec: "ECC_NIST_P256",
    });
  });

  test("that makes no sense throws TypeError, with all that is wrong", () => {
    const names = { ring: "No Ring", issuer: "http://example.com" };
    expect(() => createRingPolicy(names)).toThrow(/ring must be .*; issuer must/);
    const numbers = { ring: "main", issuer: TEST_ISSUER, rotateEverySeconds: 60, documentLifetimeSeconds: 60 };
    expect(() => createRingPolicy(numbers)).toThrow(/rotateEverySeconds must .*; documentLifetimeSeconds must/);
    expect(() => createRingPolicy(numbers)).toThrow(TypeError);
  });

  test("and one of the environment are the same", () => {
    const env = { SEALGATE_ISSUER: TEST_ISSUER, SEALGATE_POLICY: '{"alg":"RS256","timing":{"memoryTtlSeconds":20}}' };
    expect(readRingPolicy(env)).toEqual(
      createRingPolicy({ ring: "main", issuer: TEST_ISSUER, alg: "RS256", timing: { memoryTtlSeconds: 20 } }),
    );
    expect(() => readRingPolicy({})).toThrow(SealgateError);
  });
});

describe("a policy in a variable", () => {
  const ENV = { SEALGATE_ISSUER: TEST_ISSUER };

  test.each(["", "  \n", "{}", '{"timing":{}}'])("of %j is the default one of the ring main", (text) => {
    const policy = readRingPolicy({ ...ENV, SEALGATE_POLICY: text });
    expect(policy).toEqual(createRingPolicy({ ring: "main", issuer: TEST_ISSUER }));
  });

  test("may set every rule, with the same meaning as in code", () => {
    const { ring, issuer, ...rules } = createRingPolicy({ ring: "eu-1", issuer: TEST_ISSUER, deleteAfterDays: 7 });
    const env = { ...ENV, SEALGATE_RING: ring, SEALGATE_POLICY: JSON.stringify(rules) };
    expect(readRingPolicy(env)).toEqual({ ring, issuer, ...rules });
  });

  test.each([
    ["no JSON", "rotate", "is not a JSON object"],
    ["a list", "[]", "is not a JSON object"],
    ["a member twice", '{"alg":"ES256","alg":"ES384"}', "is not a JSON object"],
    ["a misspelt rule", '{"rotateEvery":9000}', '"rotateEvery" is not a member of a policy'],
    ["the ring, which has a variable of its own", '{"ring":"eu-1"}', '"ring" is not a member of a policy'],
    ["the issuer, which has a variable of its own", '{"issuer":"x"}', '"issuer" is not a member of a policy'],
    ["text for a number", '{"rotateEverySeconds":"9000"}', "rotateEverySeconds must be a number"],
    ["a number for text", '{"keySpec":1}', "keySpec must be a string"],
    ["null", '{"alg":null}', "alg must be a string"],
    ["a list of timings", '{"timing":[]}', "timing must be an object"],
    ["a misspelt timing", '{"timing":{"clockSkew":60}}', 'timing."clockSkew" is not a member of a policy'],
    ["text for a timing", '{"timing":{"clockSkewSeconds":"60"}}', "timing.clockSkewSeconds must be a number"],
    ["a rule that cannot hold", '{"rotateEverySeconds":1}', "cannot be met: rotateEverySeconds "],
  ])("is refused for %s", (_what, text, problem) => {
    const read = (): unknown => readRingPolicy({ ...ENV, SEALGATE_POLICY: text });
    expect(read).toThrow(SealgateError);
    expect(read).toThrow(problem);
    expect(read).toThrow(/^The configuration is not usable: SEALGATE_POLICY /);
  });

  test("is reported with all its faults and those of the other variables at once", () => {
    const env = { SEALGATE_RING: "EU", SEALGATE_POLICY: '{"alg":1,"rotate":2,"timing":{"x":3}}' };
    expect(() => readRingPolicy(env)).toThrow(
      /SEALGATE_RING must .*; SEALGATE_ISSUER is missing; SEALGATE_POLICY is not a policy: alg .*; "rotate" .*; timing\."x"/,
    );
  });
});

test("what keys are created with is read from JSON, and checked with everything else", () => {
  const env = (newKeys: unknown): Record<string, string> => ({
    SEALGATE_ISSUER: "https://auth.example.com",
    SEALGATE_POLICY: JSON.stringify({ newKeys }),
  });
  expect(readRingPolicy(env({ tags: { team: "identity" } })).newKeys).toEqual({
    tags: { team: "identity" },
    keyPolicy: undefined,
    description: undefined,
  });
  expect(() => readRingPolicy(env({ tag: {} }))).toThrow(/newKeys\."tag" is not a member of a policy/);
  expect(() => readRingPolicy(env({ tags: { "aws:x": "1" } }))).toThrow(/newKeys\.tags must not have names/);
  const newKeys = JSON.parse('{"tag":{}}');
  expect(() => createRingPolicy({ ring: "main", issuer: "https://auth.example.com", newKeys })).toThrow(TypeError);
});
