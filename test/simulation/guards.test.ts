/** Every guard is needed: without it the simulator finds a counter-example; with it, the same histories break no promise. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installCheapCrypto } from "./cheap-crypto.ts";
import { GUARD_TRIALS } from "./guard-trials.ts";
import { findCounterExample, plainSchedule, schedulesOf } from "./margins.ts";
import { live } from "./world.ts";

let restore = (): void => {};
beforeAll(() => {
  restore = installCheapCrypto();
});
afterAll(() => restore());

const MOST_HISTORIES = 120;

describe.each(GUARD_TRIALS)("$guard", ({ removed, make, breaks, first = 0 }) => {
  test(`without it: ${breaks}`, async () => {
    const found = await findCounterExample(removed, schedulesOf(make, "guard", MOST_HISTORIES, first), breaks);
    expect(found?.violation.invariant).toBe(breaks);
  });

  test("with it, the same histories break no promise", async () => {
    expect(await findCounterExample({}, schedulesOf(make, "guard", 2, first))).toBeUndefined();
  });
});

describe("KV that takes three times W", () => {
  test("refuses tokens of a new key and keeps a withdrawn one longer, but never accepts a forged one", async () => {
    const promises = new Set<string>();
    for (const schedule of schedulesOf(plainSchedule, "slow", 16)) {
      const deeds = [
        ...schedule.deeds,
        { kind: "revoke", atSeconds: 1500, how: "disable", whom: "active", enabledAgain: false },
        { kind: "strike", atSeconds: 2200 },
      ] as const;
      const { violations } = await live({ ...schedule, deeds, propagationFactor: 3 }, {}, { stopsEarly: false });
      for (const { invariant } of violations) promises.add(invariant);
    }
    expect([...promises].toSorted()).toEqual(["1 good token refused", "2 revoked key accepted too late"]);
  });
});
