/** What the plan does when it is asked: create, rotate, revoke, adopt. */
import { describe, expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import {
  after,
  documentOf,
  entry,
  generation,
  held,
  keyOf,
  noted,
  observedKey,
  observedRing,
  root,
  rootKey,
  rsaKey,
  START,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";

const POLICY = ringPolicy();
describe("rotating by request", () => {
  test("is refused while the published key set cannot be read", () => {
    const observed = observedRing({ document: { kind: "unknown", fault: "publish_timeout", message: "no answer" } });
    const plan = planRing(observed, POLICY, after(1000), { kind: "rotate", from: 1 });
    expect(plan).toMatchObject({ due: [], refusal: { code: "document_unknown" } });
  });
});

describe("adopting a key", () => {
  const adopt = { kind: "adopt" } as const;

  test("never makes a second generation of a key whose alias KMS does not show yet", () => {
    const named = observedKey(keyOf(5), "5", { tags: { generation: "3" } });
    const untagged = observedKey(keyOf(5), "5", { tags: { generation: undefined, ring: undefined } });
    for (const observed of [
      observedRing({ candidate: named }),
      observedRing({ candidate: untagged, claimed: new Map([[untagged.keyArn, 3]]) }),
    ]) {
      const generations = [...observed.generations, generation(4, noted())];
      const { due } = planRing({ ...observed, generations }, POLICY, after(1000), adopt);
      expect(due).toContainEqual({ kind: "claim_alias", role: "generation", number: 3, keyArn: named.keyArn });
    }
  });

  const foreign = { ring: undefined, generation: undefined, kid: undefined, managed: false };
  const candidate = observedKey(keyOf(5), "5", { tags: foreign });

  test("claims the next generation for it; everything else follows by itself", () => {
    expect(planRing(observedRing({ candidate }), POLICY, after(10), adopt).due).toEqual([
      { kind: "claim_alias", role: "generation", number: 3, keyArn: candidate.keyArn },
    ]);
  });

  test("is done once it is a generation", () => {
    const adopted = { ...generation(3, { keyId: "id-5", ...noted() }, keyOf(5)) };
    const observed = observedRing({
      candidate,
      generations: [generation(1, noted()), generation(2, noted()), adopted],
    });
    expect(planRing(observed, POLICY, after(10), adopt).isRequestDone).toBe(true);
  });

  test.each([
    ["candidate_not_found", undefined],
    ["candidate_not_found", observedKey(keyOf(5), "5", { keyState: "NotFound", tags: foreign })],
    ["candidate_unfit", observedKey(keyOf(5), "5", { keyState: "Disabled", tags: foreign })],
    ["candidate_unfit", observedKey(rsaKey, "5", { tags: foreign })],
    ["candidate_in_use", observedKey(keyOf(5), "5", { tags: { ...foreign, ring: "other" } })],
    ["candidate_in_use", observedKey(keyOf(5), "5", { tags: { ...foreign, generation: "root-2" } })],
    ["candidate_in_use", observedKey(rootKey, "5", { keyId: "id-root", tags: foreign })],
    ["candidate_in_use", observedKey(keyOf(2), "5", { tags: foreign })],
  ])("is refused: %s", (code, refused) => {
    const plan = planRing(observedRing({ candidate: refused }), POLICY, after(10), adopt);
    expect(plan.due).toEqual([]);
    expect(plan.refusal).toMatchObject({ code });
  });

  test("is refused for a key that was revoked", () => {
    const document = documentOf([entry(1, "active"), entry(2, "pending")], {
      revoked: [{ kid: keyOf(5).kid, at: START }],
    });
    const plan = planRing(observedRing({ candidate, document: held(document) }), POLICY, after(10), adopt);
    expect(plan.refusal).toMatchObject({ code: "candidate_in_use" });
  });
});

describe("keys without an alias", () => {
  const leftBehind = { tags: { kid: undefined } };

  test("that were made for the next generation are used for it", () => {
    const orphan = observedKey(keyOf(2), "2", leftBehind);
    const observed = observedRing({
      generations: [generation(1, noted())],
      document: held(documentOf([entry(1, "active")])),
      orphans: [orphan],
    });
    expect(planRing(observed, POLICY, after(10)).due).toMatchObject([
      { kind: "create_key", number: 2, orphan: orphan.keyArn },
    ]);
  });

  test("that were made for the next generation become it, though a standby is there by now", () => {
    const orphan = observedKey(keyOf(3), "3", leftBehind);
    expect(planRing(observedRing({ orphans: [orphan] }), POLICY, after(10)).due).toEqual([
      { kind: "claim_alias", role: "generation", number: 3, keyArn: orphan.keyArn },
    ]);
  });

  test("that were made for the next generation before the algorithm changed get their alias, since they may have it", () => {
    const orphan = observedKey(rsaKey, "3", { ...leftBehind, createdAt: after(-10) });
    const observed = observedRing({ orphans: [orphan] });
    expect(planRing(observed, POLICY, after(589)).due).toEqual([]);
    expect(planRing(observed, POLICY, after(590)).due).toEqual([
      { kind: "claim_alias", role: "generation", number: 3, keyArn: orphan.keyArn },
    ]);
  });

  test("become nothing while it is not known which generation is active", () => {
    const orphan = observedKey(keyOf(3), "3", leftBehind);
    const observed = observedRing({ active: undefined, orphans: [orphan] });
    expect(planRing(observed, POLICY, after(10)).due).toEqual([]);
  });

  test("that lost the race for the root key are scheduled for deletion, and never the root key", () => {
    const orphan = observedKey(keyOf(7), "root", { ...leftBehind, keyId: "id-x" });
    expect(planRing(observedRing({ orphans: [orphan] }), POLICY, after(10)).due).toMatchObject([
      { kind: "schedule_deletion", keyArn: orphan.keyArn, reason: "orphan" },
    ]);
    const noRoot = observedRing({
      root: undefined,
      rootUpdatedAt: undefined,
      active: undefined,
      generations: [],
      orphans: [orphan],
    });
    expect(planRing(noRoot, POLICY, after(10)).due).toEqual([]);
  });

  test("that lost the race for their generation are scheduled for deletion, however new", () => {
    const orphan = observedKey(keyOf(7), "2", { ...leftBehind, keyId: "id-x", createdAt: after(9) });
    expect(planRing(observedRing({ orphans: [orphan] }), POLICY, after(10)).due).toEqual([
      { kind: "schedule_deletion", keyArn: orphan.keyArn, generation: undefined, reason: "orphan", pendingDays: 7 },
    ]);
  });

  test.each([
    ["somebody else made", { tags: { kid: undefined, managed: false } }],
    ["were in use before", { tags: { kid: keyOf(7).kid } }],
    ["are waiting for their deletion", { keyState: "PendingDeletion", tags: { kid: undefined } }],
  ])("are left alone when they %s", (_what, changes) => {
    const orphan = observedKey(keyOf(7), "2", { ...changes, keyId: "id-x" });
    expect(planRing(observedRing({ orphans: [orphan] }), POLICY, after(10)).due).toEqual([]);
  });

  test("of a generation whose alias is not seen are left alone until it would be", () => {
    const orphan = observedKey(keyOf(7), "3", { ...leftBehind, keyId: "id-x", createdAt: after(-10) });
    const observed = observedRing({
      active: { keyId: "id-1", generation: 1, updatedAt: START },
      generations: [generation(1, noted()), generation(2, noted()), generation(4, noted())],
      document: held(
        documentOf([entry(1, "active"), entry(2, "pending"), entry(4, "pending")], { issuedAt: after(500) }),
      ),
      orphans: [orphan],
    });
    expect(planRing(observed, POLICY, after(589)).due).toEqual([]);
    // An alias that was claimed a moment ago may be hidden still, and the key may be signing: it is not deleted.
    expect(planRing(observed, POLICY, after(590)).due).toEqual([
      { kind: "claim_alias", role: "generation", number: 3, keyArn: orphan.keyArn },
    ]);
  });

  test("that the document lists get their generation's alias back", () => {
    const orphan = observedKey(keyOf(2), "2", noted());
    const observed = observedRing({ generations: [generation(1, noted()), generation(3, noted())], orphans: [orphan] });
    const { due } = planRing(observed, POLICY, after(10));
    expect(due.at(-1)).toEqual({ kind: "claim_alias", role: "generation", number: 2, keyArn: orphan.keyArn });
  });

  test("that the document lists keep their number, though nobody has the alias", () => {
    const orphan = observedKey(keyOf(2), "2", noted());
    const { due } = planRing(
      observedRing({ generations: [generation(1, noted())], orphans: [orphan] }),
      POLICY,
      after(10),
    );
    expect(due).toContainEqual(expect.objectContaining({ kind: "create_key", role: "generation", number: 3 }));
  });
});

describe("tags", () => {
  test("of a root key that name another ring are left alone", () => {
    const foreign = root({ tags: { ring: "other", kid: undefined } });
    expect(planRing(observedRing({ root: foreign }), POLICY, after(10)).due).toEqual([]);
  });

  test("are not set on a key that waits for its deletion: KMS refuses them", () => {
    const generations = [generation(1, noted()), generation(2, { ...noted(), keyState: "PendingDeletion" })];
    const { due } = planRing(observedRing({ generations }), POLICY, after(10));
    expect(due.map(({ kind }) => kind)).toEqual(["publish", "create_key"]);
  });

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
