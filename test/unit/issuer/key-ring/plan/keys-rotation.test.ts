/** When the plan rotates, and which inequality holds each step back. */
import { describe, expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import type { ObservedRing, Plan, Step } from "../../../../../issuer/key-ring/index.ts";
import {
  after,
  documentOf,
  entry,
  generation,
  held,
  keyOf,
  noted,
  observedRing,
  ringAfterRotation,
  rootKey,
  rsaKey,
  SETTLE,
  START,
  withDocument,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";
import type { EpochSeconds } from "../../../../../shared/identifiers.ts";

/**
 * Rotates daily. A listing settles after 4K + 20 = 260; lead = S + K + P + 1 = 270 + 60 + 3600 + 1; hold = A + L + 2K = 360 +
 * 3600 + 120, and G = 300 + 30 + 60 until a key is dropped.
 */
const POLICY = ringPolicy({ rotateEverySeconds: 86_400 });
const LEAD = SETTLE + 3931;
const HOLD = 4080 + 390;
const DAY = 86_400;

/** Issues the document anew, so that no renewal is due. */
function renewed(observed: ObservedRing, issuedAt: EpochSeconds): ObservedRing {
  if (observed.document.kind !== "read") return observed;
  const { keys } = observed.document.document;
  return withDocument(observed, documentOf(keys, { issuedAt }));
}

function kinds(plan: Plan): readonly Step["kind"][] {
  return plan.due.map(({ kind }) => kind);
}

describe("a ring at rest", () => {
  test("has nothing due, and says what comes next", () => {
    const plan = planRing(observedRing(), POLICY, after(10));
    expect(plan.due).toEqual([]);
    expect(plan.problems).toEqual([]);
    expect(plan.upcoming).toEqual([
      { what: "renew", generation: undefined, notBefore: after(DAY / 2) },
      { what: "activate", generation: 2, notBefore: after(DAY) },
    ]);
  });

  test("has its document renewed at half of its life", () => {
    expect(kinds(planRing(observedRing(), POLICY, after(DAY / 2 - 1)))).toEqual([]);
    const [step] = planRing(observedRing(), POLICY, after(DAY / 2)).due;
    expect(step).toMatchObject({ kind: "publish", reasons: ["renewal"], rev: { leadSeconds: 0 } });
  });
});

describe("a rotation by schedule", () => {
  test("is due when the active generation has signed for as long as the policy says", () => {
    expect(kinds(planRing(renewed(observedRing(), after(DAY - 10)), POLICY, after(DAY - 1)))).toEqual([]);
    expect(planRing(renewed(observedRing(), after(DAY - 10)), POLICY, after(DAY)).due).toEqual([
      { kind: "move_active", from: 1, generation: 2, keyArn: generation(2).keyArn, reason: "due" },
    ]);
  });

  test("waits while a tag says that another key has taken over, and `active` does not show it yet", () => {
    const handedOver = (supersededAt: EpochSeconds): ObservedRing => {
      const first = noted();
      const generations = [generation(1, { ...first, tags: { ...first.tags, supersededAt } }), generation(2, noted())];
      return { ...renewed(observedRing(), after(DAY - 10)), generations };
    };
    // G = 390 s later KMS shows where the alias points, also if the clock that wrote the tag was off by K.
    expect(kinds(planRing(handedOver(after(DAY - 100)), POLICY, after(DAY + 289)))).not.toContain("move_active");
    expect(kinds(planRing(handedOver(after(DAY - 100)), POLICY, after(DAY + 290)))).toContain("move_active");
    // From an earlier time as the active key, after which it took over again.
    expect(kinds(planRing(handedOver(after(-100_000)), POLICY, after(DAY)))).toContain("move_active");
  });

  test("waits until every edge and consumer knows the pending key: listed_settled + S + K + P + 1", () => {
    const publishedAt = after(DAY - 100);
    const document = documentOf([entry(1, "active"), entry(2, "pending", publishedAt)], { issuedAt: publishedAt });
    const observed = observedRing({
      generations: [generation(1, noted()), generation(2, noted(publishedAt))],
      document: held(document),
    });
    const early = planRing(observed, POLICY, after(DAY - 100 + LEAD - 1));
    expect(early.due).toEqual([]);
    expect(early.upcoming).toContainEqual({ what: "activate", generation: 2, notBefore: after(DAY - 100 + LEAD) });
    expect(kinds(planRing(observed, POLICY, after(DAY - 100 + LEAD)))).toEqual(["move_active"]);
  });

  test("counts the larger cacheTtl of policy and published document", () => {
    const timing = { kvCacheTtlSeconds: 600, memoryTtlSeconds: 30, clockSkewSeconds: 60, maxTokenTtlSeconds: 3600 };
    const publishedAt = after(DAY - 100);
    const entries = [entry(1, "active"), entry(2, "pending", publishedAt)];
    const observed = observedRing({
      generations: [generation(1, noted()), generation(2, noted(publishedAt))],
      document: held(documentOf(entries, { issuedAt: publishedAt, timing })),
    });
    const waits = (elapsed: number): boolean =>
      !kinds(planRing(observed, POLICY, after(elapsed))).includes("move_active");
    expect(waits(DAY - 100 + LEAD + 540 - 1)).toBe(true);
    expect(waits(DAY - 100 + LEAD + 540)).toBe(false);
  });

  test("never activates a pending key that the published document does not hold", () => {
    const observed = renewed(observedRing({ document: held(documentOf([entry(1, "active")])) }), after(DAY));
    expect(kinds(planRing(observed, POLICY, after(2 * DAY)))).not.toContain("move_active");
  });

  test.each(["missing", "refused", "unknown"] as const)("never activates while the document is %s", (kind) => {
    const documents = {
      missing: { kind },
      refused: { kind, problem: "key_set_unknown_root" },
      unknown: { kind, fault: "publish_unreachable" },
    } as const;
    const observed = observedRing({ document: documents[kind] as ObservedRing["document"] });
    expect(kinds(planRing(observed, POLICY, after(2 * DAY)))).not.toContain("move_active");
  });

  test("never activates a pending key by an expired document", () => {
    expect(kinds(planRing(observedRing(), POLICY, after(3 * DAY)))).not.toContain("move_active");
  });
});

describe("a pending key", () => {
  const alone = observedRing({
    generations: [generation(1, noted())],
    document: held(documentOf([entry(1, "active")])),
  });

  test("is created as soon as there is none", () => {
    expect(planRing(alone, POLICY, after(10)).due).toEqual([
      { kind: "create_key", role: "generation", number: 2, alg: "ES256", keySpec: "ECC_NIST_P256", orphan: undefined },
    ]);
  });

  test("is not created twice while KMS does not show the new key's state yet", () => {
    const creating = generation(2, { keyState: "Creating", alg: undefined, tags: { kid: undefined } });
    expect(planRing({ ...alone, generations: [...alone.generations, creating] }, POLICY, after(10)).due).toEqual([]);
  });

  test("is tagged before it is published", () => {
    const fresh = generation(2, { tags: { kid: undefined } });
    const untagged = { ...alone, generations: [...alone.generations, fresh] };
    expect(planRing(untagged, POLICY, after(10)).due).toEqual([
      {
        kind: "tag_key",
        keyArn: fresh.keyArn,
        generation: 2,
        tags: { ring: "main", generation: "2", alg: "ES256", kid: keyOf(2).kid },
      },
    ]);
  });

  test("is published once it is tagged", () => {
    const [step] = planRing({ ...alone, generations: [generation(1, noted()), generation(2)] }, POLICY, after(10)).due;
    expect(step).toMatchObject({
      kind: "publish",
      reasons: ["key_added"],
      keys: [
        { kid: keyOf(1).kid, state: "active", publishedAt: START },
        { kid: keyOf(2).kid, state: "pending", publishedAt: undefined },
      ],
    });
  });

  test("of the policy's new algorithm is made beside the old one, and takes over instead of it", () => {
    const rs256 = ringPolicy({ alg: "RS256", rotateEverySeconds: DAY });
    expect(planRing(observedRing(), rs256, after(10)).due).toMatchObject([
      { kind: "create_key", number: 3, alg: "RS256" },
    ]);
    const rsa = { kid: rsaKey.kid, jwk: rsaKey.jwk, state: "pending", publishedAt: START } as const;
    const document = documentOf([entry(1, "active"), entry(2, "pending"), rsa], { issuedAt: after(DAY - 10) });
    const both = observedRing({
      generations: [generation(1, noted()), generation(2, noted()), generation(3, noted(), rsaKey)],
      document: held(document),
    });
    expect(planRing(both, rs256, after(DAY)).due).toMatchObject([{ kind: "move_active", generation: 3 }]);
  });
});

describe("a retiring generation", () => {
  const rotated = ringAfterRotation(2, START);

  test("stays in the document until superseded_at + A + L + 2K + G", () => {
    const early = planRing(rotated, POLICY, after(HOLD - 1));
    expect(early.due).toEqual([]);
    expect(early.upcoming).toContainEqual({ what: "drop", generation: 1, notBefore: after(HOLD) });
    expect(planRing(rotated, POLICY, after(HOLD)).due).toMatchObject([
      { kind: "publish", reasons: ["key_dropped"], keys: [{ kid: keyOf(2).kid }, { kid: keyOf(3).kid }] },
    ]);
  });

  test("keeps its hold of the larger token lifetime when the policy has a shorter one", () => {
    const short = ringPolicy({ rotateEverySeconds: DAY, timing: { maxTokenTtlSeconds: 600 } });
    const dropped = (elapsed: number): boolean =>
      planRing(rotated, short, after(elapsed)).due.some(
        (step) => step.kind === "publish" && step.reasons.includes("key_dropped"),
      );
    expect(dropped(HOLD - 1)).toBe(false);
    expect(dropped(HOLD)).toBe(true);
  });

  const droppedAt = after(HOLD);
  const droppedBy = (rev: number): ObservedRing =>
    withDocument(rotated, documentOf([entry(2, "active"), entry(3, "pending")], { issuedAt: droppedAt, rev }));
  const dropped = droppedBy(droppedAt * 1_000_000 + 1);

  // W + K after the document without it.
  test("is disabled once every rotator must have seen the document without it", () => {
    const early = planRing(dropped, POLICY, after(HOLD + 239));
    expect(early.due).toEqual([]);
    expect(early.upcoming).toContainEqual({ what: "disable", generation: 1, notBefore: after(HOLD + 240) });
    expect(planRing(dropped, POLICY, after(HOLD + 240)).due).toEqual([
      { kind: "disable_key", keyArn: generation(1).keyArn, generation: 1, reason: "retired" },
    ]);
  });

  test("is disabled without another wait when the document merely repeats the one before, older than that", () => {
    const settled = droppedBy(droppedAt * 1_000_000);
    expect(planRing(settled, POLICY, droppedAt).due).toMatchObject([{ kind: "disable_key", generation: 1 }]);
    expect(planRing(dropped, POLICY, droppedAt).due).toEqual([]);
  });

  test("is not disabled as long as the document holds it", () => {
    expect(kinds(planRing(renewed(rotated, after(DAY)), POLICY, after(DAY + 200)))).not.toContain("disable_key");
  });

  test("is not disabled when another generation that is in use has the same key", () => {
    const twice = generation(1, { ...noted(), keyId: "id-3" });
    const observed = { ...dropped, generations: [twice, ...dropped.generations.slice(1)] };
    expect(kinds(planRing(observed, POLICY, after(HOLD + 240)))).not.toContain("disable_key");
  });

  const retired = {
    ...dropped,
    generations: [generation(1, { ...noted(), keyState: "Disabled" }), ...dropped.generations.slice(1)],
  };

  test("is kept, disabled, unless the policy asks for deletion", () => {
    expect(planRing(retired, POLICY, after(HOLD + 200)).due).toEqual([]);
    const deleting = ringPolicy({ rotateEverySeconds: DAY, deleteAfterDays: 14 });
    expect(planRing(retired, deleting, after(HOLD + 200)).due).toEqual([
      { kind: "schedule_deletion", keyArn: generation(1).keyArn, generation: 1, reason: "retired", pendingDays: 14 },
    ]);
  });

  test("is never deleted when sealgate did not make its key", () => {
    const adopted = generation(1, { keyState: "Disabled", tags: { publishedAt: START, managed: false } });
    const deleting = ringPolicy({ rotateEverySeconds: DAY, deleteAfterDays: 14 });
    const observed = { ...retired, generations: [adopted, ...retired.generations.slice(1)] };
    expect(planRing(observed, deleting, after(HOLD + 200)).due).toEqual([]);
  });
});

describe("a rotation on request", () => {
  const request = { kind: "rotate", from: 1 } as const;

  test("is done at once when the pending key is known to every edge", () => {
    expect(planRing(observedRing(), POLICY, after(LEAD), request)).toMatchObject({
      due: [{ kind: "move_active", generation: 2, reason: "requested" }],
      refusal: undefined,
      isRequestDone: false,
    });
  });

  test("is refused before, with the time when it becomes safe", () => {
    const plan = planRing(observedRing(), POLICY, after(LEAD - 1), request);
    expect(plan.due).toEqual([]);
    expect(plan.refusal).toMatchObject({ code: "standby_not_ready", notBefore: after(LEAD) });
  });

  test("is done when another generation signs, however it came to that", () => {
    const plan = planRing(ringAfterRotation(2, START), POLICY, after(400), request);
    expect(plan).toMatchObject({ due: [], refusal: undefined, isRequestDone: true });
  });
});

describe("a change of the signing root key", () => {
  test("has the document published again, signed by the new one", () => {
    const observed = observedRing({
      document: held(documentOf([entry(1, "active"), entry(2, "pending")]), keyOf(8).kid),
    });
    expect(planRing(observed, POLICY, after(10)).due).toMatchObject([{ kind: "publish", reasons: ["root_changed"] }]);
    expect(rootKey.kid).not.toBe(keyOf(8).kid);
  });
});
