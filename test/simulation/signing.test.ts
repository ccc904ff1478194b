/** Promise 9 in a ring without a fit key: it is mended after six calm runs that KMS has shown each other's work. */
import { expect, test } from "vitest";
import { CALM_RUN, createBareWorld } from "./bare-world.ts";
import { START_MS } from "./clock.ts";
import { createCoverage } from "./coverage.ts";
import { createFacts } from "./facts.ts";
import { createSigningJudge } from "./signing.ts";

/** @param runsAtSeconds calm runs, so long after the only key was disabled */
async function reportsAfter(runsAtSeconds: readonly number[]): Promise<number> {
  const { clock, kms: model, kv, policy, aliases } = createBareWorld();
  const kms = model.truth;
  const facts = createFacts({ clock, kms, kv, policies: [policy] });
  const reports: string[] = [];
  const report = (detail: string): void => void reports.push(detail);
  const options = { clock, kms, facts, coverage: createCoverage(), policy, rotatorEverySeconds: 60, report };
  const judge = createSigningJudge(options);
  kms.onChange((change) => {
    facts.onKms(change);
    judge.onChange();
  });
  judge.begin();
  const rotator = model.client(() => 0, "rotator");
  const tags = { "sealgate:listed": "1", "sealgate:kid": "kid" };
  const { keyArn } = await rotator.createKey({ keySpec: "ECC_NIST_P256", description: "", tags });
  await rotator.createAlias(aliases.active, keyArn);
  await model.client(() => 0, "person").disableKey(keyArn);
  for (const seconds of runsAtSeconds) {
    const begunMs = START_MS + seconds * 1000;
    await clock.runUntil(begunMs, () => false);
    judge.onRun({ ...CALM_RUN, begunMs, endedMs: begunMs });
  }
  return reports.length;
}

const every = (count: number, firstSeconds: number, seconds: number): readonly number[] =>
  Array.from({ length: count }, (_, index) => firstSeconds + index * seconds);

test("six runs that could see each other's work are not enough, the seventh is one too many", async () => {
  expect(await reportsAfter(every(6, 300, 300))).toBe(0);
  expect(await reportsAfter(every(7, 300, 300))).toBe(1);
});

test("runs that follow at once count as one, however long rotators were down before", async () => {
  expect(await reportsAfter(every(20, 10_000, 10))).toBe(0);
  expect(await reportsAfter(every(7, 10_000, 300))).toBe(1);
});
