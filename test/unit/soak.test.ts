/** The soak run's verdict can fail: each thing that must be 0 is seen when it is not. */
import { describe, expect, test } from "vitest";
import { noDeeds } from "../soak/conductor.ts";
import type { SoakReport } from "../soak/soak.ts";
import { createTally } from "../soak/tally.ts";
import type { Answer } from "../soak/tally.ts";
import { describeReport, problemsOf } from "../soak/verdict.ts";

const GOOD: Answer = { kind: "good", status: 200, code: "from the origin", latencyMs: 2 };
const BAD: Answer = { kind: "bad-expired", status: 401, code: "invalid_token", latencyMs: 1 };

function reportOf(answers: readonly Answer[], changes: Partial<SoakReport> = {}): SoakReport {
  const tally = createTally();
  for (const answer of answers) tally.record(answer);
  const rest = { badAtOrigin: 0, signed: 1, signFailures: {}, documents: 1, memoryMib: undefined };
  return { tally, deeds: { ...noDeeds(), rotations: 1 }, ...rest, ...changes };
}

describe("the verdict of a soak run", () => {
  test("is good when good tokens pass and bad ones do not", () => {
    const report = reportOf([GOOD, BAD]);
    expect(problemsOf(report)).toEqual([]);
    expect(describeReport(report)).toContain("1 passed, 0 refused (must be 0)");
  });

  test.each<[string, number, string]>([
    ["401", 401, "invalid_token"],
    ["503 without keys", 503, "keys_unavailable"],
    ["500", 500, "internal_error"],
    ["no answer", 0, "other side closed"],
  ])("is bad when a good token got %s", (_, status, code) => {
    expect(problemsOf(reportOf([GOOD, BAD, { ...GOOD, status, code }]))).toEqual([
      `good tokens refused: 1 × ${status} ${code}`,
    ]);
  });

  test.each<[number, string]>([
    [502, "origin_unreachable"],
    [504, "origin_timeout"],
    [503, "from the origin"],
  ])("blames the origin for %i %s, and counts it", (status, code) => {
    const report = reportOf([GOOD, BAD, { ...GOOD, status, code }]);
    expect(problemsOf(report)).toEqual([]);
    expect(report.tally.serverErrors).toBe(1);
  });

  test.each([200, 403, 404])("is bad when a bad token got %i", (status) => {
    expect(problemsOf(reportOf([GOOD, BAD, { ...BAD, status, code: "x" }]))).toEqual([
      `bad tokens accepted: 1 × bad-expired: ${status} x`,
    ]);
  });

  test("does not take a fault of the gateway for acceptance: whether the token got through is seen at the origin", () => {
    const report = reportOf([GOOD, BAD, { ...BAD, status: 503, code: "keys_unavailable" }]);
    expect(problemsOf(report)).toEqual([]);
    expect(report.tally.serverErrors).toBe(1);
  });

  test("is bad when a bad token reached the origin, whatever the client was told", () => {
    expect(problemsOf(reportOf([GOOD, BAD], { badAtOrigin: 2 }))).toEqual(["bad tokens at the origin: 2"]);
  });

  test("is bad when nothing has happened", () => {
    expect(problemsOf(reportOf([], { deeds: noDeeds() }))).toEqual([
      "no good token has passed",
      "no bad token was refused",
      "the run was too short for a rotation",
    ]);
  });
});

test("percentiles are those of the good tokens that passed", () => {
  const answers = Array.from({ length: 100 }, (_, index) => ({ ...GOOD, latencyMs: index + 1 }));
  expect(reportOf([...answers, { ...BAD, latencyMs: 1e6 }]).tally.latencies()).toEqual({
    p50: 51,
    p90: 91,
    p99: 100,
    max: 100,
  });
});
