/** What the plan does when somebody took a key away, whoever it was and with whatever tool. */
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
  observedRing,
  ringAfterRotation,
  rootKey,
  SETTLE,
  START,
  superseded,
  withDocument,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";
import { kidOf } from "../../../../support/values.ts";

const POLICY = ringPolicy();
const NOW = after(1000);

function withState(observed: ObservedRing, number: number, keyState: string): ObservedRing {
  const generations = observed.generations.map((one): ObservedGeneration =>
    one.number === number ? generation(number, { ...noted(), keyState }) : one,
  );
  return { ...observed, generations };
}

function briefly(steps: readonly Step[]): readonly string[] {
  return steps.map((step) => {
    const generationNumber = "generation" in step ? ` ${step.generation}` : "";
    return `${step.kind}${generationNumber}${"reason" in step ? ` ${step.reason}` : ""}`;
  });
}

describe("an active key that anybody took away", () => {
  test.each(["Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport"])(
    "hands over to the pending key, then gets its tombstone: %s",
    (keyState) => {
      const steps = planRing(withState(observedRing(), 1, keyState), POLICY, NOW).due;
      const [note, first, second] = steps;
      // KMS takes no tags for a key that waits for its deletion: the one that takes over tells it.
      const onItself = { generation: 1, tags: { revokedAt: NOW } };
      const onTheOther = { generation: 2, tags: { revokedOthers: [{ kid: keyOf(1).kid, at: NOW }] } };
      expect(note).toMatchObject({ kind: "tag_key", ...(keyState === "Disabled" ? onItself : onTheOther) });
      expect(first).toMatchObject({ kind: "move_active", from: 1, generation: 2, reason: "revoked" });
      expect(second).toMatchObject({
        kind: "publish",
        reasons: ["revoked", "key_dropped"],
        revoked: [{ kid: keyOf(1).kid, at: NOW }],
        keys: [{ kid: keyOf(2).kid }],
      });
    },
  );

  test("hands over to a pending key that is published, even before every edge knows it", () => {
    const [, move] = planRing(withState(observedRing(), 1, "Disabled"), POLICY, after(10)).due;
    expect(move).toMatchObject({ kind: "move_active", generation: 2 });
  });

  test("never hands over to a pending key that is not published: it is published first", () => {
    const observed = withState(observedRing({ document: held(documentOf([entry(1, "active")])) }), 1, "Disabled");
    const { due, problems } = planRing(observed, POLICY, NOW);
    expect(due[0]).toMatchObject({ kind: "tag_key", generation: 1, tags: { revokedAt: NOW } });
    expect(due[1]).toMatchObject({ kind: "publish", keys: [{ kid: keyOf(2).kid, state: "pending" }] });
    expect(briefly(due).filter((step) => step.startsWith("move"))).toEqual([]);
    expect(problems.map(({ code }) => code)).toContain("active_unusable");
  });

  test("hands over to the key before it, which every edge knows, rather than to a pending key that some do not", () => {
    const rotated = ringAfterRotation(2, START);
    const fresh = [entry(2, "active"), entry(3, "pending", after(900)), entry(1, "retiring")];
    const observed = withState({ ...rotated, document: held(documentOf(fresh)) }, 2, "Disabled");
    expect(planRing(observed, POLICY, NOW).due[1]).toMatchObject({ kind: "move_active", from: 2, generation: 1 });
    // With a pending key that is known everywhere, that one.
    const known = withState(rotated, 2, "Disabled");
    expect(planRing(known, POLICY, NOW).due[1]).toMatchObject({ kind: "move_active", from: 2, generation: 3 });
  });

  // By the tag of its hand-over, or the one that it signs again.
  test.each([superseded(), { tags: { ...noted().tags, signsAgain: true } }])(
    "is followed, after such a stopgap, by the pending key as soon as that is known to every edge",
    (stopgap) => {
      const observed = observedRing({
        active: { keyId: "id-1", generation: 1, updatedAt: after(1000) },
        generations: [
          generation(1, stopgap),
          generation(2, { keyState: "Disabled", tags: { publishedAt: START, revokedAt: after(999) } }),
          generation(3, noted(after(900))),
        ],
        document: held(
          documentOf([entry(1, "active"), entry(3, "pending", after(900))], {
            issuedAt: after(1000),
            revoked: [{ kid: keyOf(2).kid, at: after(999) }],
          }),
        ),
      });
      const ripe = 900 + SETTLE + 3931;
      const movesAt = (elapsed: number): readonly Step[] =>
        planRing(observed, POLICY, after(elapsed)).due.filter(({ kind }) => kind !== "tag_key");
      expect(movesAt(ripe - 1)).toEqual([]);
      expect(movesAt(ripe)).toMatchObject([{ kind: "move_active", generation: 3 }]);
    },
  );

  test("keeps the key before it in the document, which may have taken over out of sight", () => {
    const observed = withState(ringAfterRotation(2, START), 2, "Disabled");
    const dropped = planRing(ringAfterRotation(2, START), POLICY, after(5000)).due;
    expect(dropped).toMatchObject([{ kind: "publish", reasons: ["key_dropped"] }]);
    const publish = planRing(observed, POLICY, after(5000)).due.find(({ kind }) => kind === "publish");
    expect(publish).toMatchObject({ keys: [{ kid: keyOf(3).kid }, { kid: keyOf(1).kid, state: "retiring" }] });
  });

  test("keeps the key before it when the store has lost the document, which would tell whether it had been dropped", () => {
    const revoked = withState(ringAfterRotation(2, START), 2, "Disabled");
    const listed = documentOf([entry(2, "active"), entry(1, "retiring")], { issuedAt: after(4000) });
    const lost: Partial<ObservedRing> = { document: { kind: "refused", problem: "key_set_unknown_root" } };
    const kidsOf = (observed: ObservedRing): readonly string[] =>
      planRing(observed, POLICY, after(5000)).due.flatMap((step) =>
        step.kind === "publish" ? step.keys.map(({ kid }) => kid) : [],
      );
    expect(kidsOf({ ...revoked, ...lost })).toContain(keyOf(1).kid);
    expect(kidsOf({ ...revoked, ...lost, newer: listed })).toContain(keyOf(1).kid);
    expect(kidsOf({ ...revoked, ...lost, newer: { ...listed, keys: [entry(2, "active")] } })).not.toContain(
      keyOf(1).kid,
    );
  });

  test("is replaced by a new generation when nothing else can sign", () => {
    const alone = observedRing({
      generations: [generation(1, { ...noted(), keyState: "Disabled" })],
      document: held(documentOf([entry(1, "active")])),
    });
    expect(briefly(planRing(alone, POLICY, NOW).due)).toEqual(["tag_key 1", "publish", "create_key"]);
  });

  test("does not lose its place to states that pass by themselves", () => {
    const { due, problems } = planRing(withState(observedRing(), 1, "Unavailable"), POLICY, NOW);
    expect(due).toEqual([]);
    expect(problems).toMatchObject([{ code: "active_unusable", generation: 1 }]);
  });
});

describe("a key that does not sign and that anybody took away", () => {
  test("gets its tombstone while the document holds it, under a rev with a lead: an edge may hold a higher one", () => {
    const { due } = planRing(withState(ringAfterRotation(2, START), 1, "Disabled"), POLICY, NOW);
    // Noted first: the tombstone may be lost before another run, and people may enable the key by then.
    expect(due[0]).toMatchObject({ kind: "tag_key", generation: 1, tags: { revokedAt: NOW } });
    const published = { kind: "publish", reasons: ["revoked", "key_dropped"], rev: { leadSeconds: 130 } };
    expect(due[1]).toMatchObject({ ...published, revoked: [{ kid: keyOf(1).kid }] });
  });

  test("has merely retired when the document does not hold it", () => {
    const document = documentOf([entry(2, "active"), entry(3, "pending")], { issuedAt: after(900) });
    const observed = withState(withDocument(ringAfterRotation(2, START), document), 1, "Disabled");
    expect(planRing(observed, POLICY, NOW).due).toEqual([]);
  });

  test("gets its tombstone when it has not had its time to sign, though the document is lost: none retires before", () => {
    const observed = withState(observedRing({ document: { kind: "missing" } }), 2, "PendingDeletion");
    const publish = planRing(observed, POLICY, NOW).due.find(({ kind }) => kind === "publish");
    expect(publish).toMatchObject({ keys: [{ kid: keyOf(1).kid }], revoked: [{ kid: keyOf(2).kid }] });
  });

  test("does not rotate the active key when it was the pending key: that signs its full time", () => {
    const world = observedRing({
      active: { keyId: "id-1", generation: 1, updatedAt: START },
      generations: [
        generation(1, noted()),
        generation(2, { keyState: "Disabled", tags: { ...noted().tags, revokedAt: after(10) } }),
        generation(3, noted(after(20))),
      ],
      document: held(
        documentOf([entry(1, "active"), entry(3, "pending", after(20))], {
          issuedAt: after(80_000),
          revoked: [{ kid: keyOf(2).kid, at: after(10) }],
        }),
      ),
    });
    expect(planRing(world, POLICY, after(80_010)).due).toEqual([]);
    expect(planRing(world, POLICY, after(80_010)).upcoming).toContainEqual({
      what: "activate",
      generation: 3,
      notBefore: after(POLICY.rotateEverySeconds),
    });
  });

  test("is replaced when it was the pending key", () => {
    const { due } = planRing(withState(observedRing(), 2, "Disabled"), POLICY, NOW);
    expect(briefly(due)).toEqual(["tag_key 2", "publish", "create_key"]);
    expect(due.at(-1)).toMatchObject({ kind: "create_key", number: 3 });
  });
});

describe("a revoked key", () => {
  const revoked = observedRing({
    generations: [
      generation(1, noted()),
      generation(2, noted()),
      generation(3, { tags: { publishedAt: START, revokedAt: START } }),
    ],
    document: held(
      documentOf([entry(1, "active"), entry(2, "pending")], { revoked: [{ kid: keyOf(3).kid, at: START }] }),
    ),
  });

  test("that somebody enables again is disabled again, and never published", () => {
    const { due, problems } = planRing(revoked, POLICY, NOW);
    expect(due).toEqual([{ kind: "disable_key", keyArn: generation(3).keyArn, generation: 3, reason: "revoked" }]);
    expect(problems).toMatchObject([{ code: "revoked_key_enabled", generation: 3 }]);
  });

  test("is never activated, though it is enabled and the document lists it", () => {
    const tricky = {
      ...revoked,
      active: { keyId: "id-1", generation: 1, updatedAt: START },
      generations: [generation(1, noted()), generation(3, { tags: { publishedAt: START, revokedAt: START } })],
      document: held(documentOf([entry(1, "active"), entry(3, "pending")])),
    };
    const steps = planRing(tricky, POLICY, after(40 * 86_400)).due;
    expect(briefly(steps).filter((step) => step.startsWith("move"))).toEqual([]);
  });

  test("is noted on the key, so that the tombstone outlives the document", () => {
    const document = documentOf([entry(1, "active"), entry(2, "pending")], {
      revoked: [{ kid: keyOf(3).kid, at: after(5) }],
    });
    const observed = observedRing({
      generations: [
        generation(1, noted()),
        generation(2, noted()),
        generation(3, { ...noted(), keyState: "Disabled" }),
      ],
      document: held(document),
    });
    expect(planRing(observed, POLICY, NOW).due).toEqual([
      {
        kind: "tag_key",
        keyArn: generation(3).keyArn,
        generation: 3,
        tags: { revokedAt: after(5), kid: keyOf(3).kid },
      },
    ]);
  });
});

describe("a revocation on request", () => {
  const request = { kind: "revoke", kid: keyOf(1).kid } as const;

  test("disables the key, hands over and publishes the tombstone in one go, whatever KMS shows yet", () => {
    expect(briefly(planRing(observedRing(), POLICY, NOW, request).due)).toEqual([
      "disable_key 1 revoked",
      "tag_key 1",
      "move_active 2 revoked",
      "publish",
    ]);
  });

  test("is done when the tombstone is published and the key cannot sign", () => {
    const document = documentOf([entry(2, "active")], { revoked: [{ kid: keyOf(1).kid, at: START }] });
    const observed = observedRing({
      active: { keyId: "id-2", generation: 2, updatedAt: START },
      generations: [
        generation(1, { keyState: "Disabled", tags: { publishedAt: START, revokedAt: START } }),
        generation(2, noted()),
      ],
      document: held(document),
    });
    expect(planRing(observed, POLICY, NOW, request).isRequestDone).toBe(true);
    const enabled = {
      ...observed,
      generations: [generation(1, { tags: { revokedAt: START } }), generation(2, noted())],
    };
    expect(planRing(enabled, POLICY, NOW, request).isRequestDone).toBe(false);
  });

  test("works for a key of the document that KMS does not have any more", () => {
    const lost = entry(5, "retiring");
    const observed = observedRing({ document: held(documentOf([entry(1, "active"), entry(2, "pending"), lost])) });
    const { due } = planRing(observed, POLICY, after(10), { kind: "revoke", kid: lost.kid });
    expect(due).toMatchObject([{ kind: "publish", revoked: [{ kid: lost.kid }] }]);
  });

  test.each([
    ["kid_unknown", kidOf("nobody")],
    ["kid_is_root", rootKey.kid],
  ])("is refused: %s", (code, kid) => {
    const plan = planRing(observedRing(), POLICY, NOW, { kind: "revoke", kid });
    expect(plan.due).toEqual([]);
    expect(plan).toMatchObject({ refusal: { code }, isRequestDone: false });
  });
});
