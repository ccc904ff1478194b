/** What has once broken a promise keeps it now: see `histories.json`. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installCheapCrypto } from "./cheap-crypto.ts";
import { readHistories } from "./histories.ts";
import type { BrokenOnce } from "./histories.ts";
import { liveRegions } from "./regions.ts";
import { liveRevocations } from "./revocations.ts";
import { live } from "./world.ts";
import type { History } from "./world.ts";

let restore = (): void => {};
beforeAll(() => {
  restore = installCheapCrypto();
});
afterAll(() => restore());

const histories = readHistories();

describe("a history that has broken a promise keeps it now", () => {
  test("and none was lost on the way", () => {
    expect(histories.length).toBeGreaterThan(9);
  });

  test.each(histories)("$name: $broke", async ({ schedule }) => {
    expect((await liveAgain(schedule)).violations).toEqual([]);
  });
});

function liveAgain(schedule: BrokenOnce["schedule"]): Promise<History> {
  if ("families" in schedule) return live(schedule, {});
  return "family" in schedule ? liveRevocations(schedule) : liveRegions(schedule);
}
