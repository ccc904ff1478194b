/** Promise 12 where people have taken `active` away: the judge knows a rotator's repair from a move without a cause. */
import { describe, expect, test } from "vitest";
import { createJudgedWorld } from "./bare-world.ts";

interface Repair {
  /** The generation that `active` is put back on; 2 had signed. */
  readonly onto: number;
  readonly by: "rotator" | "person";
  /** The generation that a rotator moves it to then. */
  readonly next: number;
}

/** Four generations, of which the last is listed only when it takes over; 2 has followed 1, and people remove `active`. */
async function liveRepair({ onto, by, next }: Repair): Promise<readonly string[]> {
  const { kms, policy, aliases, publish, wait, judge, rotator, person, createKey } = createJudgedWorld();
  const keys: string[] = [];
  for (const number of [1, 2, 3, 4]) {
    const keyArn = await createKey();
    await rotator.createAlias(aliases.generation(number), keyArn);
    keys.push(keyArn);
  }
  const arnOf = (number: number): string => keys[number - 1] ?? "";
  publish(keys.slice(0, 3));
  await rotator.createAlias(aliases.active, arnOf(1));
  await wait(policy.rotateEverySeconds);
  await rotator.updateAlias(aliases.active, arnOf(2));
  await wait(500);
  kms.hands.removeAlias(aliases.active);
  await (by === "rotator" ? rotator : person).createAlias(aliases.active, arnOf(onto));
  await wait(500);
  if (next === 4) publish(keys);
  await rotator.updateAlias(aliases.active, arnOf(next));
  return judge.violations.map(({ invariant }) => invariant);
}

const WITHOUT_A_CAUSE = "12 active moved without a cause";

describe("`active` was taken away, and put back on a key that had handed over", () => {
  test("moves on to the key that had signed", async () => {
    expect(await liveRepair({ onto: 1, by: "rotator", next: 2 })).toEqual([]);
  });

  test("does not move on to a key that some edges do not know", async () => {
    expect(await liveRepair({ onto: 1, by: "rotator", next: 4 })).toEqual([WITHOUT_A_CAUSE]);
  });

  test("stays where people have put it", async () => {
    expect(await liveRepair({ onto: 1, by: "person", next: 2 })).toEqual([WITHOUT_A_CAUSE]);
  });
});

test("`active` was taken away, and put back on the key that had signed: it stays there", async () => {
  expect(await liveRepair({ onto: 2, by: "rotator", next: 3 })).toEqual([WITHOUT_A_CAUSE]);
});
