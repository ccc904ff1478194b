/** One line for each step of a rotator. */
import { describe, expect, test } from "vitest";
import { startedRing, TURN_SECONDS } from "../../../../support/ring-world.ts";

describe("the audit", () => {
  test("has a line for each step: who, what, which key, from what to what", async () => {
    const world = await startedRing();
    world.pass(TURN_SECONDS);
    world.audit.length = 0;
    const report = await world.run();
    expect(world.audit).toHaveLength(report.steps.length);
    expect(world.audit.find(({ step }) => step === "move_active")).toEqual({
      at: world.audit[0]?.at,
      actor: "test",
      ring: "main",
      step: "move_active",
      reasons: ["due"],
      generation: 2,
      kid: (await world.generation(2)).tags.kid,
      keyArn: (await world.generation(2)).keyArn,
      rev: undefined,
      before: { active: 1 },
      after: { active: 2 },
      result: "done",
      fault: undefined,
    });
    expect(world.audit.find(({ step }) => step === "publish")).toMatchObject({
      rev: expect.any(Number),
      result: "done",
    });
  });

  test("shows a step that failed, with the fault and nothing changed", async () => {
    const world = await startedRing();
    world.pass(TURN_SECONDS);
    world.kms.emulator.faults.add({ operation: "UpdateAlias", kind: "access_denied" });
    world.audit.length = 0;
    await world.run();
    expect(world.audit.find(({ step }) => step === "move_active")).toMatchObject({
      result: "failed",
      fault: "kms_access_denied",
      before: { active: 1 },
      after: { active: 1 },
    });
  });
});
