/** What makes two steps the same change. */
import { describe, expect, test } from "vitest";
import { planRing, stepKey } from "../../../../../issuer/key-ring/index.ts";
import { after, generation, noted, observedRing } from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";

const POLICY = ringPolicy();

describe("the key of a step", () => {
  test("is the same for the same change, planned a second later", () => {
    const generations = [generation(1, noted()), generation(2, { ...noted(), keyState: "Disabled" })];
    const keys = [10, 11].map((elapsed) =>
      planRing(observedRing({ generations }), POLICY, after(elapsed)).due.map(stepKey),
    );
    expect(keys[0]).toHaveLength(3);
    expect(keys[0]).toEqual(keys[1]);
  });
});
