/** A rotation by request, over the embedded KMS and the fake Cloudflare API. */
import { expect, test } from "vitest";
import { createRingMemory } from "../../../../issuer/key-ring/index.ts";
import { rotateRing } from "../../../../issuer/key-ring/rotate.ts";
import type { RotateRingOptions } from "../../../../issuer/key-ring/rotate.ts";
import { startedRing, startRingWorld } from "../../../support/ring-world.ts";
import type { RingWorld } from "../../../support/ring-world.ts";

function optionsOf(world: RingWorld, more: Partial<RotateRingOptions> = {}): RotateRingOptions {
  return { policy: world.policy, memory: createRingMemory(), actor: "test", ...more };
}

async function activeOf(world: RingWorld): Promise<number | undefined> {
  return (await world.observe()).active?.generation;
}

test("is done once for the generation that it names, however often it is asked for", async () => {
  const world = await startedRing();
  world.pass(10_000);
  const { from } = await rotateRing(world.ports, optionsOf(world));
  expect(from).toBe(1);
  world.pass(10_000);
  const again = await rotateRing(world.ports, optionsOf(world, { from }));
  expect(again.plan).toMatchObject({ isRequestDone: true, refusal: undefined });
  expect(await activeOf(world)).toBe(2);
});

test("is only planned by a dry run", async () => {
  const world = await startedRing();
  world.pass(10_000);
  const { steps, plan } = await rotateRing(world.ports, optionsOf(world, { dryRun: true }));
  expect(steps).toEqual([]);
  expect(plan.due).toContainEqual(expect.objectContaining({ kind: "move_active", from: 1, generation: 2 }));
  expect(await activeOf(world)).toBe(1);
});

test("is refused while the pending key is not known everywhere, and says from when on it is not", async () => {
  const world = await startedRing();
  const { plan } = await rotateRing(world.ports, optionsOf(world));
  expect(plan.refusal?.code).toBe("standby_not_ready");
  expect(plan.refusal?.notBefore).toBeGreaterThan(world.now());
});

test("is refused for a ring that is not there", async () => {
  const world = await startRingWorld();
  expect((await rotateRing(world.ports, optionsOf(world))).plan.refusal?.code).toBe("root_missing");
});
