import { describe, expect, test } from "vitest";
import { readRevokingConfig } from "../../../../issuer/config/revoking.ts";

const ENV = { SEALGATE_ISSUER: "https://auth.example.com", SEALGATE_REVOCATION_TABLE: "sealgate-revocations" };

describe("a revoker", () => {
  test("needs an issuer and a table, and no key, no KV and no ring", () => {
    expect(readRevokingConfig(ENV)).toEqual({
      issuer: "https://auth.example.com",
      rings: ["main"],
      tables: ["sealgate-revocations"],
      timing: { clockSkewSeconds: 60, maxTokenTtlSeconds: 3600 },
      bound: { listSeconds: 10, reconcileSeconds: 300, stalenessSeconds: 270 },
    });
  });

  test("of several rings has a table for each, and the largest of their timings", () => {
    const west = "arn:aws:dynamodb:us-west-2:111122223333:table/sealgate-revocations";
    const config = readRevokingConfig({
      ...ENV,
      SEALGATE_RING: "main,west",
      SEALGATE_REVOCATION_TABLE: `sealgate-revocations, ${west}`,
      SEALGATE_POLICY: JSON.stringify({ timing: { clockSkewSeconds: 30 } }),
      SEALGATE_POLICY_WEST: JSON.stringify({ reconcileEverySeconds: 600, timing: { maxTokenTtlSeconds: 7200 } }),
    });
    expect(config).toMatchObject({
      rings: ["main", "west"],
      tables: ["sealgate-revocations", west],
      timing: { clockSkewSeconds: 60, maxTokenTtlSeconds: 7200 },
      bound: { reconcileSeconds: 600 },
    });
  });

  // A list is published at most every 10 s, however often a rotator runs.
  test("promises nothing below the interval of lists", () => {
    const policy = JSON.stringify({ reconcileEverySeconds: 5 });
    expect(readRevokingConfig({ ...ENV, SEALGATE_POLICY: policy }).bound.reconcileSeconds).toBe(10);
  });
});

test.each([
  [{ SEALGATE_REVOCATION_TABLE: "" }, "SEALGATE_REVOCATION_TABLE is missing: it names the table of taken-back tokens"],
  [{ SEALGATE_REVOCATION_TABLE: "a b" }, "SEALGATE_REVOCATION_TABLE must be the name"],
  [{ SEALGATE_REVOCATION_TABLE: "one," }, "SEALGATE_REVOCATION_TABLE must be the name"],
  [{ SEALGATE_REVOCATION_TABLE: "one,one" }, "SEALGATE_REVOCATION_TABLE names a table twice"],
  [{ SEALGATE_ISSUER: "" }, "SEALGATE_ISSUER is missing"],
  [{ SEALGATE_RING: "Main" }, "SEALGATE_RING must be one or more"],
  [{ SEALGATE_POLICY: "{" }, "SEALGATE_POLICY is not a JSON object"],
])("%j is told", (changes, message) => {
  expect(() => readRevokingConfig({ ...ENV, ...changes })).toThrow(message);
});
