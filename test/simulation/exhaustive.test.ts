/** Two rotators, every way in which one can come between two changes of the other, with and without a crash. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { installCheapCrypto } from "./cheap-crypto.ts";
import { explore } from "./exhaustive.ts";
import type { Interleaving } from "./exhaustive.ts";

let restore = (): void => {};
beforeAll(() => {
  restore = installCheapCrypto();
});
afterAll(() => restore());

describe.each(["creation", "rotation", "revocation"] as const)("two rotators at a %s", (occasion) => {
  test.each([
    { dies: false, pauseSeconds: 0 },
    { dies: false, pauseSeconds: 40 },
    { dies: true, pauseSeconds: 0 },
  ])("come to rest with every promise kept: $dies, $pauseSeconds s", async (choice) => {
    const broken: unknown[] = [];
    let explored = 0;
    for (let first = 0, more = true; more; first++) {
      more = false;
      for (let second = 0, inner = true; inner; second++) {
        const interleaving: Interleaving = { occasion, first, second, ...choice };
        const ending = await explore(interleaving);
        explored++;
        if (ending.violations.length > 0 || !ending.isConverged) broken.push({ interleaving, ending });
        inner = ending.wasSecondInterrupted;
        more ||= ending.wasFirstInterrupted;
      }
    }
    expect(broken).toEqual([]);
    expect(explored).toBeGreaterThan(5);
  });
});
