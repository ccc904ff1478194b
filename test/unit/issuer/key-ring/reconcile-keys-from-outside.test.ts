/** Adopted keys and the change of the root key, over the embedded KMS and the fake Cloudflare API. */
import { DeleteAliasCommand, ScheduleKeyDeletionCommand, UntagResourceCommand } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { SealgateError } from "../../../../issuer/errors.ts";
import { createRingMemory, reconcileRing, rootAnchorsOf } from "../../../../issuer/key-ring/index.ts";
import type { ReconcileOptions } from "../../../../issuer/key-ring/index.ts";
import type { Kms } from "../../../../issuer/kms/port.ts";
import { importTrustAnchors, openKeySet } from "../../../../shared/signed-key-set.ts";
import { TEST_ISSUER, TEST_RING, makeRoot, signKeySet } from "../../../support/key-sets.ts";
import { startedRing, startRingWorld, statesOf, TURN_SECONDS } from "../../../support/ring-world.ts";
import { given, valueOf } from "../../../support/values.ts";

test("a root key that another tool has made and named is used and tagged, and no other is created", async () => {
  const world = await startRingWorld();
  const keyArn = await world.kms.createKeyFor("ES256");
  await world.ports.kms.createAlias("alias/sealgate/main/root", keyArn);
  const report = await world.run({ request: { kind: "init" } });
  expect(report).toMatchObject({ isConverged: true, plan: { isRequestDone: true, problems: [] } });
  expect(report.observed.root).toMatchObject({
    keyArn,
    tags: { managed: false, ring: "main", generation: "root", alg: "ES256" },
  });
  expect(await world.ports.kms.listKeys()).toHaveLength(3);
  expect(await statesOf(world)).toEqual(["1 active", "2 pending"]);
});

describe("an adopted key", () => {
  test("becomes a generation, is tagged, published, and takes its turn", async () => {
    const world = await startedRing();
    const keyArn = await world.kms.createKeyFor("ES256");
    const report = await world.run({ request: { kind: "adopt" }, candidate: keyArn });
    expect(report).toMatchObject({ isConverged: true, plan: { isRequestDone: true } });
    expect(await statesOf(world)).toEqual(["1 active", "2 pending", "3 pending"]);
    const adopted = await world.generation(3);
    expect(adopted).toMatchObject({ keyArn, tags: { managed: false, ring: "main", generation: "3", alg: "ES256" } });
    expect((await world.run({ request: { kind: "adopt" }, candidate: keyArn })).steps).toEqual([]);
  });

  test("can be the first generation of a ring", async () => {
    const world = await startRingWorld();
    const keyArn = await world.kms.createKeyFor("ES256");
    await world.run({ request: { kind: "init" }, candidate: keyArn });
    expect(await world.generation(1)).toMatchObject({ keyArn });
    expect(await statesOf(world)).toEqual(["1 active", "2 pending"]);
  });

  test("with no more than its alias and without tags is used: the tags are repaired", async () => {
    const world = await startedRing();
    const keyArn = await world.kms.createKeyFor("ES256");
    await world.ports.kms.createAlias("alias/sealgate/main/3", keyArn);
    await world.run();
    expect(await statesOf(world)).toEqual(["1 active", "2 pending", "3 pending"]);
  });

  test("is tagged before it has its alias, so that another process never gives it a second number", async () => {
    const world = await startedRing();
    const candidate = await world.kms.createKeyFor("ES256");
    const createAlias: Kms["createAlias"] = async () => {
      throw new SealgateError("kms_timeout", "no answer");
    };
    const request = { kind: "adopt" } as const;
    await world.run({ request, candidate, ports: { kms: { ...world.ports.kms, createAlias } } });
    // Meanwhile the next generation was made, and has a higher number.
    const other = await world.kms.createKeyFor("ES256");
    await world.ports.kms.createAlias("alias/sealgate/main/4", other);
    await world.run({ request, candidate });
    expect((await world.generation(3)).keyArn).toBe(candidate);
  });

  test("keeps its number while KMS shows this process neither its alias nor its tags", async () => {
    const world = await startedRing();
    const { kms } = world.ports;
    const [candidate, other] = [await world.kms.createKeyFor("ES256"), await world.kms.createKeyFor("ES256")];
    const behind: Kms = {
      ...kms,
      createAlias: async (name, keyArn) => {
        const answer = await kms.createAlias(name, keyArn);
        // Another rotator makes the next generation, and that one is shown.
        await kms.createAlias("alias/sealgate/main/4", other);
        return answer;
      },
      listAliases: async (prefix) =>
        (await kms.listAliases(prefix)).filter(({ aliasName }) => !aliasName.endsWith("/3")),
      listTags: async (keyId) => (keyId === candidate ? {} : kms.listTags(keyId)),
    };
    await world.run({ request: { kind: "adopt" }, candidate, ports: { kms: behind } });
    const aliases = (await kms.listAliases("alias/")).filter(({ targetKeyId }) => candidate.endsWith(targetKeyId));
    expect(aliases.map(({ aliasName }) => aliasName)).toEqual(["alias/sealgate/main/3"]);
  });

  test.for([
    ["this process", true],
    ["the note on the root key", false],
  ] as const)("keeps its number without its alias, though %s calls it another's", async ([, remembers]) => {
    const world = await startedRing();
    const memory = createRingMemory();
    const run = (wish: Pick<ReconcileOptions, "request" | "candidate"> = {}): ReturnType<typeof reconcileRing> => {
      const { ports, policy } = world;
      return reconcileRing(ports, { policy, memory: remembers ? memory : createRingMemory(), actor: "test", ...wish });
    };
    const candidate = await world.kms.createKeyFor("ES256");
    await run();
    await run({ request: { kind: "adopt" }, candidate });
    await run({ request: { kind: "revoke", kid: given((await world.generation(2)).publicKey).kid } });
    await world.kms.client.send(new DeleteAliasCommand({ AliasName: "alias/sealgate/main/3" }));
    world.pass(600);
    await run();
    expect((await world.generation(3)).keyArn).toBe(candidate);
  });

  test("takes the next number when another key was faster", async () => {
    const world = await startedRing();
    const [first, second] = [await world.kms.createKeyFor("ES256"), await world.kms.createKeyFor("ES256")];
    const request = { kind: "adopt" } as const;
    const createAlias: Kms["createAlias"] = async (name, keyArn) => {
      await world.ports.kms.createAlias("alias/sealgate/main/3", second);
      return world.ports.kms.createAlias(name, keyArn);
    };
    await world.run({ request, candidate: first, ports: { kms: { ...world.ports.kms, createAlias } } });
    expect((await world.generation(3)).keyArn).toBe(second);
    expect((await world.generation(4)).keyArn).toBe(first);
  });

  test("is never scheduled for deletion", async () => {
    const world = await startRingWorld({ deleteAfterDays: 7, rotateEverySeconds: TURN_SECONDS });
    const keyArn = await world.kms.createKeyFor("ES256");
    await world.run({ request: { kind: "init" }, candidate: keyArn });
    world.pass(TURN_SECONDS);
    for (const seconds of [0, 4000, 400, 4500, 250]) {
      world.pass(seconds);
      await world.run();
    }
    expect((await world.generation(1)).keyState).toBe("Disabled");
  });
});

describe("the root key", () => {
  test("is changed in three steps, and an edge with both anchors accepts the document at each", async () => {
    const world = await startedRing();
    const accepted = async (): Promise<boolean> => {
      const anchors = valueOf(await importTrustAnchors(rootAnchorsOf(await world.observe()).map(({ jwk }) => jwk)));
      const rules = { anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 1 };
      return (await openKeySet(given(world.stored()), rules, world.now())).ok;
    };
    const from = given((await world.observe()).root).keyArn;
    expect((await world.run({ request: { kind: "root_prepare", from } })).plan.isRequestDone).toBe(true);
    expect(rootAnchorsOf(await world.observe()).map(({ role }) => role)).toEqual(["current", "next"]);
    world.pass(10);
    expect((await world.run({ request: { kind: "root_switch", from } })).plan.isRequestDone).toBe(true);
    const anchors = rootAnchorsOf(await world.observe());
    expect(anchors.map(({ role }) => role)).toEqual(["current", "previous"]);
    expect(await accepted()).toBe(true);
    const early = await world.run({ request: { kind: "root_retire" } });
    expect(early.plan.refusal).toMatchObject({ code: "root_still_needed" });
    world.pass(700);
    await world.run({ request: { kind: "root_retire" } });
    expect(rootAnchorsOf(await world.observe()).map(({ kid }) => kid)).toEqual([anchors[0]?.kid]);
    expect(await accepted()).toBe(true);
    expect(await statesOf(world)).toEqual(["1 active", "2 pending"]);
    // The retired root key is disabled for good: a key set by a foreign root key is replaced all the same.
    await world.overwrite(await signKeySet(await world.document(), await makeRoot()));
    expect((await world.run()).steps[0]?.step).toMatchObject({ kind: "publish", reasons: ["refused"] });
    expect(await accepted()).toBe(true);
  });

  test("that has retired leaves no copy of a key set that brings a revoked key back", async () => {
    const world = await startedRing();
    const from = given((await world.observe()).root).keyArn;
    const copy = given(world.stored());
    await world.run({ request: { kind: "root_prepare", from } });
    world.pass(10);
    await world.run({ request: { kind: "root_switch", from } });
    const kid = given((await world.generation(2)).publicKey).kid;
    await world.run({ request: { kind: "revoke", kid } });
    world.pass(700);
    await world.run({ request: { kind: "root_retire" } });
    // A process without a memory cannot check the copy: KMS shows no public key of a disabled key.
    await world.overwrite(copy);
    await world.run();
    const { keys, revoked } = await world.document();
    expect(revoked.map((tombstone) => tombstone.kid)).toEqual([kid]);
    expect(keys.map((key) => key.kid)).not.toContain(kid);
  });

  test("is never made again when its alias is gone", async () => {
    const world = await startedRing();
    await world.kms.client.send(new DeleteAliasCommand({ AliasName: "alias/sealgate/main/root" }));
    const keys = (await world.ports.kms.listKeys()).length;
    for (const request of [undefined, { kind: "init" } as const]) {
      const report = await world.run(request === undefined ? {} : { request });
      expect(report.steps).toEqual([]);
      expect(report.plan.problems).toMatchObject([{ code: "root_missing" }, { code: "document_lost" }]);
    }
    expect((await world.ports.kms.listKeys()).length).toBe(keys);
  });
});

test("the alias that was removed of the active key comes back with the next run", async () => {
  const world = await startedRing();
  const { keyArn } = await world.generation(1);
  world.pass(1000);
  await world.run();
  await world.kms.client.send(new DeleteAliasCommand({ AliasName: "alias/sealgate/main/1" }));
  const { steps, isConverged } = await world.run();
  expect(steps.map(({ step }) => step)).toContainEqual({ kind: "claim_alias", role: "generation", number: 1, keyArn });
  expect(isConverged).toBe(true);
});

describe("an RSA key whose tags were removed", () => {
  test("keeps its algorithm, also if KV and all memory are lost and the policy has another one by now", async () => {
    const world = await startedRing({ alg: "PS256" });
    const before = await world.document();
    for (const { keyArn } of (await world.observe()).generations) await removeTags(world, keyArn);
    await world.overwrite("lost");
    const policy = { ...world.policy, alg: "RS512" } as const;
    await reconcileRing(world.ports, { policy, memory: createRingMemory(), actor: "test" });
    const algs = new Map((await world.document()).keys.map(({ kid, jwk }) => [kid, jwk.alg]));
    for (const { kid } of before.keys) expect([undefined, "PS256"]).toContain(algs.get(kid));
    expect(algs.get(given(before.keys[0]).kid)).toBe("PS256");
    expect((await world.generation(1)).tags.alg).toBe("PS256");
  });
});

async function removeTags({ kms, ports }: Awaited<ReturnType<typeof startedRing>>, keyArn: string): Promise<void> {
  const TagKeys = Object.keys(await ports.kms.listTags(keyArn));
  await kms.client.send(new UntagResourceCommand({ KeyId: keyArn, TagKeys }));
}

test("a key keeps its number while it has no alias and waits for its deletion: people can cancel that", async () => {
  const world = await startedRing();
  const { keyArn } = await world.generation(2);
  await world.kms.client.send(new DeleteAliasCommand({ AliasName: "alias/sealgate/main/2" }));
  await world.kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: keyArn, PendingWindowInDays: 7 }));
  world.pass(600);
  const { observed, steps } = await world.run();
  expect(observed.generations.map(({ number }) => number)).toEqual([1, 3]);
  // KMS would refuse it its alias.
  expect(steps.filter(({ step }) => step.kind === "claim_alias")).toEqual([]);
});
