/** The embedded KMS shows changes late when a test asks for it, as KMS's eventual consistency does. */
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetPublicKeyCommand,
  ListAliasesCommand,
  ListKeysCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  UpdateAliasCommand,
} from "@aws-sdk/client-kms";
import type { KMSClient } from "@aws-sdk/client-kms";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EventuallyVisible } from "../../../../issuer/kms-emulator/eventually-visible.ts";
import { createKey, expectRefusal, setUp } from "./support.ts";

const ALIAS = "alias/sealgate/main/active";

async function signer(client: KMSClient, KeyId: string): Promise<string | undefined> {
  const request = { KeyId, SigningAlgorithm: "ECDSA_SHA_256", Message: Buffer.from("m") } as const;
  return (await client.send(new SignCommand(request))).KeyId;
}

async function listed(client: KMSClient): Promise<(string | undefined)[]> {
  const { Aliases } = await client.send(new ListAliasesCommand({}));
  return (Aliases ?? []).map(({ TargetKeyId }) => TargetKeyId);
}

async function stateOf(client: KMSClient, KeyId: string): Promise<string | undefined> {
  return (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata?.KeyState;
}

describe("alias changes are seen late", () => {
  test("a new alias is not found until the delay is over, but its name is taken at once", async () => {
    const { kms, client, clock } = await setUp();
    const [first, second] = [await createKey(client), await createKey(client)];
    kms.faults.aliasVisibilityDelayMs = 60_000;
    await client.send(new CreateAliasCommand({ AliasName: ALIAS, TargetKeyId: first.keyId }));
    const again = client.send(new CreateAliasCommand({ AliasName: ALIAS, TargetKeyId: second.keyId }));
    await expectRefusal(again, "AlreadyExistsException");
    clock.ms += 59_999;
    await expectRefusal(signer(client, ALIAS), "NotFoundException");
    expect(await listed(client)).toEqual([]);
    clock.ms += 1;
    expect(await signer(client, ALIAS)).toBe(first.arn);
    expect(await listed(client)).toEqual([first.keyId]);
  });

  test("a moved alias signs with its old key until the delay is over", async () => {
    const { kms, client, clock } = await setUp();
    const [first, second] = [await createKey(client), await createKey(client)];
    await client.send(new CreateAliasCommand({ AliasName: ALIAS, TargetKeyId: first.keyId }));
    kms.faults.aliasVisibilityDelayMs = 300_000;
    await client.send(new UpdateAliasCommand({ AliasName: ALIAS, TargetKeyId: second.keyId }));
    clock.ms += 299_999;
    expect(await signer(client, ALIAS)).toBe(first.arn);
    expect(await listed(client)).toEqual([first.keyId]);
    expect((await client.send(new GetPublicKeyCommand({ KeyId: ALIAS }))).KeyId).toBe(first.arn);
    clock.ms += 1;
    expect(await signer(client, ALIAS)).toBe(second.arn);
    expect(await listed(client)).toEqual([second.keyId]);
  });

  test("a deleted alias still works until the delay is over, while its name is free at once", async () => {
    const { kms, client, clock } = await setUp();
    const [first, second] = [await createKey(client), await createKey(client)];
    await client.send(new CreateAliasCommand({ AliasName: ALIAS, TargetKeyId: first.keyId }));
    kms.faults.aliasVisibilityDelayMs = 10_000;
    await client.send(new DeleteAliasCommand({ AliasName: ALIAS }));
    await expectRefusal(client.send(new DeleteAliasCommand({ AliasName: ALIAS })), "NotFoundException");
    expect(await signer(client, ALIAS)).toBe(first.arn);
    clock.ms += 5_000;
    await client.send(new CreateAliasCommand({ AliasName: ALIAS, TargetKeyId: second.keyId }));
    expect(await signer(client, ALIAS)).toBe(first.arn);
    clock.ms += 5_000;
    await expectRefusal(signer(client, ALIAS), "NotFoundException");
    clock.ms += 5_000;
    expect(await signer(client, ALIAS)).toBe(second.arn);
  });
});

describe("changes of a key's state are seen late", () => {
  test("a disabled key signs and is described as enabled until the delay is over", async () => {
    const { kms, client, clock } = await setUp();
    const { keyId, arn } = await createKey(client);
    kms.faults.keyStateVisibilityDelayMs = 120_000;
    await client.send(new DisableKeyCommand({ KeyId: keyId }));
    clock.ms += 119_999;
    expect(await signer(client, keyId)).toBe(arn);
    expect(await stateOf(client, keyId)).toBe("Enabled");
    clock.ms += 1;
    await expectRefusal(signer(client, keyId), "DisabledException");
    expect(await stateOf(client, keyId)).toBe("Disabled");
    await client.send(new EnableKeyCommand({ KeyId: keyId }));
    await expectRefusal(signer(client, keyId), "DisabledException");
    clock.ms += 120_000;
    expect(await signer(client, keyId)).toBe(arn);
  });

  test("a deletion scheduled and cancelled is seen late, and writes go by the true state", async () => {
    const { kms, client, clock } = await setUp();
    const { keyId, arn } = await createKey(client);
    kms.faults.keyStateVisibilityDelayMs = 1_000;
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId }));
    expect(await signer(client, keyId)).toBe(arn);
    expect((await client.send(new DescribeKeyCommand({ KeyId: keyId }))).KeyMetadata?.DeletionDate).toBeUndefined();
    await expectRefusal(client.send(new EnableKeyCommand({ KeyId: keyId })), "KMSInvalidStateException");
    clock.ms += 1_000;
    await expectRefusal(signer(client, keyId), "KMSInvalidStateException");
    await client.send(new CancelKeyDeletionCommand({ KeyId: keyId }));
    expect(await stateOf(client, keyId)).toBe("PendingDeletion");
    clock.ms += 1_000;
    expect(await stateOf(client, keyId)).toBe("Disabled");
  });

  test("a new key is not found until its delay is over", async () => {
    const { kms, client, clock } = await setUp();
    kms.faults.newKeyVisibilityDelayMs = 2_000;
    const { keyId } = await createKey(client);
    await expectRefusal(stateOf(client, keyId), "NotFoundException");
    await expectRefusal(
      client.send(new CreateAliasCommand({ AliasName: ALIAS, TargetKeyId: keyId })),
      "NotFoundException",
    );
    expect((await client.send(new ListKeysCommand({}))).Keys).toEqual([]);
    clock.ms += 2_000;
    expect(await stateOf(client, keyId)).toBe("Enabled");
    expect((await client.send(new ListKeysCommand({}))).Keys).toHaveLength(1);
  });

  test("without a delay every change is seen at once, and clear() takes the delays back", async () => {
    const { kms, client } = await setUp();
    const { keyId } = await createKey(client);
    kms.faults.keyStateVisibilityDelayMs = 1_000;
    kms.faults.aliasVisibilityDelayMs = 1_000;
    kms.faults.newKeyVisibilityDelayMs = 1_000;
    kms.faults.clear();
    await client.send(new DisableKeyCommand({ KeyId: keyId }));
    expect(await stateOf(client, keyId)).toBe("Disabled");
    await client.send(new CreateAliasCommand({ AliasName: ALIAS, TargetKeyId: keyId }));
    expect(await stateOf(client, ALIAS)).toBe("Disabled");
    expect(await stateOf(client, (await createKey(client)).keyId)).toBe("Enabled");
  });
});

test("readers never see a value older than one they have seen, and see the last one when its delay is over", () => {
  const change = fc.record({ waitMs: fc.nat(100), delayMs: fc.nat(300) });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
      let nowMs = 0;
      let newest = -1;
      const seen = (value: EventuallyVisible<number>): void => {
        const visible = value.visibleAt(nowMs) ?? -1;
        expect(visible).toBeGreaterThanOrEqual(newest);
        newest = visible;
      };
      const value = new EventuallyVisible(0, 0);
      let lastVisibleFromMs = 0;
      for (const [index, { waitMs, delayMs }] of changes.entries()) {
        nowMs += waitMs;
        seen(value);
        lastVisibleFromMs = nowMs + delayMs;
        value.set(index + 1, nowMs, lastVisibleFromMs);
        expect(value.latest).toBe(index + 1);
        seen(value);
      }
      nowMs = Math.max(nowMs, lastVisibleFromMs);
      expect(value.visibleAt(nowMs)).toBe(changes.length);
    }),
  );
});
