/** What the plan does when the published document is lost. */
import { describe, expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import type { ObservedDocument } from "../../../../../issuer/key-ring/index.ts";
import type { RingTags } from "../../../../../issuer/key-ring/names.ts";
import {
  after,
  BOTH,
  documentOf,
  entry,
  generation,
  held,
  keyOf,
  noted,
  observedRing,
  publishOf,
  rsaKey,
  START,
  superseded,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";
import { given, kidOf } from "../../../../support/values.ts";

const POLICY = ringPolicy();

describe("a document that is lost", () => {
  test.each([
    ["missing", { kind: "missing" }],
    ["refused", { kind: "refused", problem: "key_set_unknown_root" }],
  ] as const)("is published again when it is %s, with a rev ahead of the clock", (reason, document) => {
    const step = given(publishOf(observedRing({ document })));
    expect(step).toMatchObject({ reasons: [reason], rev: { previous: undefined, leadSeconds: 130 } });
    // When they were first published is not known any more: they count from now.
    expect(step.keys.map(({ kid, state, publishedAt }) => [kid, state, publishedAt])).toEqual([
      [keyOf(1).kid, "active", undefined],
      [keyOf(2).kid, "pending", undefined],
    ]);
  });

  test("because it has expired keeps its tombstones and its rev", () => {
    const revoked = [{ kid: kidOf("gone"), at: START }];
    const step = given(publishOf(observedRing({ document: held(documentOf(BOTH, { revoked })) }), 86_400));
    expect(step.reasons).toContain("expired");
    expect(step.revoked).toEqual(revoked);
    expect(step.rev).toEqual({ previous: START * 1_000_000, leadSeconds: 130, settles: false });
    expect(step.keys.every(({ publishedAt }) => publishedAt === undefined)).toBe(true);
  });

  describe("lists the active key without its tags, which people have removed or KMS does not show yet", () => {
    const untagged = { ring: undefined, generation: undefined, kid: undefined, managed: false };
    const listedWith = (document: ObservedDocument, tags: Partial<RingTags>, key = keyOf(1)): readonly string[] => {
      const active = generation(1, { tags: { ...untagged, ...tags } }, key);
      const step = publishOf(observedRing({ generations: [active, generation(2, noted())], document }), 90_000);
      return given(step).keys.map(({ kid }) => kid);
    };

    test("if the document that has expired lists it", () => {
      expect(listedWith(held(documentOf(BOTH)), { alg: undefined })).toContain(keyOf(1).kid);
      expect(listedWith(held(documentOf([entry(2, "active")])), { alg: undefined })).not.toContain(keyOf(1).kid);
    });

    test("if the document is lost and a tag says that one has listed it; not if its algorithm would be guessed", () => {
      expect(listedWith({ kind: "missing" }, { alg: undefined, listedAt: START })).toContain(keyOf(1).kid);
      expect(listedWith({ kind: "missing" }, { alg: undefined, publishedAt: START })).toContain(keyOf(1).kid);
      expect(listedWith({ kind: "missing" }, { alg: undefined })).not.toContain(keyOf(1).kid);
      expect(listedWith({ kind: "missing" }, { listedAt: START }, rsaKey)).toContain(rsaKey.kid);
      expect(listedWith({ kind: "missing" }, { alg: undefined, listedAt: START }, rsaKey)).not.toContain(rsaKey.kid);
    });
  });

  test("takes no key with it: a disabled one is simply not published again", () => {
    const observed = observedRing({
      active: { keyId: "id-2", generation: 2, updatedAt: START },
      generations: [generation(1, { ...superseded(), keyState: "Disabled" }), generation(2, noted()), generation(3)],
      document: { kind: "missing" },
    });
    const step = given(publishOf(observed, 4080 + 390));
    expect(step.keys.map(({ kid }) => kid)).toEqual([keyOf(2).kid, keyOf(3).kid]);
    expect(step.revoked).toEqual([]);
  });

  test("takes no withdrawal with it: a key that was disabled before its time was over, H + G, gets a tombstone", () => {
    const revokedAt = (elapsed: number, document: ObservedDocument): readonly string[] => {
      const active = { keyId: "id-2", generation: 2, updatedAt: START };
      const generations = [generation(1, { ...superseded(), keyState: "Disabled" }), generation(2, noted())];
      const step = publishOf(observedRing({ active, generations, document }), elapsed);
      return (step?.revoked ?? []).map(({ kid }) => kid);
    };
    expect(revokedAt(4080 + 390 - 1, { kind: "missing" })).toEqual([keyOf(1).kid]);
    expect(revokedAt(4080 + 390, { kind: "missing" })).toEqual([]);
    // A document that does not list it says that it has left.
    expect(revokedAt(4080 + 390 - 1, held(documentOf([entry(2, "active")])))).toEqual([]);
  });

  const unknown = { keyId: "id-9", generation: undefined, updatedAt: START };
  const known = { keyId: "id-2", generation: 2, updatedAt: START };
  test.each([
    ["not known which key signs", unknown, noted(), [keyOf(1).kid]],
    ["another key that signs", known, noted(), [keyOf(1).kid]],
    ["one of the two tags that is gone", unknown, { tags: { publishedAt: START } }, [keyOf(1).kid]],
    ["not known that it was ever listed", unknown, {}, []],
  ])(
    "nor that of a key that was listed and has not handed over, though it is %s",
    (_what, active, changes, expected) => {
      const generations = [generation(1, { ...changes, keyState: "Disabled" }), generation(2, noted())];
      const step = given(publishOf(observedRing({ active, generations, document: { kind: "missing" } }), 90_000));
      expect(step.revoked.map(({ kid }) => kid)).toEqual(expected);
    },
  );

  test("gets the tombstones back that the keys' tags have noted", () => {
    const revoked = generation(3, { keyState: "Disabled", tags: { revokedAt: after(-500) } });
    const observed = observedRing({
      generations: [generation(1, noted()), generation(2, noted()), revoked],
      document: { kind: "missing" },
    });
    expect(publishOf(observed)?.revoked).toEqual([{ kid: keyOf(3).kid, at: after(-500) }]);
  });

  test("cannot be repaired while the store does not answer, and says so", () => {
    const plan = planRing(
      observedRing({ document: { kind: "unknown", fault: "publish_timeout", message: "no answer" } }),
      POLICY,
      after(10),
    );
    expect(plan.due).toEqual([]);
    expect(plan.problems).toMatchObject([{ code: "document_unknown" }]);
  });
});
