/** Signing with a ring, as a user of the library does it: everything comes from the public API. */
import { describe, expect, test } from "vitest";
import { createIssuer, createRingPolicy, createRingSource } from "../../../../../issuer/index.ts";
import { TEST_ISSUER } from "../../../../support/key-sets.ts";
import { startRingWorld } from "../../../../support/ring-world.ts";
import { given } from "../../../../support/values.ts";

describe("createIssuer with a ring", () => {
  test("signs with the active key, and with the next one after a rotation, without a restart", async () => {
    const world = await startRingWorld();
    await world.run({ request: { kind: "init" } });
    const policy = createRingPolicy({ ring: "main", issuer: TEST_ISSUER });
    const ring = createRingSource(policy, { kms: world.kms.kms, clock: world.now });
    const issuer = createIssuer({ issuer: TEST_ISSUER, ring, maxTokenTtlSeconds: 3600, clock: world.now });
    const kidOf = async (): Promise<string> => (await issuer.sign({}, { audience: "api" })).kid;
    const first = await kidOf();
    expect(first).toBe(given((await world.generation(1)).publicKey).kid);
    world.pass(400);
    await world.run();
    world.pass(3931);
    await world.run({ request: { kind: "rotate", from: 1 } });
    // A less what KMS may lag: no signer goes on longer with what it has seen.
    world.pass(61);
    expect(await kidOf()).toBe(given((await world.generation(2)).publicKey).kid);
  });

  test("follows the policy: with a larger A it goes on longer without asking KMS again", async () => {
    const world = await startRingWorld();
    await world.run({ request: { kind: "init" } });
    const policy = createRingPolicy({ ring: "main", issuer: TEST_ISSUER, timing: { signerLagSeconds: 900 } });
    const ring = createRingSource(policy, { kms: world.kms.kms, clock: world.now });
    await ring.current();
    const { DescribeKey } = world.kms.emulator.requests;
    world.pass(299);
    await ring.current();
    expect(world.kms.emulator.requests.DescribeKey).toBe(DescribeKey);
  });
});
