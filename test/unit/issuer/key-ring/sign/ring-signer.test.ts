/** The signer of a ring over the embedded KMS, on a virtual clock. */
import { DisableKeyCommand, UntagResourceCommand } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { createRingSigner, createTaggedPublishedKeys, leadSeconds } from "../../../../../issuer/key-ring/index.ts";
import type { PublishedKeys, RingSigner, RingSignerOptions } from "../../../../../issuer/key-ring/index.ts";
import { createIssuer } from "../../../../../issuer/index.ts";
import { createKmsSigner } from "../../../../../issuer/kms/signer.ts";
import { TEST_ISSUER } from "../../../../support/key-sets.ts";
import { faultOf } from "../../../../support/published-by.ts";
import { MAIN_RING, startedRing, startRingWorld, TURN_SECONDS } from "../../../../support/ring-world.ts";
import type { RingWorld } from "../../../../support/ring-world.ts";
import { given } from "../../../../support/values.ts";

function signerOf(world: RingWorld, changes: Partial<RingSignerOptions> = {}): RingSigner {
  const { kms } = world.ports;
  return createRingSigner({
    ring: MAIN_RING,
    kms,
    published: createTaggedPublishedKeys(kms),
    leadSeconds: leadSeconds(world.policy.timing),
    clock: world.now,
    ...changes,
  });
}

async function kidOfGeneration(world: RingWorld, number: number): Promise<string> {
  return given((await world.generation(number)).tags.kid);
}

async function currentKid(signer: RingSigner): Promise<string> {
  return (await signer.current()).kid;
}

/** Lets the background refresh end, whatever it asks of KMS. */
async function background(signer: RingSigner): Promise<void> {
  await signer.refresh().catch(() => undefined);
}

describe("the signer of a ring", () => {
  test("signs by the key that `active` points to, never by the pending key", async () => {
    const world = await startedRing();
    const issuer = createIssuer({
      issuer: TEST_ISSUER,
      ring: signerOf(world),
      maxTokenTtlSeconds: 600,
      clock: world.now,
    });
    const { kid } = await issuer.sign({ sub: "someone" }, { audience: "api" });
    expect(kid).toBe(await kidOfGeneration(world, 1));
  });

  test("signs by the algorithm that the key was made for, also without its tag", async () => {
    const world = await startedRing({ alg: "PS256" });
    const KeyId = (await world.generation(1)).keyArn;
    await world.kms.client.send(new UntagResourceCommand({ KeyId, TagKeys: ["sealgate:alg"] }));
    expect((await signerOf(world, { alg: "RS512" }).current()).alg).toBe("PS256");
  });

  test("asks KMS once, and again in the background from half of its age on", async () => {
    const world = await startedRing();
    const signer = signerOf(world);
    const asked = (): number => world.kms.emulator.requests.DescribeKey;
    await signer.current();
    const first = asked();
    world.pass(29);
    await signer.current();
    expect(asked()).toBe(first);
    world.pass(1);
    await signer.current();
    await background(signer);
    expect(asked()).toBeGreaterThan(first);
    expect(signer.status().confirmedAt).toBe(world.now());
  });

  test("follows a rotation, and asks nobody to wait for it", async () => {
    const world = await startedRing();
    const signer = signerOf(world);
    const old = await currentKid(signer);
    world.pass(TURN_SECONDS);
    await world.run();
    // Idle for long: it has to look before it signs.
    expect(await currentKid(signer)).toBe(await kidOfGeneration(world, 2));
    expect(old).toBe(await kidOfGeneration(world, 1));
  });

  test("goes on with its key while KMS fails, and no longer than its age allows", async () => {
    const world = await startedRing();
    const signer = signerOf(world);
    const kid = await currentKid(signer);
    world.kms.emulator.faults.add({ operation: "DescribeKey", kind: "access_denied" });
    world.pass(60);
    expect(await currentKid(signer)).toBe(kid);
    await background(signer);
    world.pass(1);
    expect((await faultOf(signer.current())).code).toBe("kms_access_denied");
    // Not more than one call a second, however many tokens are asked for.
    const asked = world.kms.emulator.requests.DescribeKey;
    await faultOf(signer.current());
    await faultOf(signer.current());
    expect(world.kms.emulator.requests.DescribeKey).toBe(asked);
    world.kms.emulator.faults.clear();
    world.pass(1);
    expect(await currentKid(signer)).toBe(kid);
  });

  test("does not take a clock that was set back for freshness", async () => {
    const world = await startedRing();
    let setBackSeconds = 0;
    const clock: RingSignerOptions["clock"] = () => (world.now() - setBackSeconds) as ReturnType<RingWorld["now"]>;
    const signer = signerOf(world, { clock });
    await signer.current();
    const asked = world.kms.emulator.requests.DescribeKey;
    setBackSeconds = 1000;
    await signer.current();
    expect(world.kms.emulator.requests.DescribeKey).toBeGreaterThan(asked);
  });

  test("fails over when its key is disabled under it", async () => {
    const world = await startedRing();
    const signer = signerOf(world);
    const before = await signer.current();
    const { keyId } = await world.generation(1);
    await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    expect((await faultOf(before.sign("header.payload"))).code).toBe("kms_key_disabled");
    await world.run();
    world.pass(1);
    const after = await signer.current();
    expect(after.kid).toBe(await kidOfGeneration(world, 2));
    expect(await after.sign("header.payload")).toHaveLength(64);
  });

  test("stops signing when it sees its key disabled, before Sign has said so", async () => {
    const world = await startedRing();
    const signer = signerOf(world);
    await signer.current();
    const { keyId } = await world.generation(1);
    await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    world.pass(30);
    await background(signer);
    expect((await faultOf(signer.current())).code).toBe("kms_key_disabled");
  });

  test("hands out no signer while `active` points to a disabled key", async () => {
    const world = await startedRing();
    const { keyId } = await world.generation(1);
    await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    expect((await faultOf(signerOf(world).current())).code).toBe("kms_key_disabled");
  });

  test("never takes up a key that is not published", async () => {
    const world = await startedRing();
    const signer = signerOf(world);
    const kid = await currentKid(signer);
    const stranger = await world.kms.createKeyFor("ES256");
    await world.ports.kms.updateAlias("alias/sealgate/main/active", stranger);
    world.pass(60);
    expect(await currentKid(signer)).toBe(kid);
    await background(signer);
    expect(signer.status().fault?.code).toBe("ring_key_unpublished");
    world.pass(1);
    expect((await faultOf(signer.current())).code).toBe("ring_key_unpublished");
    expect((await faultOf(signerOf(world).current())).code).toBe("ring_key_unpublished");
  });

  test("takes up a key that some edges do not know yet as late as its age allows", async () => {
    const world = await startedRing();
    const signer = signerOf(world);
    const first = await currentKid(signer);
    // A move that no plan would make: to a key that has only just been published.
    const adopted = await world.kms.createKeyFor("ES256");
    await world.run({ request: { kind: "adopt" }, candidate: adopted });
    await background(signer);
    await world.ports.kms.updateAlias("alias/sealgate/main/active", adopted);
    world.pass(40);
    await background(signer);
    expect(await currentKid(signer)).toBe(first);
    world.pass(21);
    expect(await currentKid(signer)).toBe(await kidOfGeneration(world, 3));
  });

  test("signs with the first key of a new ring at once", async () => {
    const world = await startRingWorld();
    await world.run({ request: { kind: "init" } });
    expect(await currentKid(signerOf(world))).toBe(await kidOfGeneration(world, 1));
  });

  test("keeps its key when it cannot find out whether the next one is published", async () => {
    const world = await startedRing();
    const published = createTaggedPublishedKeys(world.ports.kms);
    let isDown = false;
    const flaky: PublishedKeys = {
      publishedAt: (key) => (isDown ? Promise.reject(new Error("down")) : published.publishedAt(key)),
    };
    const signer = signerOf(world, { published: flaky });
    world.pass(TURN_SECONDS - 30);
    const first = await currentKid(signer);
    isDown = true;
    world.pass(30);
    await world.run();
    await background(signer);
    expect(await currentKid(signer)).toBe(first);
    isDown = false;
    await background(signer);
    expect(await currentKid(signer)).toBe(await kidOfGeneration(world, 2));
  });

  test("shares one look among the tokens that wait for it", async () => {
    const world = await startedRing();
    let made = 0;
    const { kms } = world.ports;
    const signer = signerOf(world, {
      createSigner: (keyArn, alg) => {
        made += 1;
        return createKmsSigner({ keyId: keyArn, alg, kms, clock: world.now });
      },
    });
    const kids = await Promise.all(Array.from({ length: 20 }, () => currentKid(signer)));
    expect(new Set(kids).size).toBe(1);
    expect(made).toBe(1);
  });

  test.each([{ maxAgeSeconds: 0 }, { maxAgeSeconds: Number.NaN }, { leadSeconds: -1 }])(
    "refuses %j",
    async (changes) => {
      const world = await startRingWorld();
      expect(() => signerOf(world, changes)).toThrow(TypeError);
    },
  );
});
