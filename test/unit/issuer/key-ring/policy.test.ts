/** A ring's policy is checked as a whole, and everything that is wrong is reported at once. */
import { describe, expect, test } from "vitest";
import {
  checkRingPolicy,
  graceSeconds,
  plannedLeadSeconds,
  signerMaxAgeSeconds,
} from "../../../../issuer/key-ring/index.ts";
import type { RingPolicyInput } from "../../../../issuer/key-ring/index.ts";
import { TEST_ISSUER } from "../../../support/key-sets.ts";
import { MAIN_RING, ringPolicy } from "../../../support/ring-world.ts";
import { errorOf } from "../../../support/values.ts";

function problems(changes: Partial<RingPolicyInput>): readonly string[] {
  return errorOf(checkRingPolicy({ ring: MAIN_RING, issuer: TEST_ISSUER, ...changes })).map(({ member }) => member);
}

/** Settling 4K + 20, R, lead S + K + P + 1, then hold A + L + 2K and G. */
const LEAST_PERIOD = 260 + 300 + 3931 + (4080 + 390);

describe("a ring policy", () => {
  test("is complete with a ring and an issuer", () => {
    const policy = ringPolicy();
    expect(policy).toMatchObject({ alg: "ES256", keySpec: "ECC_NIST_P256", deleteAfterDays: undefined });
    expect(plannedLeadSeconds(policy.timing, policy)).toBe(180 + 60 + 30 + 60 + 3600 + 1);
    expect(graceSeconds(policy.timing, policy)).toBe(300 + 30 + 60);
    expect(signerMaxAgeSeconds(policy)).toBe(60);
  });

  test("takes an option that is there but undefined for one that was left out", () => {
    const input = {
      ring: MAIN_RING,
      issuer: TEST_ISSUER,
      rotateEverySeconds: undefined,
      timing: { maxTokenTtlSeconds: undefined },
    };
    expect(checkRingPolicy(input)).toEqual(checkRingPolicy({ ring: MAIN_RING, issuer: TEST_ISSUER }));
  });

  test("reports all broken inequalities at once", () => {
    expect(
      problems({
        rotateEverySeconds: LEAST_PERIOD + 60 - 1,
        documentLifetimeSeconds: 2 * (2 * 300 + 331) - 1,
        kmsConsistencySeconds: 360,
        publishDeadlineSeconds: 91,
        downstreamCacheSeconds: 29,
      }),
    ).toEqual([
      "timing.kvPropagationSeconds",
      "timing.signerLagSeconds",
      "downstreamCacheSeconds",
      "documentLifetimeSeconds",
    ]);
    expect(problems({ rotateEverySeconds: LEAST_PERIOD - 1 })).toEqual(["rotateEverySeconds"]);
  });

  test("accepts each inequality at its limit", () => {
    const policy = ringPolicy({
      rotateEverySeconds: LEAST_PERIOD + 59 - 3600 + 30,
      documentLifetimeSeconds: 2 * (2 * 300 + 331),
      kmsConsistencySeconds: 359,
      publishDeadlineSeconds: 90,
      downstreamCacheSeconds: 30,
    });
    expect(signerMaxAgeSeconds(policy)).toBe(1);
  });

  test("reports all values that make no sense at once, and no inequality over them", () => {
    expect(
      problems({
        rotateEverySeconds: Number.NaN,
        deleteAfterDays: 6,
        timing: { kvCacheTtlSeconds: 29, memoryTtlSeconds: 0, clockSkewSeconds: -1, maxTokenTtlSeconds: 0.5 },
      }),
    ).toEqual([
      "timing.kvCacheTtlSeconds",
      "timing.memoryTtlSeconds",
      "timing.clockSkewSeconds",
      "timing.maxTokenTtlSeconds",
      "rotateEverySeconds",
      "deleteAfterDays",
    ]);
  });

  test.each([7, 30])("accepts a deletion after %s days", (deleteAfterDays) => {
    expect(ringPolicy({ deleteAfterDays }).deleteAfterDays).toBe(deleteAfterDays);
  });

  test.each([0, 31, 7.5])("refuses a deletion after %s days", (deleteAfterDays) => {
    expect(problems({ deleteAfterDays })).toEqual(["deleteAfterDays"]);
  });

  test("refuses a key spec that does not fit the algorithm, and a root algorithm that cannot sign a key set", () => {
    expect(problems({ alg: "RS256", keySpec: "ECC_NIST_P256", rootAlg: "EdDSA" })).toEqual(["keySpec", "rootAlg"]);
    expect(ringPolicy({ alg: "RS256", keySpec: "RSA_4096" }).keySpec).toBe("RSA_4096");
  });

  test("refuses a document that is believed for more than a week", () => {
    expect(problems({ documentLifetimeSeconds: 7 * 86_400 + 1 })).toEqual(["documentLifetimeSeconds"]);
  });
});
