/** The tags that a plan sets. */
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
  observedRing,
  root,
} from "../../../../support/observed-ring.ts";
import { ringPolicy } from "../../../../support/ring-world.ts";

const POLICY = ringPolicy();
describe("tags", () => {
  test("of a root key that name another ring are left alone", () => {
    const foreign = root({ tags: { ring: "other", kid: undefined } });
    expect(planRing(observedRing({ root: foreign }), POLICY, after(10)).due).toEqual([]);
  });

  test("are not set on a key that waits for its deletion: KMS refuses them", () => {
    const generations = [generation(1, noted()), generation(2, { ...noted(), keyState: "PendingDeletion" })];
    const { due } = planRing(observedRing({ generations }), POLICY, after(10));
    expect(due.map(({ kind }) => kind)).toEqual(["publish", "tag_key", "create_key"]);
    // The active key tells it: the tombstone may be lost, and people may cancel the deletion.
    expect(due[1]).toMatchObject({ generation: 1, tags: { revokedOthers: [{ kid: keyOf(2).kid, at: after(10) }] } });
    const told = [generation(1, { tags: { ...noted().tags, revokedOthers: [{ kid: keyOf(2).kid, at: after(9) }] } })];
    const again = planRing(observedRing({ generations: [...told, ...generations.slice(1)] }), POLICY, after(10)).due;
    expect(again.map(({ kind }) => kind)).toEqual(["publish", "create_key"]);
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
