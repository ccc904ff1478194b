/** Promise 12 where people have taken `active` away: the judge knows a rotator's repair from a move without a cause. */
import { describe, expect, test } from "vitest";
import { START_MS, createWorldClock } from "./clock.ts";
import { createCoverage } from "./coverage.ts";
import { createJudge } from "./invariants.ts";
import { createKmsModel } from "./kms-model.ts";
import { createKvModel } from "./kv-model.ts";
import { LETTERS, policyWith } from "./policies.ts";
import { aliasesOf } from "./ports.ts";
import { createRng } from "./rng.ts";
import { policyOf } from "./world.ts";

const policy = policyOf(policyWith(LETTERS));
const aliases = aliasesOf(policy);

interface Repair {
  /** The generation that `active` is put back on; 2 had signed. */
  readonly onto: number;
  readonly by: "rotator" | "person";
  /** The generation that a rotator moves it to then. */
  readonly next: number;
}

/** Four generations, of which the last is listed only when it takes over; 2 has followed 1, and people remove `active`. */
async function liveRepair({ onto, by, next }: Repair): Promise<readonly string[]> {
  const clock = createWorldClock();
  const model = createKmsModel(clock, 0);
  const kvOptions = { locations: [], marginMs: 180_000, propagationFactor: 1, apiLagMs: 0 };
  const kv = createKvModel({ clock, rng: createRng("kv"), ...kvOptions });
  const judge = createJudge({
    clock,
    kms: model.truth,
    kv,
    coverage: createCoverage(),
    policies: [policy],
    rotatorEverySeconds: 60,
    startMs: START_MS,
  });
  model.truth.onChange((change) => judge.onKms(change));
  kv.onWrite((write) => judge.onWrite(write));
  const rotator = model.client(() => 0, "rotator");
  const person = model.client(() => 0, "person");
  const wait = (seconds: number): Promise<void> => clock.runUntil(clock.nowMs + seconds * 1000, () => false);
  const keys: string[] = [];
  for (const number of [1, 2, 3, 4]) {
    const { keyArn } = await rotator.createKey({ keySpec: "ECC_NIST_P256", description: "", tags: {} });
    await rotator.createAlias(aliases.generation(number), keyArn);
    keys.push(keyArn);
  }
  const arnOf = (number: number): string => keys[number - 1] ?? "";
  const publish = (count: number): void => {
    const listed = keys.slice(0, count).map((keyArn) => ({ kid: keyArn, x: model.truth.keys.get(keyArn)?.material.x }));
    const timing = { kv_cache_ttl: LETTERS.C, memory_ttl: LETTERS.M, clock_skew: LETTERS.K, max_token_ttl: LETTERS.L };
    const payload = Buffer.from(JSON.stringify({ keys: listed, revoked: [], timing })).toString("base64url");
    kv.put(`.${payload}.`, { composedMs: clock.nowMs, marginMs: 180_000 });
  };
  publish(3);
  await rotator.createAlias(aliases.active, arnOf(1));
  await wait(policy.rotateEverySeconds);
  await rotator.updateAlias(aliases.active, arnOf(2));
  await wait(500);
  model.hands.removeAlias(aliases.active);
  await (by === "rotator" ? rotator : person).createAlias(aliases.active, arnOf(onto));
  await wait(500);
  if (next === 4) publish(4);
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
