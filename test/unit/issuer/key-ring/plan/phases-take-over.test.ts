/** Which key takes over when the active one was withdrawn, and until when the one before it may. */
import { describe, expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import type { ObservedGeneration, ObservedRing, Step } from "../../../../../issuer/key-ring/index.ts";
import {
  after,
  documentOf,
  entry,
  generation,
  held,
  keyOf,
  noted,
  ringAfterRotation,
  SETTLE,
  START,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";

const POLICY = ringPolicy();

function withState(observed: ObservedRing, number: number, keyState: string): ObservedRing {
  const generations = observed.generations.map((one): ObservedGeneration =>
    one.number === number ? generation(number, { ...noted(), keyState }) : one,
  );
  return { ...observed, generations };
}

describe("an active key that was withdrawn", () => {
  test("does not wait for consumers of the plain JWK Set: S + K + 1 after the listing has settled the pending key is taken", () => {
    const rotated = ringAfterRotation(2, START);
    const fresh = [entry(2, "active"), entry(3, "pending", after(100)), entry(1, "retiring")];
    const observed = withState(
      {
        ...rotated,
        generations: [...rotated.generations.slice(0, 2), generation(3, noted(after(100)))],
        document: held(documentOf(fresh)),
      },
      2,
      "Disabled",
    );
    const knownAt = 100 + SETTLE + 331;
    expect(planRing(observed, POLICY, after(knownAt - 1)).due[1]).toMatchObject({ generation: 1 });
    expect(planRing(observed, POLICY, after(knownAt)).due[1]).toMatchObject({ generation: 3 });
  });

  describe("late in the hold of the key before it, while the pending key is not known to every edge", () => {
    /** H = A + L + 2K, and G = 300 + 30 + 60. */
    const [H, G] = [4080, 390];
    const late = (elapsed: number, listedAt = after(H - 100)): readonly Step[] => {
      const entries = [entry(2, "active"), entry(3, "pending", listedAt), entry(1, "retiring")];
      const rotated = ringAfterRotation(2, START);
      const generations = [...rotated.generations.slice(0, 2), generation(3, noted(listedAt))];
      const observed = { ...rotated, generations, document: held(documentOf(entries, { issuedAt: after(H - 100) })) };
      return planRing(withState(observed, 2, "Disabled"), POLICY, after(elapsed)).due;
    };
    const movesTo = (steps: readonly Step[]): readonly unknown[] =>
      steps.filter(({ kind }) => kind === "move_active").map((step) => "generation" in step && step.generation);

    test("that key takes over until its hold ends", () => {
      expect(movesTo(late(H - 1))).toEqual([1]);
    });

    test("neither takes over until it would show that the key before has", () => {
      expect(movesTo(late(H))).toEqual([]);
      expect(movesTo(late(H + G - 1))).toEqual([]);
      expect(movesTo(late(H + G, after(H + G - 10)))).toEqual([3]);
    });

    test("a pending key that every edge knows takes over all the same", () => {
      expect(movesTo(late(H, START))).toEqual([3]);
    });

    test("the key before it stays listed", () => {
      const listed = late(H + G - 1).flatMap((step) =>
        step.kind === "publish" ? step.keys.map(({ kid }) => kid) : [],
      );
      expect(listed).toContain(keyOf(1).kid);
    });
  });
});
