/** A short soak run: the local stack under traffic, with a rotation, a withdrawn key and every fault once. */
import { expect, test } from "vitest";
import { runSoak } from "../soak/soak.ts";
import { describeReport, problemsOf } from "../soak/verdict.ts";

/** Enough for one round of everything that happens in a run, on a busy machine. */
const SECONDS = 15;

/** The same choices in each run (a linear congruential generator, Numerical Recipes). */
function createRandom(): () => number {
  let state = 1;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}

test("under load, rotations and faults no good token is refused and no bad one accepted", async ({ annotate }) => {
  const report = await runSoak({ seconds: SECONDS, requestsPerSecond: 60, concurrency: 8, random: createRandom() });
  await annotate(describeReport(report));
  expect(problemsOf(report)).toEqual([]);
  expect(report.tally.requests).toBeLessThanOrEqual(SECONDS * 60);
  const { rotations, withdrawals, kvOverwritten, kvEmptied } = report.deeds;
  expect(Math.min(rotations, withdrawals, kvOverwritten, kvEmptied)).toBeGreaterThan(0);
  // Within the wait that the run allows for it: M, the skew and a second.
  expect(report.deeds.longestRevocationMs).toBeGreaterThan(0);
  expect(report.deeds.longestRevocationMs).toBeLessThan(3000);
  // Elsewhere than on Linux it is not known.
  expect(report.memoryMib?.at(-1) ?? Number(process.platform !== "linux")).toBeGreaterThan(0);
});
