/**
 * Two rotators, one coming between any two calls of the other, with and without a crash. Here each point of the first is
 * met by some of the second's; `npm run simulate -- --interleavings` goes through all of them.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installCheapCrypto } from "./cheap-crypto.ts";
import { FATES, OCCASIONS, exploreAll } from "./exhaustive.ts";

let restore = (): void => {};
beforeAll(() => {
  restore = installCheapCrypto();
});
afterAll(() => restore());

describe.each(OCCASIONS)("two rotators at a %s", (occasion) => {
  test.each(FATES)("come to rest with every promise kept: $dies, $pauseSeconds s", async (fate) => {
    const { count, broken } = await exploreAll({ occasion, ...fate, stride: 320 });
    expect(broken).toEqual([]);
    expect(count).toBeGreaterThan(10);
  });
});
