/** The tags that a plan sets. */
import { describe, expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import type { ObservedRing, Step } from "../../../../../issuer/key-ring/index.ts";
import type { DocumentLife } from "../../../../../issuer/key-ring/document-life.ts";
import type { EpochSeconds } from "../../../../../shared/identifiers.ts";
import {
  after,
  documentOf,
  entry,
  generation,
  held,
  keyOf,
  nextRootKey,
  noted,
  observedRing,
  ringAfterRotation,
  root,
  rootKey,
  rsaKey,
  START,
  withDocument,
} from "../../../../support/observed-ring.ts";
import type { KeyChanges } from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";
import { given } from "../../../../support/values.ts";

const POLICY = ringPolicy();
describe("tags", () => {
  test("of a root key that name another ring are left alone", () => {
    const foreign = root({ tags: { ring: "other", kid: undefined } });
    expect(planRing(observedRing({ root: foreign }), POLICY, after(10)).due).toEqual([]);
  });

  test("are not set on a key that waits for its deletion: KMS refuses them", () => {
    const generations = [generation(1, noted()), generation(2, { ...noted(), keyState: "PendingDeletion" })];
    const { due } = planRing(observedRing({ generations }), POLICY, after(10));
    expect(due.map(({ kind }) => kind)).toEqual(["tag_key", "publish", "create_key"]);
    // The active key tells it: the tombstone may be lost, and people may cancel the deletion.
    expect(due[0]).toMatchObject({ generation: 1, tags: { revokedOthers: [{ kid: keyOf(2).kid, at: after(10) }] } });
    const told = [generation(1, { tags: { ...noted().tags, revokedOthers: [{ kid: keyOf(2).kid, at: after(9) }] } })];
    const again = planRing(observedRing({ generations: [...told, ...generations.slice(1)] }), POLICY, after(10)).due;
    expect(again.map(({ kind }) => kind)).toEqual(["publish", "create_key"]);
  });

  test("on the only key that signs, which waits for its deletion, are set on the root key, before the tombstone is published", () => {
    const generations = [generation(1, { ...noted(), keyState: "PendingDeletion" })];
    const { due } = planRing(observedRing({ generations }), POLICY, after(10));
    expect(due.slice(0, 2)).toMatchObject([
      { kind: "tag_key", keyArn: root().keyArn, tags: { revokedOthers: [{ kid: keyOf(1).kid, at: after(10) }] } },
      { kind: "publish", revoked: [{ kid: keyOf(1).kid, at: after(10) }] },
    ]);
  });

  test.each(["root", "otherRoots"] as const)(
    "on a root key (%s) keep a key revoked that people have enabled again, though KV has lost its tombstone",
    (which) => {
      const told = root({ tags: { revokedOthers: [{ kid: keyOf(2).kid, at: after(5) }] } }, nextRootKey, 3);
      const roots = which === "root" ? { root: told } : { otherRoots: [told] };
      const { due } = planRing(observedRing({ document: { kind: "missing" }, ...roots }), POLICY, after(10));
      expect(due).toContainEqual(expect.objectContaining({ kind: "disable_key", generation: 2, reason: "revoked" }));
      expect(due.find(({ kind }) => kind === "publish")).toMatchObject({ revoked: [{ kid: keyOf(2).kid }] });
    },
  );

  test("that name another ring are left alone, and the generation is not used", () => {
    const foreign = generation(2, { tags: { ring: "other", kid: undefined } });
    const observed = observedRing({
      generations: [generation(1, noted()), foreign, generation(3, noted())],
      document: held(documentOf([entry(1, "active"), entry(3, "pending")])),
    });
    const plan = planRing(observed, POLICY, after(10));
    expect(plan.due).toEqual([]);
    expect(plan.problems).toMatchObject([{ code: "generation_unfit", generation: 2 }]);
  });

  test("take over the newest note of another root key, while the one that has just become the root shows none", () => {
    const noteOf = (life: number, at: EpochSeconds): string =>
      `60/30/60/${life}/180/360 to 60/30/60/${life}/180/360 @${at}`;
    const [older, newer] = [noteOf(7200, after(-5000)), noteOf(3600, after(-900))];
    const next = root({ tags: { timing: undefined } }, nextRootKey, 3);
    const observed = observedRing({
      root: next,
      otherRoots: [root({ tags: { timing: newer } }, rootKey, 2), root({ tags: { timing: older } }, rsaKey, 1)],
      // KV has lost its document, and this process remembers none.
      document: { kind: "missing" },
    });
    const { due } = planRing(observed, ringPolicy({ timing: { maxTokenTtlSeconds: 600 } }), after(10));
    expect(due).toContainEqual({
      kind: "tag_key",
      keyArn: next.keyArn,
      generation: undefined,
      tags: { timing: `60/30/60/3600/180/360 to 60/30/60/600/180/360 @${after(10)}` },
    });
    // Tokens of up to an hour are about.
    expect(due.find(({ kind }) => kind === "publish")).toMatchObject({ timing: { maxTokenTtlSeconds: 3600 } });
    const same = planRing(observed, ringPolicy(), after(10)).due;
    expect(same).toContainEqual(expect.objectContaining({ keyArn: next.keyArn, tags: { timing: newer } }));
  });

  describe("of a key that has handed over", () => {
    /** Generation 1, which handed over at START, has taken over once more so many seconds later. */
    const tagsOf = (tookOver: number, tags: KeyChanges["tags"]): readonly Step[] => {
      const generations = [generation(1, { tags: { ...noted().tags, ...tags } }), generation(2, noted())];
      const active = { keyId: "id-1", generation: 1, updatedAt: after(tookOver) };
      return planRing(observedRing({ generations, active }), POLICY, after(tookOver + 10)).due;
    };

    test("say so, once it signs again", () => {
      expect(tagsOf(1, { supersededAt: START })).toMatchObject([
        { kind: "tag_key", generation: 1, tags: { signsAgain: true } },
      ]);
      expect(tagsOf(1, { signsAgain: true })).toEqual([]);
    });

    test("are kept while KMS may show where `active` was before", () => {
      expect(tagsOf(0, { supersededAt: START })).toEqual([]);
      expect(tagsOf(-1, { supersededAt: START })).toEqual([]);
    });

    test("tell the time of its last hand-over", () => {
      const ring = ringAfterRotation(2, after(500));
      const [first, ...others] = ring.generations;
      const again = { ...given(first), tags: { ...given(first).tags, supersededAt: undefined, signsAgain: true } };
      const { due } = planRing({ ...ring, generations: [again, ...others] }, POLICY, after(510));
      expect(due).toEqual([
        { kind: "tag_key", keyArn: again.keyArn, generation: 1, tags: { supersededAt: after(500) } },
      ]);
    });
  });

  test("note a policy that asks for less, before anything is lowered", () => {
    const short = ringPolicy({ timing: { maxTokenTtlSeconds: 600 } });
    expect(planRing(observedRing(), short, after(10)).due).toEqual([
      {
        kind: "tag_key",
        keyArn: root().keyArn,
        generation: undefined,
        tags: { timing: `60/30/60/3600/180/360 to 60/30/60/600/180/360 @${after(10)}` },
      },
    ]);
  });
});

/** S + K + 1 of the default timing. */
const LEAD = 331;

describe("the note of how long the document lives", () => {
  const BOTH = [entry(1, "active"), entry(2, "pending")];
  const noteOf = (observed: ObservedRing, elapsed: number): readonly Step[] =>
    planRing(observed, POLICY, after(elapsed)).due.filter((step) => step.kind === "tag_key" && "document" in step.tags);
  const life = (since: number, until: number): DocumentLife => ({ since: after(since), until: after(until) });
  const ring = (document: DocumentLife | undefined, issued: number): ObservedRing => {
    const observed = withDocument(observedRing(), documentOf(BOTH, { issuedAt: after(issued) }));
    return { ...observed, root: root({ tags: { document } }) };
  };

  test("begins with the first document, and is not written twice", () => {
    const [step] = noteOf(ring(undefined, 0), 10);
    expect(step).toMatchObject({ keyArn: root().keyArn, tags: { document: life(0, 86_400) } });
    expect(noteOf(ring(life(0, 86_400), 0), 10)).toEqual([]);
  });

  test("goes on when the next document is everywhere before the one before runs out", () => {
    const [step] = noteOf(ring(life(-90_000, 5000 + LEAD), 5000), 5010);
    expect(step).toMatchObject({ tags: { document: life(-90_000, 91_400) } });
  });

  test("begins anew after a lapse, and when an edge may hold the old document until it runs out", () => {
    for (const until of [4000, 5000 + LEAD - 1]) {
      const [step] = noteOf(ring(life(-90_000, until), 5000), 5010);
      expect(step).toMatchObject({ tags: { document: life(5000, 91_400) } });
    }
  });

  test("follows a document that lives shorter", () => {
    const observed = ring(life(-90_000, 600_000), 5000);
    expect(noteOf(observed, 5010)).toMatchObject([{ tags: { document: life(-90_000, 91_400) } }]);
  });

  test("is taken over by the next root key, and not set on one that cannot sign or has another ring's tags", () => {
    const next = root({}, nextRootKey, 2);
    const observed = { ...ring(life(0, 86_400), 0), otherRoots: [next] };
    expect(noteOf(observed, 10)).toMatchObject([{ keyArn: next.keyArn, tags: { document: life(0, 86_400) } }]);
    const switched = { ...observed, root: next, otherRoots: [given(observed.root)] };
    expect(noteOf(switched, 10)).toMatchObject([{ keyArn: next.keyArn, tags: { document: life(0, 86_400) } }]);
    for (const changes of [{ keyState: "Disabled" }, { tags: { ring: "other" } }]) {
      expect(noteOf({ ...observed, otherRoots: [root(changes, nextRootKey, 2)] }, 10)).toEqual([]);
    }
  });

  test("follows a document that this process has published and the store does not show yet", () => {
    const newer = documentOf(BOTH, { issuedAt: after(5000) });
    const observed = { ...ring(life(-90_000, 86_400), 0), newer };
    expect(noteOf(observed, 5010)).toMatchObject([{ tags: { document: life(-90_000, 91_400) } }]);
    // A lost one is everywhere no longer than edges keep it.
    expect(noteOf({ ...observed, document: { kind: "missing" } }, 5010)).toEqual([]);
  });

  test("says nothing of a document that has expired or is lost", () => {
    expect(noteOf(ring(undefined, 0), 86_400)).toEqual([]);
    expect(noteOf({ ...ring(undefined, 0), document: { kind: "missing" } }, 10)).toEqual([]);
  });
});
