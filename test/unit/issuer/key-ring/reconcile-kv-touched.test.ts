/** KV that is tampered with: what the next run makes of it, over the embedded KMS and the fake Cloudflare API. */
import { describe, expect, test } from "vitest";
import { makeRoot, signKeySet } from "../../../support/key-sets.ts";
import { startedRing, startRingWorld, statesOf, stepsOf, TURN_SECONDS } from "../../../support/ring-world.ts";
import { given } from "../../../support/values.ts";

describe("KV that others have written", () => {
  test("is repaired when it was emptied, and the repair settles", async () => {
    const world = await startedRing();
    const before = await world.document();
    await world.overwrite("");
    await world.run();
    const repaired = await world.document();
    expect(await statesOf(world)).toEqual(["1 active", "2 pending"]);
    expect(repaired.rev).toBeGreaterThan(before.rev);
    world.pass(400);
    const settling = await world.run();
    expect(settling.steps.map(({ step }) => (step.kind === "publish" ? step.reasons : step.kind))).toContainEqual([
      "settle",
    ]);
  });

  test("is repaired when it holds a document that another root key has signed", async () => {
    const world = await startedRing();
    const foreign = await makeRoot();
    await world.overwrite(await signKeySet(await world.document(), foreign));
    const report = await world.run();
    expect(report.steps[0]?.step).toMatchObject({ kind: "publish", reasons: ["refused"] });
    expect(await statesOf(world)).toEqual(["1 active", "2 pending"]);
  });

  test("is repaired when an older document was put back that lacks the active key", async () => {
    const world = await startRingWorld();
    await world.run({ request: { kind: "init" } });
    const old = given(world.stored());
    world.pass(400);
    const { tags } = await world.generation(1);
    await world.run({ request: { kind: "revoke", kid: given(tags.kid) } });
    const newest = await world.document();
    await world.overwrite(old);
    const report = await world.run();
    expect(report.steps[0]?.step).toMatchObject({ kind: "publish" });
    const repaired = await world.document();
    expect(repaired.rev).toBeGreaterThan(newest.rev);
    expect(repaired.revoked).toMatchObject([{ kid: tags.kid }]);
    expect(await statesOf(world)).toEqual(["2 active", "3 pending"]);
  });

  test("delays a rotation: what edges know counts from the repair", async () => {
    const world = await startedRing();
    world.pass(TURN_SECONDS);
    await world.overwrite("not a document");
    const report = await world.run();
    expect(stepsOf(report)).not.toContain("move_active done");
    world.pass(260);
    await world.run();
    world.pass(3931 - 1);
    expect(stepsOf(await world.run())).not.toContain("move_active done");
    world.pass(1);
    await world.run();
    expect(await statesOf(world)).toEqual(["2 active", "3 pending", "1 retiring"]);
  });
});
