/** Keys that are taken away: what the next run makes of it, over the embedded KMS and the fake Cloudflare API. */
import {
  CancelKeyDeletionCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  ScheduleKeyDeletionCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { createRingMemory, reconcileRing } from "../../../../issuer/key-ring/index.ts";
import type { RingPorts } from "../../../../issuer/key-ring/index.ts";
import type { Kms } from "../../../../issuer/kms/port.ts";
import { startedRing, statesOf, stepsOf } from "../../../support/ring-world.ts";
import { given } from "../../../support/values.ts";

describe("a withdrawn key", () => {
  test("is revoked by request in one run: disabled, replaced, buried, noted", async () => {
    const world = await startedRing();
    const { tags } = await world.generation(1);
    const kid = given(tags.kid);
    const report = await world.run({ request: { kind: "revoke", kid } });
    expect(report).toMatchObject({ isConverged: true, plan: { isRequestDone: true } });
    expect(await statesOf(world)).toEqual(["2 active", "3 pending"]);
    expect((await world.document()).revoked).toMatchObject([{ kid }]);
    const revoked = await world.generation(1);
    expect([revoked.keyState, revoked.tags.revokedAt]).toEqual(["Disabled", (await world.document()).revoked[0]?.at]);
    expect((await world.run({ request: { kind: "revoke", kid } })).steps).toEqual([]);
  });

  test.each(["disabled", "scheduled for deletion"])("that anybody has %s is revoked by the next run", async (how) => {
    const world = await startedRing();
    const { keyId, tags } = await world.generation(1);
    if (how === "disabled") await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    else await world.kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId }));
    await world.run();
    expect(await statesOf(world)).toEqual(["2 active", "3 pending"]);
    expect((await world.document()).revoked).toMatchObject([{ kid: tags.kid }]);
  });

  test("stays revoked when it is enabled again, even after KV was lost", async () => {
    const world = await startedRing();
    const { keyId, tags } = await world.generation(1);
    await world.run({ request: { kind: "revoke", kid: given(tags.kid) } });
    await world.overwrite("");
    await world.kms.client.send(new EnableKeyCommand({ KeyId: keyId }));
    await world.run();
    expect(await statesOf(world)).toEqual(["2 active", "3 pending"]);
    expect((await world.document()).revoked).toMatchObject([{ kid: tags.kid }]);
    expect((await world.generation(1)).keyState).toBe("Disabled");
  });

  test("gets its tombstone although KMS throttles the rest", async () => {
    const world = await startedRing();
    const { keyId, tags } = await world.generation(1);
    await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    const stop = world.kms.emulator.faults.add({ operation: "UpdateAlias", kind: "access_denied" });
    const report = await world.run();
    expect(report.isConverged).toBe(false);
    expect(stepsOf(report)).toContain("move_active kms_access_denied");
    expect((await world.document()).revoked).toMatchObject([{ kid: tags.kid }]);
    stop();
    await world.run();
    expect(await statesOf(world)).toEqual(["2 active", "3 pending"]);
  });

  test("hands over although the document cannot be written", async () => {
    const world = await startedRing();
    const { keyId } = await world.generation(1);
    await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    world.cloudflare.script({ on: "write", times: 100, does: { kind: "answer", status: 500 } });
    const report = await world.run();
    expect(stepsOf(report)).toContain("move_active done");
    expect(report.observed.active?.generation).toBe(2);
  });

  test("that was the pending key does not shorten the time that the active key signs", async () => {
    const world = await startedRing({ rotateEverySeconds: 30 * 86_400 });
    const { keyId } = await world.generation(2);
    await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    for (const seconds of [0, 400, 5000, 86_400, 7 * 86_400]) {
      world.pass(seconds);
      await world.run();
    }
    expect(await statesOf(world)).toEqual(["1 active", "3 pending"]);
  });

  test("hands over to a pending key that every edge knows although the store cannot be asked, by the keys' tags alone", async () => {
    const world = await startedRing();
    world.pass(400);
    await world.run();
    const { keyId } = await world.generation(1);
    await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    world.cloudflare.script({ on: "read", times: 1000, does: { kind: "answer", status: 500 } });
    const report = await world.run();
    expect(report.observed.document.kind).toBe("unknown");
    expect(stepsOf(report)).toContain("move_active done");
    expect(report.observed.active?.generation).toBe(2);
  });

  test("hands back to a key that has signed twice, whose time counts from its last hand-over, by the tags alone", async () => {
    const world = await startedRing();
    const disable = async (number: number): Promise<void> => {
      await world.kms.client.send(new DisableKeyCommand({ KeyId: (await world.generation(number)).keyId }));
    };
    world.pass(5000);
    await world.run({ request: { kind: "rotate", from: 1 } });
    await world.run();
    await disable(2);
    await world.run();
    expect((await world.observe()).active?.generation).toBe(1);
    // Longer than H + G.
    for (const seconds of [400, 6000]) {
      world.pass(seconds);
      await world.run();
    }
    expect(await statesOf(world)).toEqual(["3 active", "4 pending", "1 retiring"]);
    await disable(3);
    world.cloudflare.script({ on: "read", times: 1000, does: { kind: "answer", status: 500 } });
    const report = await world.run();
    expect(report.observed.document.kind).toBe("unknown");
    expect(report.observed.active?.generation).toBe(1);
  });

  test("hands over although the root key is disabled too, by the keys' tags alone", async () => {
    const world = await startedRing();
    world.pass(400);
    await world.run();
    const root = given((await world.observe()).root);
    for (const { keyId } of [root, await world.generation(1)]) {
      await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    }
    const report = await world.run();
    expect(report.observed.document).toMatchObject({ kind: "unknown", fault: "kms_key_disabled" });
    expect(stepsOf(report)).toContain("move_active done");
    expect(report.observed.active?.generation).toBe(2);
  });

  test("is revoked although its tags were removed, by a process that has read its public key before", async () => {
    const world = await startedRing();
    const options = { policy: world.policy, memory: createRingMemory(), actor: "test" };
    await reconcileRing(world.ports, options);
    const { keyId, tags } = await world.generation(1);
    const names = ["ring", "generation", "alg", "kid", "listed", "published"].map((name) => `sealgate:${name}`);
    await world.kms.client.send(new UntagResourceCommand({ KeyId: keyId, TagKeys: names }));
    await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    await reconcileRing(world.ports, options);
    expect((await world.document()).revoked).toMatchObject([{ kid: tags.kid }]);
    expect((await world.generation(1)).tags.kid).toBe(tags.kid);
  });

  test("is noted on the key before another one takes over, and if that fails the other one takes over all the same", async () => {
    for (const isRefused of [false, true]) {
      const world = await startedRing();
      const { keyId } = await world.generation(1);
      await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
      if (isRefused) world.kms.emulator.faults.add({ operation: "TagResource", kind: "access_denied" });
      const report = await world.run();
      const tagged = isRefused ? "tag_key kms_access_denied" : "tag_key done";
      expect(stepsOf(report).slice(0, 2)).toEqual([tagged, "move_active done"]);
    }
  });

  test("stays withdrawn for the run that has acted on it, though KMS shows it enabled again", async () => {
    const world = await startedRing();
    const { keyId, keyArn, tags } = await world.generation(1);
    const publicKey = await world.ports.kms.getPublicKey(keyArn);
    await world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    world.kms.emulator.faults.add({ operation: "TagResource", kind: "access_denied" });
    let isMoved = false;
    const kms: Kms = {
      ...world.ports.kms,
      getPublicKey: async (name) => (name === keyArn ? publicKey : world.ports.kms.getPublicKey(name)),
      updateAlias: async (aliasName, target) => {
        await world.ports.kms.updateAlias(aliasName, target);
        isMoved = true;
      },
      describeKey: async (name) => {
        const key = await world.ports.kms.describeKey(name);
        return isMoved && key.keyArn === keyArn ? { ...key, keyState: "Enabled" } : key;
      },
    };
    await world.run({ ports: { kms } });
    expect((await world.document()).revoked).toMatchObject([{ kid: tags.kid }]);
  });

  test("never becomes the active one by a rotator that has observed the ring before", async () => {
    const world = await startedRing();
    const first = await world.generation(1);
    const second = await world.generation(2);
    const disable = ({ keyId }: { readonly keyId: string }): Promise<unknown> =>
      world.kms.client.send(new DisableKeyCommand({ KeyId: keyId }));
    await disable(first);
    let isMoving = false;
    const kms: Kms = {
      ...world.ports.kms,
      tagKey: async (keyArn, tags) => {
        await world.ports.kms.tagKey(keyArn, tags);
        // The next step lets the second key take over.
        isMoving = true;
      },
      updateAlias: async (aliasName, target) => {
        expect(target).not.toBe(second.keyArn);
        await world.ports.kms.updateAlias(aliasName, target);
      },
    };
    const read: RingPorts["publisher"]["read"] = async (ring) => {
      // An observation ends with the store: the key has been seen as enabled by then.
      if (isMoving) await disable(second);
      return world.ports.publisher.read(ring);
    };
    const report = await world.run({ ports: { kms, publisher: { ...world.ports.publisher, read } } });
    expect(stepsOf(report)).toContain("move_active kms_key_disabled");
    const states = (await world.observe()).generations.slice(0, 2).map(({ keyState }) => keyState);
    expect(states).toEqual(["Disabled", "Disabled"]);
  });

  test("stays revoked when its deletion is cancelled before anything could be published, and no process remembers", async () => {
    const world = await startedRing();
    world.pass(400);
    await world.run();
    const root = given((await world.observe()).root);
    const { keyId, tags } = await world.generation(1);
    await world.kms.client.send(new DisableKeyCommand({ KeyId: root.keyId }));
    await world.kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId }));
    await world.run();
    await world.kms.client.send(new CancelKeyDeletionCommand({ KeyId: keyId }));
    await world.kms.client.send(new EnableKeyCommand({ KeyId: keyId }));
    await world.run();
    expect((await world.generation(1)).keyState).toBe("Disabled");
    await world.kms.client.send(new EnableKeyCommand({ KeyId: root.keyId }));
    await world.run();
    expect((await world.document()).revoked).toMatchObject([{ kid: tags.kid }]);
    expect(await statesOf(world)).toEqual(["2 active", "3 pending"]);
  });

  test("of a scheduled deletion that was cancelled is not published again", async () => {
    const world = await startedRing();
    const { keyId } = await world.generation(2);
    await world.kms.client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId }));
    await world.run();
    await world.kms.client.send(new CancelKeyDeletionCommand({ KeyId: keyId }));
    await world.kms.client.send(new EnableKeyCommand({ KeyId: keyId }));
    await world.run();
    expect(await statesOf(world)).toEqual(["1 active", "3 pending"]);
    expect((await world.generation(2)).keyState).toBe("Disabled");
  });
});
