/** Promise 11: until when a key may sign whose withdrawal a rotator has acted on, by what KMS and people have done. */
import { describe, expect, test } from "vitest";
import { CALM_RUN, createJudgedWorld } from "./bare-world.ts";
import type { JudgedWorld } from "./bare-world.ts";
import { KMS_LAG_MS } from "./facts.ts";
import { LETTERS } from "./policies.ts";

const LAG = KMS_LAG_MS / 1000;
/** A and composing. */
const FOLLOW = LETTERS.A + 30;

interface Told extends JudgedWorld {
  readonly keyArn: string;
}

/** The active key is meant to be withdrawn. A rotator tags it so, and has or has not disabled it before. */
async function tell(isDisabled: boolean): Promise<Told> {
  const world = createJudgedWorld();
  const { aliases, rotator, publish, judge } = world;
  const keyArn = await world.createKey();
  await rotator.createAlias(aliases.generation(1), keyArn);
  await rotator.createAlias(aliases.active, keyArn);
  publish([keyArn]);
  judge.facts.withdrawals.mean(keyArn);
  if (isDisabled) await rotator.disableKey(keyArn);
  await rotator.tagKey(keyArn, { "sealgate:revoked": "1800000000" });
  return { ...world, keyArn };
}

/** KMS may show a signer the key as it was before. */
function signLate({ keyArn, judge }: Told): readonly string[] {
  judge.onKms({ kind: "signed", by: "signer", keyArn });
  return judge.violations.map(({ invariant }) => invariant);
}

const SIGNED = ["11 revoked key has signed"];

describe("a key that a rotator has disabled, and tagged", () => {
  test.each([
    [FOLLOW, []],
    [FOLLOW + 1, SIGNED],
  ])("%i s later", async (seconds, broken) => {
    const told = await tell(true);
    await told.wait(seconds);
    expect(signLate(told)).toEqual(broken);
  });

  test("signs while people have enabled it again, until a run has to have seen that", async () => {
    const told = await tell(true);
    told.kms.hands.enableKey(told.keyArn);
    await told.wait(FOLLOW + 1000);
    expect(signLate(told)).toEqual([]);
  });
});

describe("a key that a rotator has tagged, and could not disable", () => {
  test("signs while no run has to have seen the tag", async () => {
    const told = await tell(false);
    await told.wait(FOLLOW + 1000);
    expect(signLate(told)).toEqual([]);
  });

  test.each<[event: string, happens: (told: Told) => unknown]>([
    [
      "the end of a run that has to have seen it",
      ({ judge, clock: { nowMs } }) => judge.onRun({ ...CALM_RUN, begunMs: nowMs, endedMs: nowMs }),
    ],
    ["another rotator has disabled it", ({ rotator, keyArn }) => rotator.disableKey(keyArn)],
  ])("signs for KMS's lag after %s, and no longer", async (_, happens) => {
    const told = await tell(false);
    await told.wait(FOLLOW + LAG);
    await happens(told);
    await told.wait(LAG);
    expect(signLate(told)).toEqual([]);
    await told.wait(1);
    expect(signLate(told)).toEqual(SIGNED);
  });
});
