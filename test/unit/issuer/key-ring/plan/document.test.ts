/** What the plan does when the published document is put back, foreign or due for renewal. */
import { describe, expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import { seconds } from "../../../../support/key-sets.ts";
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
  root,
  rootKey,
  rsaKey,
  START,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";
import { given, kidOf } from "../../../../support/values.ts";

const POLICY = ringPolicy();

describe("a document that was put back", () => {
  test("is seen by a process that has seen a higher rev, which it exceeds; the rev that is known needs no lead", () => {
    const step = given(publishOf(observedRing({ highestRev: START * 1_000_000 + 5 })));
    expect(step).toMatchObject({
      reasons: ["rolled_back"],
      rev: { previous: START * 1_000_000 + 5, leadSeconds: 0 },
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

describe("a document whose rev runs ahead", () => {
  const ahead = held(documentOf(BOTH, { rev: (START + 130) * 1_000_000 }));

  test("is followed by another one when the clock has overtaken all such revs", () => {
    expect(publishOf(observedRing({ document: ahead }), 259)).toBeUndefined();
    expect(publishOf(observedRing({ document: ahead }), 260)).toMatchObject({
      reasons: ["settle"],
      rev: { leadSeconds: 0 },
    });
  });

  test("and one with a change is, too: an edge may hold a higher rev of a rotator that it has overwritten", () => {
    const changed = held(documentOf(BOTH, { rev: START * 1_000_000 + 1 }));
    expect(publishOf(observedRing({ document: changed }), 259)).toBeUndefined();
    const settling = given(publishOf(observedRing({ document: changed }), 260));
    expect(settling).toMatchObject({ reasons: ["settle"], rev: { leadSeconds: 0, settles: true } });
    const renewal = given(publishOf(observedRing(), 43_200));
    expect(renewal).toMatchObject({ reasons: ["renewal"], rev: { settles: true } });
    const withMore = observedRing({ document: changed, generations: [1, 2, 3].map((n) => generation(n, noted())) });
    expect(publishOf(withMore, 260)).toMatchObject({ reasons: ["key_added", "settle"], rev: { settles: false } });
  });

  test("is followed by one with a lead when something else has to be published before", () => {
    const observed = observedRing({ document: ahead, generations: [1, 2, 3].map((n) => generation(n, noted())) });
    expect(publishOf(observed)).toMatchObject({ reasons: ["key_added"], rev: { leadSeconds: 130 } });
  });
});

test("a key keeps the algorithm that it was published with", () => {
  const rs = { kid: rsaKey.kid, jwk: rsaKey.jwk, state: "active", publishedAt: START } as const;
  const asPss = { ...rsaKey.jwk, alg: "PS256" } as const;
  const observed = observedRing({
    generations: [generation(1, { ...noted(), alg: "PS256", publicKey: { kid: rsaKey.kid, jwk: asPss } }, rsaKey)],
    document: held(documentOf([rs])),
  });
  expect(given(publishOf(observed, 43_200)).keys).toMatchObject([{ kid: rsaKey.kid, jwk: { alg: "RS256" } }]);
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
