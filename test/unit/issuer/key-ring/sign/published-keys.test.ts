/** How a signer knows that edges know its key. */
import { describe, expect, test } from "vitest";
import { createTaggedPublishedKeys } from "../../../../../issuer/key-ring/index.ts";
import { startedRing, startRingWorld } from "../../../../support/ring-world.ts";
import type { RingWorld } from "../../../../support/ring-world.ts";
import { given } from "../../../../support/values.ts";

describe("whether a key is published", () => {
  const sinceOf = async (world: RingWorld): Promise<unknown> => {
    const { keyArn, tags } = await world.generation(2);
    const kid = given(tags.kid);
    return createTaggedPublishedKeys(world.ports.kms).publishedAt({ kid, keyArn });
  };

  test("is told by the tags: listed, settled, revoked", async () => {
    const world = await startRingWorld();
    await world.run({ request: { kind: "init" } });
    expect(await sinceOf(world)).toBe("unsettled");
    world.pass(400);
    await world.run();
    expect(await sinceOf(world)).toBe((await world.document()).issuedAt);
    const { tags } = await world.generation(2);
    await world.run({ request: { kind: "revoke", kid: given(tags.kid) } });
    expect(await sinceOf(world)).toBeUndefined();
  });

  test("counts anew once a key had to be listed anew", async () => {
    const world = await startedRing();
    await world.overwrite("");
    await world.run();
    expect(await sinceOf(world)).toBe("unsettled");
    world.pass(400);
    await world.run();
    expect(await sinceOf(world)).toBe((await world.document()).issuedAt);
  });
});
