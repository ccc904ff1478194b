/** What the plan does when the published document is lost, put back, foreign or due for renewal. */
import { describe, expect, test } from "vitest";
import { planRing, stepKey } from "../../../issuer/key-ring/index.ts";
import type { ObservedRing, Step } from "../../../issuer/key-ring/index.ts";
import type { KeySetDocument, KeySetKey } from "../../../shared/key-set.ts";
import { seconds } from "../../support/key-sets.ts";
import {
  after,
  documentOf,
  entry,
  generation,
  held,
  keyOf,
  noted,
  observedRing,
  root,
  rootKey,
  START,
} from "../../support/observed-ring.ts";
import { ringPolicy } from "../../support/ring-world.ts";
import { given, kidOf } from "../../support/values.ts";

const POLICY = ringPolicy();
const BOTH = [entry(1, "active"), entry(2, "pending")];

function publishOf(observed: ObservedRing, elapsed = 10): Extract<Step, { kind: "publish" }> | undefined {
  return planRing(observed, POLICY, after(elapsed)).due.find((step) => step.kind === "publish");
}

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
    expect(step.rev).toEqual({ previous: START * 1_000_000, leadSeconds: 130 });
    expect(step.keys.every(({ publishedAt }) => publishedAt === undefined)).toBe(true);
  });

  test("takes no key with it: a disabled one is simply not published again", () => {
    const observed = observedRing({
      active: { keyId: "id-2", generation: 2, updatedAt: START },
      generations: [generation(1, { ...noted(), keyState: "Disabled" }), generation(2, noted()), generation(3)],
      document: { kind: "missing" },
    });
    const step = given(publishOf(observed));
    expect(step.keys.map(({ kid }) => kid)).toEqual([keyOf(2).kid, keyOf(3).kid]);
    expect(step.revoked).toEqual([]);
  });

  test("gets the tombstones back that the keys' tags have noted", () => {
    const revoked = generation(3, { keyState: "Disabled", tags: { revokedAt: after(-500) } });
    const observed = observedRing({
      generations: [generation(1, noted()), generation(2, noted()), revoked],
      document: { kind: "missing" },
    });
    expect(publishOf(observed)?.revoked).toEqual([{ kid: keyOf(3).kid, at: after(-500) }]);
  });

  test("cannot be repaired while the store does not answer, and says so", () => {
    const plan = planRing(observedRing({ document: { kind: "unknown", fault: "publish_timeout" } }), POLICY, after(10));
    expect(plan.due).toEqual([]);
    expect(plan.problems).toMatchObject([{ code: "document_unknown" }]);
  });
});

describe("a document that was put back", () => {
  test("is seen by a process that has seen a higher rev", () => {
    const step = given(publishOf(observedRing({ highestRev: START * 1_000_000 + 5 })));
    expect(step).toMatchObject({
      reasons: ["rolled_back"],
      rev: { previous: START * 1_000_000 + 5, leadSeconds: 130 },
    });
  });

  test("is seen by the active key that it lacks", () => {
    const step = given(publishOf(observedRing({ document: held(documentOf([entry(2, "pending")])) })));
    expect(step.reasons).toEqual(["rolled_back", "key_added"]);
    expect(step.rev.leadSeconds).toBe(130);
  });

  test("is seen by the revoked key that it lists", () => {
    const generations = [
      generation(1, noted()),
      generation(2, noted()),
      generation(3, { keyState: "Disabled", tags: { publishedAt: START, revokedAt: after(-5) } }),
    ];
    const step = given(
      publishOf(observedRing({ generations, document: held(documentOf([...BOTH, entry(3, "pending")])) })),
    );
    expect(step.reasons).toEqual(["revoked", "rolled_back", "key_dropped"]);
  });
});

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

describe("a document whose rev runs ahead", () => {
  const ahead = held(documentOf(BOTH, { rev: (START + 130) * 1_000_000 }));

  test("is followed by another one when the clock has overtaken all such revs", () => {
    expect(publishOf(observedRing({ document: ahead }), 259)).toBeUndefined();
    expect(publishOf(observedRing({ document: ahead }), 260)).toMatchObject({
      reasons: ["settle"],
      rev: { leadSeconds: 0 },
    });
  });

  test("is followed by one with a lead when something else has to be published before", () => {
    const observed = observedRing({ document: ahead, generations: [1, 2, 3].map((n) => generation(n, noted())) });
    expect(publishOf(observed)).toMatchObject({ reasons: ["key_added"], rev: { leadSeconds: 130 } });
  });
});

describe("a document from the future", () => {
  test("is replaced, and the clocks are complained about", () => {
    const observed = observedRing({ document: held(documentOf(BOTH, { issuedAt: after(100) })) });
    const plan = planRing(observed, POLICY, after(39));
    expect(plan.due).toMatchObject([{ kind: "publish", reasons: ["issued_in_future"] }]);
    expect(plan.problems).toMatchObject([{ code: "clock_skewed" }]);
    expect(planRing(observed, POLICY, after(40)).due).toEqual([]);
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

describe("what edges may hold", () => {
  test("stays in the document when KMS does not show a generation's alias yet", () => {
    const observed = observedRing({
      generations: [generation(1, noted())],
      active: { keyId: "id-1", generation: 1, updatedAt: START },
    });
    const plan = planRing(observed, POLICY, after(10));
    expect(plan.due).toMatchObject([{ kind: "create_key", number: 2 }]);
    const renewal = given(publishOf(observed, 43_200));
    expect(renewal.keys.map(({ kid, state }) => [kid, state])).toEqual([
      [keyOf(1).kid, "active"],
      [keyOf(2).kid, "pending"],
    ]);
    expect(renewal.revoked).toEqual([]);
  });

  test("is reported when KMS has no generation for it after all", () => {
    const observed = observedRing({ generations: [generation(1, noted())] });
    expect(planRing(observed, POLICY, after(599)).problems).toEqual([]);
    expect(planRing(observed, POLICY, after(600)).problems).toMatchObject([{ code: "generation_missing" }]);
  });

  test("stays while a key's state passes by itself, with the public key from the document", () => {
    const unavailable = generation(2, { ...noted(), keyState: "Unavailable" });
    const step = given(publishOf(observedRing({ generations: [generation(1, noted()), unavailable] }), 43_200));
    expect(step.keys.map(({ kid, jwk }) => [kid, jwk.kty])).toEqual([
      [keyOf(1).kid, "EC"],
      [keyOf(2).kid, "EC"],
    ]);
  });

  test("keeps its states while it is not known which generation is active", () => {
    const observed = observedRing({ active: { keyId: "elsewhere", generation: undefined, updatedAt: START } });
    const plan = planRing(observed, POLICY, after(10));
    expect(plan.due).toEqual([]);
    expect(plan.problems).toMatchObject([{ code: "active_unresolved" }]);
    expect(publishOf(observed, 43_200)?.keys.map(({ state }) => state)).toEqual(["active", "pending"]);
  });

  test("includes each kid once, also when two generations have one key", () => {
    const twice = [generation(1, noted()), generation(2, noted()), generation(3, noted(), keyOf(1))];
    const plan = planRing(observedRing({ generations: twice }), POLICY, after(10));
    expect(plan.due).toEqual([]);
    expect(plan.problems).toMatchObject([{ code: "generation_duplicate", generation: 3 }]);
  });
});

describe("the root key", () => {
  test("is never published as a key that signs tokens", () => {
    const generations = [generation(1, noted()), generation(2, noted()), generation(3, {}, rootKey)];
    const plan = planRing(observedRing({ generations }), POLICY, after(10));
    expect(plan.due).toEqual([]);
    expect(plan.problems).toMatchObject([{ code: "generation_unfit", generation: 3 }]);
  });
});

describe("tombstones", () => {
  const old = { kid: kidOf("long-gone"), at: START };
  const week = 7 * 86_400 + 300;

  test("without a KMS key are kept as long as a document could list the key", () => {
    const issuedAt = after(week - 43_201);
    const observed = observedRing({ document: held(documentOf(BOTH, { issuedAt, revoked: [old] })) });
    expect(publishOf(observed, week - 1)?.revoked).toEqual([old]);
    expect(publishOf(observed, week)?.revoked).toEqual([]);
  });

  test("of a key that KMS still has are kept for good", () => {
    const at = seconds(START - 100 * 86_400);
    const revoked = generation(3, { keyState: "Disabled", tags: { revokedAt: at } });
    const document = documentOf(BOTH, { revoked: [{ kid: keyOf(3).kid, at }] });
    const generations = [generation(1, noted()), generation(2, noted()), revoked];
    expect(publishOf(observedRing({ generations, document: held(document) }), 43_200)?.revoked).toEqual([
      { kid: keyOf(3).kid, at },
    ]);
  });
});

describe("nothing is published", () => {
  test("without a root key that can sign", () => {
    const observed = observedRing({ root: root({ keyState: "Disabled" }), document: { kind: "missing" } });
    const plan = planRing(observed, POLICY, after(10));
    expect(plan.due).toEqual([]);
    expect(plan.problems.map(({ code }) => code)).toContain("root_unusable");
  });

  test("and nothing is created for a ring whose root key is missing", () => {
    const plan = planRing(observedRing({ root: undefined, generations: [] }), POLICY, after(10));
    expect(plan.due).toEqual([]);
    expect(plan.problems.map(({ code }) => code)).toEqual(["root_missing"]);
  });
});

describe("an entry that edges skip", () => {
  test("has the document published again", () => {
    const document = {
      ...held(documentOf(BOTH)),
      skipped: [{ index: 2, kid: undefined, problem: "kid_missing" as const }],
    };
    expect(publishOf(observedRing({ document }))?.reasons).toEqual(["unusable_entry"]);
  });
});

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
