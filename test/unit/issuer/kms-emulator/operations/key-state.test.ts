/** Key states of the embedded KMS, through the real SDK: what each allows, and KMS's own errors. */
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  GetPublicKeyCommand,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAliasCommand,
  VerifyCommand,
} from "@aws-sdk/client-kms";
import type { KMSClient } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { createKey, DAY_MS, expectRefusal, setUp, START_MS } from "../support.ts";

function sign(client: KMSClient, KeyId: string): Promise<unknown> {
  return client.send(new SignCommand({ KeyId, SigningAlgorithm: "ECDSA_SHA_256", Message: Buffer.from("m") }));
}

function verify(client: KMSClient, KeyId: string): Promise<unknown> {
  const Signature = Buffer.alloc(70);
  return client.send(
    new VerifyCommand({ KeyId, SigningAlgorithm: "ECDSA_SHA_256", Message: Buffer.from("m"), Signature }),
  );
}

async function metadata(client: KMSClient, KeyId: string) {
  return (await client.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata;
}

describe("a disabled key", () => {
  test("neither signs, verifies nor shows its public key, and does so again once enabled", async () => {
    const { client } = await setUp();
    const { keyId, arn } = await createKey(client);
    await client.send(new DisableKeyCommand({ KeyId: arn }));
    expect(await metadata(client, keyId)).toMatchObject({ KeyState: "Disabled", Enabled: false });
    expect(await expectRefusal(sign(client, keyId), "DisabledException")).toBe(`${arn} is disabled.`);
    await expectRefusal(verify(client, keyId), "DisabledException");
    await expectRefusal(client.send(new GetPublicKeyCommand({ KeyId: keyId })), "DisabledException");
    await client.send(new EnableKeyCommand({ KeyId: keyId }));
    expect(await metadata(client, keyId)).toMatchObject({ KeyState: "Enabled", Enabled: true });
    await sign(client, keyId);
  });

  test("may be disabled again, tagged, aliased and scheduled for deletion", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    for (let time = 0; time < 2; time += 1) await client.send(new DisableKeyCommand({ KeyId: keyId }));
    await client.send(new TagResourceCommand({ KeyId: keyId, Tags: [{ TagKey: "a", TagValue: "" }] }));
    await client.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: keyId }));
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId }));
    expect((await metadata(client, keyId))?.KeyState).toBe("PendingDeletion");
  });
});

describe("a key pending deletion", () => {
  test("carries its deletion date, 30 days ahead unless asked otherwise", async () => {
    const { client } = await setUp();
    for (const [days, expected] of [
      [undefined, 30],
      [7, 7],
      [30, 30],
    ] as const) {
      const { keyId, arn } = await createKey(client);
      const answer = await client.send(
        new ScheduleKeyDeletionCommand({ KeyId: keyId, ...(days === undefined ? {} : { PendingWindowInDays: days }) }),
      );
      const DeletionDate = new Date(START_MS + expected * DAY_MS);
      expect(answer).toMatchObject({
        KeyId: arn,
        DeletionDate,
        KeyState: "PendingDeletion",
        PendingWindowInDays: expected,
      });
      expect(await metadata(client, keyId)).toMatchObject({
        KeyState: "PendingDeletion",
        DeletionDate,
        Enabled: false,
      });
    }
  });

  test("a waiting period outside 7 to 30 days is refused", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    for (const PendingWindowInDays of [0, 6, 31]) {
      const call = client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays }));
      await expectRefusal(call, "ValidationException");
    }
    expect((await metadata(client, keyId))?.KeyState).toBe("Enabled");
  });

  test("can only be described, listed or brought back", async () => {
    const { client } = await setUp();
    const { keyId, arn } = await createKey(client);
    const other = await createKey(client);
    await client.send(new CreateAliasCommand({ AliasName: "alias/other", TargetKeyId: other.keyId }));
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId }));
    const calls: Promise<unknown>[] = [
      sign(client, keyId),
      verify(client, keyId),
      client.send(new GetPublicKeyCommand({ KeyId: keyId })),
      client.send(new EnableKeyCommand({ KeyId: keyId })),
      client.send(new DisableKeyCommand({ KeyId: keyId })),
      client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId })),
      client.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: keyId })),
      client.send(new UpdateAliasCommand({ AliasName: "alias/other", TargetKeyId: keyId })),
      client.send(new TagResourceCommand({ KeyId: keyId, Tags: [{ TagKey: "a", TagValue: "b" }] })),
      client.send(new UntagResourceCommand({ KeyId: keyId, TagKeys: ["a"] })),
    ];
    for (const call of calls)
      expect(await expectRefusal(call, "KMSInvalidStateException")).toBe(`${arn} is pending deletion.`);
    await client.send(new ListResourceTagsCommand({ KeyId: keyId }));
    expect((await client.send(new ListKeysCommand({}))).Keys).toHaveLength(2);
  });

  test("comes back disabled when its deletion is cancelled", async () => {
    const { client } = await setUp();
    const { keyId, arn } = await createKey(client);
    const notPending = client.send(new CancelKeyDeletionCommand({ KeyId: keyId }));
    expect(await expectRefusal(notPending, "KMSInvalidStateException")).toBe(`${arn} is not pending deletion.`);
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId }));
    expect((await client.send(new CancelKeyDeletionCommand({ KeyId: keyId }))).KeyId).toBe(arn);
    const described = await metadata(client, keyId);
    expect(described?.KeyState).toBe("Disabled");
    expect(described?.DeletionDate).toBeUndefined();
    await expectRefusal(sign(client, keyId), "DisabledException");
  });

  test("is gone with its aliases when the waiting period is over, not a moment earlier", async () => {
    const { client, clock } = await setUp();
    const { keyId } = await createKey(client);
    const kept = await createKey(client);
    await client.send(new CreateAliasCommand({ AliasName: "alias/going", TargetKeyId: keyId }));
    await client.send(new CreateAliasCommand({ AliasName: "alias/staying", TargetKeyId: kept.keyId }));
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: keyId, PendingWindowInDays: 7 }));
    clock.ms = START_MS + 7 * DAY_MS - 1;
    expect((await metadata(client, "alias/going"))?.KeyId).toBe(keyId);
    clock.ms += 1;
    await expectRefusal(metadata(client, keyId), "NotFoundException");
    await expectRefusal(metadata(client, "alias/going"), "NotFoundException");
    const { Aliases } = await client.send(new ListAliasesCommand({}));
    expect(Aliases?.map(({ AliasName }) => AliasName)).toEqual(["alias/staying"]);
    await client.send(new CreateAliasCommand({ AliasName: "alias/going", TargetKeyId: kept.keyId }));
  });
});

test("changes of state take a key id or key ARN, no alias", async () => {
  const { client } = await setUp();
  const { keyId } = await createKey(client);
  await client.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: keyId }));
  for (const KeyId of ["alias/a", "arn:aws:kms:us-east-1:111122223333:alias/a"]) {
    const disabled = client.send(new DisableKeyCommand({ KeyId }));
    expect(await expectRefusal(disabled, "NotFoundException")).toBe(`Invalid keyId '${KeyId}'`);
    await expectRefusal(client.send(new EnableKeyCommand({ KeyId })), "NotFoundException");
    await expectRefusal(client.send(new ScheduleKeyDeletionCommand({ KeyId })), "NotFoundException");
    await expectRefusal(client.send(new CancelKeyDeletionCommand({ KeyId })), "NotFoundException");
  }
  expect((await metadata(client, keyId))?.KeyState).toBe("Enabled");
});
