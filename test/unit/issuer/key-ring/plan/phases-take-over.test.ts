/** Which key takes over when the active one was withdrawn, and until when the one before it may. */
import { describe, expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import type { ObservedDocument, ObservedGeneration, ObservedRing, Step } from "../../../../../issuer/key-ring/index.ts";
import {
  after,
  documentOf,
  entry,
  generation,
  held,
  keyOf,
  noted,
  observedRing,
  publishOf,
  ringAfterRotation,
  root,
  SETTLE,
  START,
  superseded,
} from "../../../../support/observed-ring.ts";
import type { KeySetDocument, KeySetKey } from "../../../../../shared/key-set.ts";
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

test("after a larger timing was forgotten, no key that edges do not know takes over while a rotator may still go by the larger one", () => {
  const [G, forgotten] = [390, 5000];
  const rotated = ringAfterRotation(2, START);
  const listedAt = after(forgotten);
  const timing = "60/30/60/3600/180/360";
  const observed = withState(
    {
      ...rotated,
      root: root({ tags: { timing: `${timing} to ${timing} @${after(forgotten)}` } }),
      generations: [...rotated.generations.slice(0, 2), generation(3, { tags: { listedAt } })],
      document: held(
        documentOf([entry(2, "active"), entry(3, "pending", listedAt), entry(1, "retiring")], { issuedAt: listedAt }),
      ),
    },
    2,
    "Disabled",
  );
  const movesAt = (elapsed: number): readonly Step[] =>
    planRing(observed, POLICY, after(elapsed)).due.filter(({ kind }) => kind === "move_active");
  expect(movesAt(forgotten + 2 * G - 1)).toEqual([]);
  expect(movesAt(forgotten + 2 * G)).toMatchObject([{ generation: 3 }]);
});

test("while the store is silent, a key that has handed over takes over again until H + G, by its tag, and not later", () => {
  const document: ObservedDocument = { kind: "unknown", fault: "publish_timeout", message: "no answer" };
  const tags = { ...noted().tags, revokedAt: START };
  const moveAt = (elapsed: number, movedAt: number, newer?: KeySetDocument): Step | undefined => {
    const active = { keyId: "id-2", generation: 2, updatedAt: after(movedAt) };
    const generations = [generation(1, superseded()), generation(2, { keyState: "Disabled", tags })];
    const { due } = planRing(observedRing({ active, generations, document, newer }), POLICY, after(elapsed));
    return due.find(({ kind }) => kind === "move_active");
  };
  expect(moveAt(4079, 0)).toMatchObject({ generation: 1 });
  expect(moveAt(4080 + 390 - 1, 400)).toMatchObject({ generation: 1 });
  // Wherever `active` has been since: no document lists it any more, and its tokens would be refused.
  expect(moveAt(4080 + 390, 400)).toBeUndefined();
  // Unless the process remembers a document that does: it has signed again meanwhile.
  const newer = documentOf([entry(1, "active"), entry(2, "pending")], { issuedAt: after(400) });
  expect(moveAt(4080 + 390, 400, newer)).toMatchObject({ generation: 1 });
});

describe("a key that has left the document in time, while `active` has moved again since", () => {
  const NOW = 20_000;
  const moved = { keyId: "id-3", generation: 3, updatedAt: after(NOW - 300) };
  const generations = [
    generation(1, superseded()),
    generation(3, { keyState: "Disabled", tags: { ...noted().tags, revokedAt: after(NOW - 200) } }),
    generation(4, { tags: { listedAt: after(NOW - 800) } }),
  ];
  const pending = entry(4, "pending", after(NOW - 800));
  const with1 = (listedAt: number): ObservedRing =>
    observedRing({
      active: moved,
      generations,
      document: held(
        documentOf([entry(3, "active"), pending, entry(1, "retiring", after(listedAt))], {
          issuedAt: after(NOW - 100),
        }),
      ),
    });

  test("is not listed again", () => {
    const document = held(documentOf([entry(3, "active"), pending], { issuedAt: after(NOW - 100) }));
    const step = publishOf(observedRing({ active: moved, generations, document }), NOW);
    expect(step?.keys.map(({ kid }) => kid)).toEqual([keyOf(4).kid]);
  });

  test("nor while it is not known which generation is active; one that is listed stays so", () => {
    const unresolved = { keyId: "elsewhere", generation: undefined, updatedAt: after(NOW - 300) };
    const kidsAt = (listed: readonly KeySetKey[]): readonly string[] | undefined => {
      const document = held(documentOf([entry(3, "active"), pending, ...listed], { issuedAt: after(NOW - 100) }));
      return publishOf(observedRing({ active: unresolved, generations, document }), NOW)?.keys.map(({ kid }) => kid);
    };
    expect(kidsAt([])).not.toContain(keyOf(1).kid);
    expect(kidsAt([entry(1, "retiring", after(NOW - 100))])).toContain(keyOf(1).kid);
  });

  test("does not take over, should one list it again: edges have known the pending key for longer", () => {
    const moveOf = (observed: ObservedRing): Step | undefined =>
      planRing(observed, POLICY, after(NOW)).due.find(({ kind }) => kind === "move_active");
    expect(moveOf(with1(NOW - 100))).toMatchObject({ generation: 4 });
    // One that has been listed for long is known to every edge, whatever its tags say.
    expect(moveOf(with1(NOW - 2000))).toMatchObject({ generation: 1 });
    const taggedLate = generation(1, { tags: { ...superseded().tags, publishedAt: after(NOW - 100) } });
    const [, ...others] = generations;
    expect(moveOf({ ...with1(NOW - 2000), generations: [taggedLate, ...others] })).toMatchObject({ generation: 1 });
  });
});
