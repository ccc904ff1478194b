/** What the plan does when it is asked: create, rotate, revoke, adopt. */
import { describe, expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import type { ObservedKey, Plan } from "../../../../../issuer/key-ring/index.ts";
import type { FaultCode } from "../../../../../issuer/errors.ts";
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

  test("is refused of a Multi-Region key that another ring has in its Region, or may have", () => {
    const candidate = observedKey(keyOf(5), "5", { tags: { ring: undefined, generation: undefined, kid: undefined } });
    const keyArn = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1";
    const planWith = (ring: string | undefined, fault: FaultCode | undefined): Plan =>
      planRing(
        observedRing({ candidate: { ...candidate, elsewhere: [{ keyArn, ring, fault }] } }),
        POLICY,
        after(10),
        adopt,
      );
    const taken = planWith("west", undefined);
    expect(taken.due).toEqual([]);
    expect(taken.refusal).toMatchObject({ code: "candidate_in_use", message: expect.stringContaining("ring west") });
    const unread = planWith(undefined, "kms_access_denied");
    expect(unread.refusal).toMatchObject({ code: "candidate_in_use", message: expect.stringContaining(keyArn) });
    expect(planWith(undefined, undefined).due).toMatchObject([{ kind: "claim_alias" }]);
  });

  test("keeps the number of the later reading when another key has that of the earlier one", () => {
    const kid = keyOf(5).kid;
    const candidate = observedKey(keyOf(5), "2", { keyId: "id-5", keyArn: "arn-5", tags: { kid: undefined } });
    const orphan = observedKey(keyOf(5), "3", { keyId: "id-5", keyArn: "arn-5", tags: { kid } });
    const { due } = planRing(observedRing({ candidate, orphans: [orphan] }), POLICY, after(10), adopt);
    expect(due).toContainEqual({ kind: "claim_alias", role: "generation", number: 3, keyArn: "arn-5" });
    expect(due).not.toContainEqual(expect.objectContaining({ number: 4 }));
  });

  test("keeps the number that either reading of its tags shows: two readings may differ", () => {
    const orphan = observedKey(keyOf(5), "5", { tags: { generation: "3" } });
    const candidate = { ...orphan, tags: { ...orphan.tags, ring: undefined, generation: undefined, kid: undefined } };
    const { due } = planRing(observedRing({ candidate, orphans: [orphan] }), POLICY, after(10), adopt);
    expect(due).toContainEqual({ kind: "claim_alias", role: "generation", number: 3, keyArn: orphan.keyArn });
  });

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

  test("waits while KMS may hide the number that another process has given it a moment ago", () => {
    const generations = [
      generation(1, noted()),
      generation(2, noted()),
      generation(4, { createdAt: START, ...noted() }),
    ];
    const planAt = (elapsed: number, lost: readonly ObservedKey[] = []): Plan =>
      planRing(observedRing({ candidate, generations, orphans: lost }), POLICY, after(elapsed), adopt);
    const claim = expect.objectContaining({ kind: "claim_alias", number: 5, keyArn: candidate.keyArn });
    expect(planAt(599).due).not.toContainEqual(expect.objectContaining({ keyArn: candidate.keyArn }));
    expect(planAt(599).refusal).toMatchObject({ code: "candidate_unsettled", notBefore: after(600) });
    expect(planAt(600).due).toContainEqual(claim);
    // Another key is seen to have it.
    expect(planAt(10, [observedKey(keyOf(3), "3", noted())]).due).toContainEqual(claim);
  });

  test("is done once it is a generation", () => {
    const adopted = { ...generation(3, { keyId: "id-5", ...noted() }, keyOf(5)) };
    const observed = observedRing({
      candidate,
      generations: [generation(1, noted()), generation(2, noted()), adopted],
    });
    expect(planRing(observed, POLICY, after(10), adopt).isRequestDone).toBe(true);
  });

  test("is refused with the algorithm that the key is for, which is not always told by its spec", () => {
    const observed = observedRing({ candidate: observedKey(rsaKey, "5", { tags: foreign }) });
    const message = planRing(observed, POLICY, after(10), adopt).refusal?.message;
    expect(message).toMatch(/fit ES256; it is RSA_2048, SIGN_VERIFY, Enabled, RS256\.$/);
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
