/** A Region goes down and comes back: no token is refused, and none is missing. Without each guard, one is. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installCheapCrypto } from "./cheap-crypto.ts";
import { drawRegionSchedule } from "./regions-schedule.ts";
import { liveRegions } from "./regions.ts";
import type { RegionGuards } from "./regions.ts";
import type { Violation } from "./invariants.ts";

let restore = (): void => {};
beforeAll(() => {
  restore = installCheapCrypto();
});
afterAll(() => restore());

async function firstBroken(
  removed: RegionGuards,
  histories: number,
  first = 0,
): Promise<(Violation & { seed: string }) | undefined> {
  for (let index = first; index < first + histories; index++) {
    const seed = `regions-${index}`;
    const { violations } = await liveRegions(drawRegionSchedule(seed), removed);
    for (const violation of violations) return { ...violation, seed };
  }
  return undefined;
}

test("twelve histories break no promise", async () => {
  expect(await firstBroken({}, 12)).toBeUndefined();
});

describe("without", () => {
  test.each([
    ["the note of how long the document lives", { documentLife: true }, 0, "1 good token refused"],
    ["leaving L + K before it ends", { documentEnd: true }, 4, "1 good token refused"],
    ["another ring", { otherRing: true }, 0, "9 no token issued"],
  ] as const)("%s a promise breaks", async (_guard, removed, first, promise) => {
    expect((await firstBroken(removed, 20, first))?.invariant).toBe(promise);
  });
});
