/** What is measured of a ring: a real ring on a virtual clock, at times that can be reckoned. */
import { expect, test } from "vitest";
import { measureRing } from "../../../../issuer/metrics/ring.ts";
import type { ReconcileReport, RingPolicy } from "../../../../issuer/key-ring/index.ts";
import { epochSecondsFromMs } from "../../../../shared/identifiers.ts";
import { startRevocationWorld } from "../../../support/revocation-world.ts";
import { startRingWorld } from "../../../support/ring-world.ts";

function measure(report: ReconcileReport, policy: RingPolicy, nowMs: number): Readonly<Record<string, number>> {
  const measurements = measureRing(report, policy, epochSecondsFromMs(nowMs));
  return Object.fromEntries(measurements.map(({ name, value }) => [name, value]));
}

test("a ring at rest: its document's age and life, its keys, and when it rotates next", async () => {
  const world = await startRingWorld();
  const report = await world.run({ request: { kind: "init" } });
  const { policy } = world;
  const madeAtMs = world.clock.epochMs();
  const half = measure(report, policy, madeAtMs + (policy.documentLifetimeSeconds / 2) * 1000);
  expect(half).toMatchObject({
    run_succeeded: 1,
    run_failed: 0,
    ring_problems: 0,
    published_keys: 2,
    // The root key, the active key, the pending one.
    billed_keys: 3,
    rotation_overdue: 0,
  });
  expect(half["document_life_used"]).toBeCloseTo(0.5, 2);
  expect(half["document_age"]).toBeCloseTo(policy.documentLifetimeSeconds / 2, -1);
  const late = measure(report, policy, madeAtMs + (policy.rotateEverySeconds + 3600) * 1000);
  expect(late["next_rotation_in"]).toBe(0);
  expect(late["rotation_overdue"]).toBeCloseTo(3600, -1);
  expect(late["active_key_age"]).toBeCloseTo(policy.rotateEverySeconds + 3600, -1);
});

test("a list of taken-back tokens: its age and life, how many entries it holds, and for how many there is no room", async () => {
  const { ring, ...world } = await startRevocationWorld();
  await world.revocations.revokeToken({ jti: "stolen" });
  await world.revocations.revokeSubject("alice");
  const published = await world.run();
  const { revocationLifetimeSeconds } = ring.policy;
  const measured = measure(published, ring.policy, ring.clock.epochMs() + (revocationLifetimeSeconds / 4) * 1000);
  expect(measured).toMatchObject({ list_entries: 2, list_left_out: 0 });
  expect(measured["list_life_used"]).toBeCloseTo(0.25, 2);
  expect(measured["list_age"]).toBeCloseTo(revocationLifetimeSeconds / 4, -1);
  ring.pass(20);
  const unchanged = measure(await world.run(), ring.policy, ring.clock.epochMs());
  expect(unchanged).toMatchObject({ list_entries: 2 });
  expect(unchanged["list_age"]).toBeGreaterThanOrEqual(20);
});

test("a ring that does not exist has failed, and nothing of it is measured that is not there", async () => {
  const world = await startRingWorld();
  const report = await world.run();
  expect(measure(report, world.policy, world.clock.epochMs())).toEqual({
    run_succeeded: 0,
    run_failed: 1,
    ring_steps: 0,
    ring_problems: report.plan.problems.length,
    billed_keys: 0,
  });
});
