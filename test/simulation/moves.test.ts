/**
 * Promise 12 where people have taken `active` away: the judge knows a rotator's repair from a move without a cause. And how long
 * a key that had to take over may be unknown to edges.
 */
import { describe, expect, test } from "vitest";
import { createBareWorld, createJudgedWorld } from "./bare-world.ts";
import { createFacts } from "./facts.ts";
import { createMoves } from "./moves.ts";
import { LETTERS } from "./policies.ts";

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

/** @param rev of the key set that listed the key before it had to take over; the one before has 10, the one after 11 */
async function unripeSecondsAfterTheLast(rev: number): Promise<number> {
  const { clock, kms, kv, policy, aliases, publish, wait } = createBareWorld();
  const rotator = kms.client(() => 0, "rotator");
  const facts = createFacts({ clock, kms: kms.truth, kv, policies: [policy] });
  const moves = createMoves(clock, kv, facts);
  kms.truth.onChange((change) => facts.onKms(change));
  kv.onWrite((write) => {
    facts.onWrite(write);
    moves.onWrite(write);
  });
  const [first = "", second = ""] = await Promise.all(
    [1, 2].map(async (number) => {
      const { keyArn } = await rotator.createKey({ keySpec: "ECC_NIST_P256", description: "", tags: {} });
      await rotator.createAlias(aliases.generation(number), keyArn);
      return keyArn;
    }),
  );
  await rotator.createAlias(aliases.active, first);
  const activeSinceMs = clock.nowMs;
  publish([first], { rev: 10 });
  await wait(1000);
  await kms.client(() => 0, "person").disableKey(first);
  publish([first, second], { rev });
  expect(moves.onMove(first, activeSinceMs, { keyArn: second, isNew: false })).toBeUndefined();
  await wait(100);
  publish([second], { rev: 11 });
  return (moves.unripeUntil(second, false) - clock.nowMs) / 1000;
}

test("a key that had to take over is known S and K after a key set that no edge refuses as an older one", async () => {
  const { W, C, M, K } = LETTERS;
  expect(await unripeSecondsAfterTheLast(11)).toBe(W + C + M + K - 100);
  expect(await unripeSecondsAfterTheLast(9)).toBe(W + C + M + K);
});
