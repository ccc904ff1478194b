/** Promise 9 in a ring without a fit key: it is mended after six calm runs that KMS has shown each other's work. */
import { expect, test } from "vitest";
import { CALM_RUN, createBareWorld } from "./bare-world.ts";
import type { BareWorld } from "./bare-world.ts";
import { START_MS } from "./clock.ts";
import { createCoverage } from "./coverage.ts";
import { createFacts } from "./facts.ts";
import { createSigningJudge } from "./signing.ts";
import type { SigningJudge } from "./signing.ts";

/** What the judge reports is added to `reports`. */
function judgeOf(
  { clock, kms: { truth: kms }, kv, policy }: BareWorld,
  reports: string[],
  coverage = createCoverage(),
): SigningJudge {
  const facts = createFacts({ clock, kms, kv, policies: [policy] });
  const report = (detail: string): void => void reports.push(detail);
  const options = { clock, kms, facts, coverage, policy, rotatorEverySeconds: 60, report };
  const judge = createSigningJudge(options);
  kms.onChange((change) => {
    facts.onKms(change);
    judge.onChange();
  });
  judge.begin();
  return judge;
}

/** @param runsAtSeconds calm runs, so long after the only key was disabled */
async function reportsAfter(runsAtSeconds: readonly number[]): Promise<number> {
  const world = createBareWorld();
  const { clock, kms: model, aliases } = world;
  const reports: string[] = [];
  const judge = judgeOf(world, reports);
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

test.each([
  [300, 0],
  [310, 1],
])("a signer may not be shown the tags of the key that took over, %i s after they were set", async (seconds, count) => {
  const world = createBareWorld();
  const { clock, kms, aliases, wait } = world;
  const reports: string[] = [];
  const judge = judgeOf(world, reports);
  const rotator = kms.client(() => 0, "rotator");
  const tags = { "sealgate:listed": "1", "sealgate:kid": "kid" };
  const createKey = async (itsTags: Readonly<Record<string, string>>): Promise<string> =>
    (await rotator.createKey({ keySpec: "ECC_NIST_P256", description: "", tags: itsTags })).keyArn;
  await rotator.createAlias(aliases.active, await createKey(tags));
  const next = await createKey({});
  await wait(1000);
  await rotator.tagKey(next, tags);
  await rotator.updateAlias(aliases.active, next);
  await wait(seconds);
  const now = clock.nowMs;
  judge.onAttempt({ signer: 0, askedMs: now, endedMs: now, minted: undefined, code: "x", isKmsCalm: true });
  expect(reports).toHaveLength(count);
});

/** Runs every 60 s on average may come 84 s apart. */
test.each([
  [
    "as often as the bounds suppose",
    [80, 160, 240],
    "without a signer: the active key was withdrawn, and no other was fit",
  ],
  ["not at all", [], "without a signer: runs were late, or could not mend the ring"],
  ["once too late", [80, 200, 240], "without a signer: runs were late, or could not mend the ring"],
])("a stretch without a signer, while runs come %s, is measured in a row of its own", async (_case, runs, row) => {
  const world = createBareWorld();
  const { clock, kms, aliases } = world;
  const coverage = createCoverage();
  const judge = judgeOf(world, [], coverage);
  const rotator = kms.client(() => 0, "rotator");
  const tags = { "sealgate:listed": "1", "sealgate:kid": "kid" };
  const create = () => rotator.createKey({ keySpec: "ECC_NIST_P256", description: "", tags });
  const [first, next] = [await create(), await create()];
  await rotator.createAlias(aliases.active, first.keyArn);
  for (const { keyArn } of [first, next]) await kms.client(() => 0, "person").disableKey(keyArn);
  const attempt = { signer: 0, isKmsCalm: true, code: "x" };
  judge.onAttempt({ ...attempt, askedMs: clock.nowMs, endedMs: clock.nowMs, minted: undefined });
  for (const seconds of runs) {
    await clock.runUntil(START_MS + seconds * 1000, () => false);
    judge.onRun({ ...CALM_RUN, begunMs: clock.nowMs, endedMs: clock.nowMs });
  }
  await clock.runUntil(START_MS + 300_000, () => false);
  kms.hands.enableKey(next.keyArn);
  await rotator.updateAlias(aliases.active, next.keyArn);
  judge.onAttempt({ ...attempt, askedMs: clock.nowMs, endedMs: clock.nowMs, minted: {} as never });
  expect(coverage.report().worsts).toMatchObject({ [row]: { seconds: 300 } });
  expect(Object.keys(coverage.report().worsts)).toEqual([row]);
});
