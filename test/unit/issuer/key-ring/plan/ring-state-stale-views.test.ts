/** What the plan makes of views that are behind: a store that shows an older document, a KMS that shows an older `active`. */
import { describe, expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import type { ObservedRing } from "../../../../../issuer/key-ring/index.ts";
import type { KeySetDocument, KeySetKey } from "../../../../../shared/key-set.ts";
import {
  BOTH,
  START,
  after,
  documentOf,
  entry,
  generation,
  held,
  keyOf,
  noted,
  observedRing,
  publishOf,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";
import { given } from "../../../../support/values.ts";

describe("a newer document that the store does not show", () => {
  const OLD = [entry(1, "active")];
  const newerOf = (...entries: readonly KeySetKey[]): KeySetDocument =>
    documentOf(entries, { issuedAt: after(5), rev: (START + 5) * 1_000_000 });
  const behind = (newer: KeySetDocument, changes: Partial<ObservedRing> = {}): ObservedRing =>
    observedRing({ document: held(documentOf(OLD)), newer, highestRev: newer.rev, ...changes });
  const statesOf = (observed: ObservedRing): readonly (readonly unknown[])[] =>
    given(publishOf(observed)).keys.map(({ kid, state, publishedAt }) => [kid, state, publishedAt]);

  test.each([
    ["its tags", generation(2, { tags: { kid: undefined, alg: undefined } })],
    ["its public half", generation(2, { keyState: "NotFound", tags: { kid: keyOf(2).kid } })],
  ])("keeps its keys listed, though KMS does not show %s yet; they count as published from now", (_what, second) => {
    const observed = behind(newerOf(...OLD, entry(2, "pending")), { generations: [generation(1, noted()), second] });
    expect(statesOf(observed)).toEqual([
      [keyOf(1).kid, "active", START],
      [keyOf(2).kid, "pending", undefined],
    ]);
  });

  test("keeps its keys listed when KMS shows no alias of them", () => {
    const observed = behind(newerOf(...OLD, entry(3, "pending")), { generations: [generation(1, noted())] });
    expect(statesOf(observed)).toContainEqual([keyOf(3).kid, "pending", undefined]);
  });

  test("has one active key with those of the store's, whichever KMS shows", () => {
    const observed = behind(newerOf(entry(2, "active")), { generations: [], active: undefined });
    expect(statesOf(observed).map(([, state]) => state)).toEqual(["active", "retiring"]);
  });

  test("keeps its tombstones", () => {
    const newer = { ...newerOf(...OLD), revoked: [{ kid: keyOf(2).kid, at: after(4) }] };
    const step = given(publishOf(behind(newer)));
    expect(step.revoked).toEqual(newer.revoked);
    expect(step.keys.map(({ kid }) => kid)).toEqual([keyOf(1).kid]);
  });

  test("makes a key that it lists a revoked one when somebody disables it", () => {
    const generations = [generation(1, noted()), generation(2, { keyState: "Disabled" })];
    const step = given(publishOf(behind(newerOf(...OLD, entry(2, "pending")), { generations })));
    expect(step.revoked.map(({ kid }) => kid)).toEqual([keyOf(2).kid]);
  });

  test("keeps the longer lifetime of its tokens when the store has lost it", () => {
    const newer = newerOf(...BOTH);
    const observed = behind(newer, { document: { kind: "missing" } });
    const plan = planRing(observed, ringPolicy({ timing: { maxTokenTtlSeconds: 600 } }), after(10));
    const step = given(plan.due.find(({ kind }) => kind === "publish"));
    expect(step).toMatchObject({ timing: { maxTokenTtlSeconds: newer.timing.maxTokenTtlSeconds } });
  });
});

describe("a document by somebody who saw `active` elsewhere", () => {
  const other = held(documentOf([entry(2, "active"), entry(1, "retiring")], { issuedAt: after(20) }));
  const seen = (movedAt: number): ObservedRing =>
    observedRing({ active: { keyId: "id-1", generation: 1, updatedAt: after(movedAt) }, document: other });

  test("stands until KMS is consistent: one of the two views is stale, and rotators would only overwrite each other", () => {
    expect(publishOf(seen(0), 319)).toBeUndefined();
    expect(publishOf(seen(0), 320)).toMatchObject({ reasons: ["state_changed"] });
  });

  test("is replaced at once when `active` has been moved since", () => {
    expect(publishOf(seen(20), 21)).toMatchObject({ reasons: ["state_changed"] });
  });

  test("gets the states as they are seen now when anything else has to be published", () => {
    const observed = { ...seen(0), generations: [1, 2, 3].map((number) => generation(number, noted())) };
    const step = given(publishOf(observed, 30));
    expect(step.reasons).toEqual(["key_added"]);
    expect(step.keys.find(({ kid }) => kid === keyOf(1).kid)?.state).toBe("active");
  });
});
