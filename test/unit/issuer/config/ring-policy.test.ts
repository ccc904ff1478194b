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
