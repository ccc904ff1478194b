/** The KMS half of an observation, over the embedded KMS. */
import { DeleteAliasCommand } from "@aws-sdk/client-kms";
import { DisableKeyCommand, TagResourceCommand } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { createRingMemory, observeRing } from "../../../../../issuer/key-ring/index.ts";
import { SealgateError } from "../../../../../issuer/errors.ts";
import type { Kms } from "../../../../../issuer/kms/port.ts";
import { instrumentPorts } from "../../../../support/instrument.ts";
import type { Around } from "../../../../support/instrument.ts";
import { faultOf } from "../../../../support/published-by.ts";
import { ringPolicy, startedRing, startRingWorld, TURN_SECONDS } from "../../../../support/ring-world.ts";
import type { RingWorld } from "../../../../support/ring-world.ts";
import { given } from "../../../../support/values.ts";

describe("the keys of a ring", () => {
  test("of an account without the ring shows nothing of anybody else's", async () => {
    const world = await startRingWorld();
    await world.kms.createKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    const key = await world.kms.createKeyFor("ES256");
    await world.ports.kms.createAlias("alias/sealgate/other/1", key);
    expect(await world.observe()).toMatchObject({
      root: undefined,
      active: undefined,
      generations: [],
      orphans: [],
      document: { kind: "missing" },
      storedText: undefined,
    });
  });

  test("tells the kid of a disabled key from its tag", async () => {
    const world = await startedRing();
    const before = await world.generation(2);
    await world.kms.client.send(new DisableKeyCommand({ KeyId: before.keyId }));
    const after = await world.generation(2);
    expect(after.publicKey).toBeUndefined();
    expect(after.tags.kid).toBe(given(before.publicKey).kid);
  });

  test("believes the key state that GetPublicKey tells, if DescribeKey is behind", async () => {
    const world = await startedRing();
    const { keyArn } = await world.generation(2);
    const around: Around = (call, run) => {
      if (call !== "getPublicKey") return run();
      return run().catch(() => Promise.reject(new SealgateError("kms_key_pending_deletion", "said by KMS")));
    };
    world.kms.emulator.faults.add({ operation: "GetPublicKey", kind: "access_denied" });
    const ports = instrumentPorts(world.ports, around);
    const { generations } = await observeRing(ports, world.policy, { memory: createRingMemory() });
    expect(generations.find((one) => one.keyArn === keyArn)?.keyState).toBe("PendingDeletion");
  });

  test("finds keys with the ring's tags and no alias, and passes over keys whose tags it may not read", async () => {
    const world = await startedRing();
    const orphan = await world.kms.createKeyFor("ES256");
    const tags = [
      { TagKey: "sealgate:ring", TagValue: "main" },
      { TagKey: "sealgate:generation", TagValue: "9" },
    ];
    await world.kms.client.send(new TagResourceCommand({ KeyId: orphan, Tags: tags }));
    const secret = await world.kms.createKeyFor("ES256");
    const around: Around = async (call, run) => {
      const value = await run();
      const isSecret = call === "listTags" && JSON.stringify(value) === "{}";
      if (isSecret) throw new SealgateError("kms_access_denied", "not yours");
      return value;
    };
    const ports = instrumentPorts(world.ports, around);
    const { orphans } = await observeRing(ports, world.policy, { memory: createRingMemory() });
    expect(orphans.map(({ keyArn }) => keyArn)).toEqual([orphan]);
    expect(orphans[0]?.keyArn).not.toBe(secret);
  });

  test("sees that a key has lost the alias of its number though `active` points to it", async () => {
    const world = await startedRing();
    const { keyArn } = await world.generation(1);
    await world.kms.client.send(new DeleteAliasCommand({ AliasName: "alias/sealgate/main/1" }));
    const { orphans, active } = await observeRing(world.ports, world.policy, { memory: createRingMemory() });
    expect(active).toMatchObject({ generation: undefined });
    expect(orphans.map((orphan) => orphan.keyArn)).toEqual([keyArn]);
  });

  test("reads the tags of foreign keys once an hour, and public keys once", async () => {
    const world = await startedRing();
    await world.kms.createKeyFor("ES256");
    const memory = createRingMemory();
    const { requests } = world.kms.emulator;
    const observe = async (): Promise<readonly number[]> => {
      const before = [requests.ListResourceTags, requests.GetPublicKey];
      await observeRing(world.ports, world.policy, { memory });
      return [requests.ListResourceTags - (before[0] ?? 0), requests.GetPublicKey - (before[1] ?? 0)];
    };
    // Root key and two generations, and the foreign key.
    expect(await observe()).toEqual([4, 3]);
    expect(await observe()).toEqual([3, 0]);
    world.pass(3600);
    expect(await observe()).toEqual([4, 0]);
  });

  test("looks again at a key that is too new to show its tags, and does not take it for a foreign one", async () => {
    const world = await startedRing();
    const keyArn = await world.kms.createKeyFor("ES256");
    await world.ports.kms.tagKey(keyArn, { "sealgate:ring": "main", "sealgate:generation": "9" });
    const memory = createRingMemory();
    let isVisible = false;
    const kms: typeof world.ports.kms = {
      ...world.ports.kms,
      listTags: async (keyId) => {
        if (keyId === keyArn && !isVisible) throw new SealgateError("kms_key_not_found", "not yet");
        return world.ports.kms.listTags(keyId);
      },
    };
    const orphans = async (): Promise<readonly string[]> =>
      (await observeRing({ ...world.ports, kms }, world.policy, { memory })).orphans.map((orphan) => orphan.keyArn);
    expect(await orphans()).toEqual([]);
    isVisible = true;
    expect(await orphans()).toEqual([keyArn]);
  });

  test.each(["kms_access_denied", "kms_key_not_found", "kms_internal"] as const)(
    "fails when the tags of a key of the ring cannot be read, rather than to guess its algorithm: %s",
    async (code) => {
      const world = await startedRing();
      world.pass(600);
      const { keyArn } = await world.generation(1);
      const listTags: Kms["listTags"] = async (keyId) => {
        if (keyId === keyArn) throw new SealgateError(code, "no");
        return world.ports.kms.listTags(keyId);
      };
      const fault = await faultOf(
        observeRing({ ...world.ports, kms: { ...world.ports.kms, listTags } }, world.policy, {
          memory: createRingMemory(),
        }),
      );
      expect(fault.code).toBe(code);
      expect(fault.message).toContain("kms:ListResourceTags");
    },
  );

  test("takes a new key whose tags KMS does not show yet for one that is not visible yet", async () => {
    const world = await startedRing();
    const { keyArn } = await world.generation(2);
    const listTags: Kms["listTags"] = async (keyId) => {
      if (keyId === keyArn) throw new SealgateError("kms_key_not_found", "not yet");
      return world.ports.kms.listTags(keyId);
    };
    const ports = { ...world.ports, kms: { ...world.ports.kms, listTags } };
    const { generations } = await observeRing(ports, world.policy, { memory: createRingMemory() });
    expect(generations[1]).toMatchObject({ number: 2, keyState: "NotFound", alg: undefined, publicKey: undefined });
  });

  test("does not take a key to be adopted for one without tags because KMS shows it a moment late", async () => {
    const world = await startedRing();
    const candidate = await world.kms.createKeyFor("ES256");
    await world.ports.kms.tagKey(candidate, { "sealgate:ring": "other" });
    // Nothing else is left to be done: the run that follows observes once.
    await world.run();
    let isVisible = false;
    const describeKey: Kms["describeKey"] = async (keyId) => {
      const wasVisible = isVisible || keyId !== candidate;
      isVisible ||= keyId === candidate;
      if (!wasVisible) throw new SealgateError("kms_key_not_found", "not yet");
      return world.ports.kms.describeKey(keyId);
    };
    const ports = { kms: { ...world.ports.kms, describeKey } };
    const report = await world.run({ request: { kind: "adopt" }, candidate, ports });
    expect(report.plan.refusal?.code).toBe("candidate_not_found");
    expect((await world.run({ request: { kind: "adopt" }, candidate })).plan.refusal?.code).toBe("candidate_in_use");
  });

  test("keeps the algorithm that a key was published with, whatever its tag says, and repairs the tag", async () => {
    const world = await startedRing({ alg: "RS256" });
    const { keyArn } = await world.generation(1);
    await world.ports.kms.tagKey(keyArn, { "sealgate:alg": "PS256" });
    const policy = ringPolicy({ alg: "PS256", rotateEverySeconds: TURN_SECONDS });
    world.pass(400);
    await world.run({ policy });
    expect((await world.document()).keys.map(({ jwk, state }) => `${jwk.alg} ${state}`)).toEqual([
      "RS256 active",
      "RS256 pending",
      "PS256 pending",
    ]);
    expect((await world.generation(1)).tags.alg).toBe("RS256");
  });
});

describe("a Multi-Region key that is to be adopted", () => {
  const related = "arn:aws:kms:eu-west-1:111122223333:key/mrk-1";

  /** @param other KMS of the other Region; undefined: it cannot be asked */
  async function refusalOf(other: Pick<Kms, "listTags"> | undefined): Promise<string | undefined> {
    const world = await startedRing();
    const candidate = await world.kms.createKeyFor("ES256");
    const asked: string[] = [];
    const kms: Kms = {
      ...world.ports.kms,
      describeKey: async (keyId) => {
        const key = await world.ports.kms.describeKey(keyId);
        return keyId === candidate ? { ...key, relatedArns: [related] } : key;
      },
    };
    const kmsInRegion = other && ((region: string): typeof other => (asked.push(region), other));
    const report = await world.run({ request: { kind: "adopt" }, candidate, ports: { kms, kmsInRegion } });
    expect(asked.every((region) => region === "eu-west-1")).toBe(true);
    return report.plan.refusal?.code;
  }

  test("is refused while another ring has it in its Region, or that cannot be seen", async () => {
    expect(await refusalOf({ listTags: async () => ({ "sealgate:ring": "west" }) })).toBe("candidate_in_use");
    const denied = { listTags: () => Promise.reject(new SealgateError("kms_access_denied", "not allowed")) };
    expect(await refusalOf(denied)).toBe("candidate_in_use");
    expect(await refusalOf(undefined)).toBe("candidate_in_use");
  });

  test("is taken when no ring has it elsewhere", async () => {
    expect(await refusalOf({ listTags: async () => ({}) })).toBeUndefined();
  });
});

describe("keys of the account that are not the ring's", () => {
  const FOREIGN = 5;

  interface Watched {
    readonly world: RingWorld;
    /** Of each key that is not the ring's: how often its tags were asked for by a run, of a process that remembers nothing. */
    readonly asked: () => Promise<number>;
  }

  /** Keys of other teams, whose tags the rotator may not read. */
  async function startAmongOthers(): Promise<Watched> {
    const world = await startedRing();
    for (let count = 0; count < FOREIGN; count++) await world.kms.createKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    const listTags: Kms["listTags"] = async (keyArn) => {
      const { keySpec } = await world.ports.kms.describeKey(keyArn);
      if (keySpec !== "SYMMETRIC_DEFAULT") return world.ports.kms.listTags(keyArn);
      denied += 1;
      throw new SealgateError("kms_access_denied", "not allowed");
    };
    let denied = 0;
    return {
      world,
      async asked() {
        denied = 0;
        const report = await world.run({ ports: { kms: { ...world.ports.kms, listTags } } });
        expect(report.isConverged).toBe(true);
        return denied;
      },
    };
  }

  test("are asked for their tags once, and not in each run", async () => {
    const { world, asked } = await startAmongOthers();
    expect(await asked()).toBe(FOREIGN);
    world.pass(300);
    expect(await asked()).toBe(0);
    await world.kms.createKey("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    expect(await asked()).toBe(1);
    expect(await asked()).toBe(0);
    // Once a day all the same: a key may have got the ring's tags meanwhile.
    world.pass(86_400);
    expect(await asked()).toBe(FOREIGN + 1);
    expect(await asked()).toBe(0);
  });

  test("do not hide a key that a crash has left behind: it is used before another one is created", async () => {
    const { world, asked } = await startAmongOthers();
    await asked();
    const tags = {
      "sealgate:ring": "main",
      "sealgate:generation": "3",
      "sealgate:alg": "ES256",
      "sealgate:managed": "true",
    };
    const { keyArn } = await world.ports.kms.createKey({ keySpec: "ECC_NIST_P256", description: "left behind", tags });
    world.pass(TURN_SECONDS);
    // A number is needed: a key that was adopted meanwhile, and has lost its alias, may have it.
    expect(await asked()).toBe(FOREIGN);
    expect((await world.generation(3)).keyArn).toBe(keyArn);
    expect(await asked()).toBe(0);
  });
});
