/** At rest no withdrawn key is listed, but for one whose kid people took away before a rotator had to be done with it. */
import { expect, test } from "vitest";
import { CALM_RUN, createJudgedWorld } from "./bare-world.ts";
import { START_MS } from "./clock.ts";

const KID = "sealgate:kid";

interface Story {
  /** The key had the tag with its kid when it was listed. */
  readonly isTagged: boolean;
  /** When people take the tag away, in relation to the withdrawal; undefined: they take an alias away instead. */
  readonly takenAfterSeconds: number | undefined;
  /** Calm runs, a minute apart, from the moment in which KMS must have shown the withdrawal. */
  readonly runs: number;
  /** A rotator gives the tag back in the end. */
  readonly isGivenBack: boolean;
}

const STORY: Story = { isTagged: true, takenAfterSeconds: -120, runs: 10, isGivenBack: false };

/** A key that is listed, withdrawn, and still listed at rest; another one signs. */
async function reportsOf({ isTagged, takenAfterSeconds, runs, isGivenBack }: Story): Promise<readonly string[]> {
  const { clock, kms, aliases, publish, judge, rotator, person, createKey } = createJudgedWorld();
  const [withdrawn, other] = await Promise.all(
    [1, 2].map(async (number) => {
      const tags = { "sealgate:managed": "true", ...(isTagged ? { [KID]: `kid ${number}` } : {}) };
      const keyArn = await createKey(tags);
      await rotator.createAlias(aliases.generation(number), keyArn);
      return keyArn;
    }),
  );
  if (withdrawn === undefined || other === undefined) throw new TypeError("there are two keys");
  publish([withdrawn, other]);
  await rotator.createAlias(aliases.active, other);
  const withdrawnMs = START_MS + 1_000_000;
  clock.at(withdrawnMs, () => {
    judge.facts.withdrawals.mean(withdrawn);
    void person.disableKey(withdrawn);
  });
  clock.at(withdrawnMs + (takenAfterSeconds ?? 0) * 1000, () => {
    judge.facts.onMeddling(clock.nowMs + 900_000);
    if (takenAfterSeconds === undefined) kms.hands.removeAlias(aliases.generation(1));
    else kms.hands.removeTags(withdrawn, [KID]);
  });
  for (let run = 0; run < runs; run++) {
    const begunMs = withdrawnMs + 300_000 + run * 60_000;
    clock.at(begunMs + 1000, () => judge.onRun({ ...CALM_RUN, begunMs, endedMs: clock.nowMs }));
  }
  await clock.runUntil(withdrawnMs + 3_600_000, () => false);
  if (isGivenBack) await rotator.tagKey(withdrawn, { [KID]: "kid 1" });
  judge.atRest();
  return judge.violations.filter(({ detail }) => detail.endsWith("at rest")).map(({ invariant }) => invariant);
}

const REPORTED = ["2 revoked key accepted too late"];

test.each<[string, Partial<Story>, readonly string[]]>([
  ["its kid had been taken away", {}, []],
  ["its kid was taken away before a third run could end", { takenAfterSeconds: 420 }, []],
  ["its kid was taken away when three runs had ended", { takenAfterSeconds: 422 }, REPORTED],
  ["its kid was taken away, and a rotator gave it back", { isGivenBack: true }, REPORTED],
  ["it never had its kid", { isTagged: false }, REPORTED],
  ["an alias was taken away", { takenAfterSeconds: undefined }, REPORTED],
])("a withdrawn key is listed at rest: %s", async (_, story, reports) => {
  expect(await reportsOf({ ...STORY, ...story })).toEqual(reports);
});
