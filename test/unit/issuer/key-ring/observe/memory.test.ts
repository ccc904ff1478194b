/** What a process remembers of documents: the newest, and the highest rev. */
import { describe, expect, test } from "vitest";
import { createRingMemory, observeRing, reconcileRing } from "../../../../../issuer/key-ring/index.ts";
import { startedRing, startRingWorld } from "../../../../support/ring-world.ts";
import { given } from "../../../../support/values.ts";

describe("a process", () => {
  test("is not needed to remember the rev of what this process has published itself", async () => {
    const world = await startedRing();
    await world.overwrite("garbage");
    const memory = createRingMemory();
    // The store goes on showing what was there before.
    const publisher: typeof world.ports.publisher = { ...world.ports.publisher, read: async () => "garbage" };
    await reconcileRing({ ...world.ports, publisher }, { policy: world.policy, memory, actor: "test" });
    expect(memory.highestRev).toBe((await world.document()).rev);
    expect(memory.newest?.rev).toBe((await world.document()).rev);
    const observed = await observeRing({ ...world.ports, publisher }, world.policy, { memory });
    expect(observed.newer).toBe(memory.newest);
  });

  test("names no newer document once the store shows it", async () => {
    const world = await startedRing();
    const memory = createRingMemory();
    await observeRing(world.ports, world.policy, { memory });
    expect((await observeRing(world.ports, world.policy, { memory })).newer).toBeUndefined();
  });

  test("remembers the highest rev, which shows a document that was put back", async () => {
    const world = await startRingWorld();
    await world.run({ request: { kind: "init" } });
    const old = given(world.stored());
    world.pass(400);
    await world.run();
    const memory = createRingMemory();
    await observeRing(world.ports, world.policy, { memory });
    const highest = memory.highestRev;
    await world.overwrite(old);
    const observed = await observeRing(world.ports, world.policy, { memory });
    expect(observed.highestRev).toBe(highest);
    expect(observed.newer?.rev).toBe(highest);
    expect(observed.document).toMatchObject({ kind: "read" });
  });
});
