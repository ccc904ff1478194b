/** Aliases of the embedded KMS, through the real SDK: created once, moved, deleted, listed with their dates. */
import {
  CreateAliasCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  ListAliasesCommand,
  paginateListAliases,
  ScheduleKeyDeletionCommand,
  SignCommand,
  UpdateAliasCommand,
} from "@aws-sdk/client-kms";
import type { KMSClient } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { createKey, expectRefusal, setUp, START_MS } from "../support.ts";

const ACTIVE = "alias/sealgate/main/active";

function create(client: KMSClient, AliasName: string, TargetKeyId: string): Promise<unknown> {
  return client.send(new CreateAliasCommand({ AliasName, TargetKeyId }));
}

function update(client: KMSClient, AliasName: string, TargetKeyId: string): Promise<unknown> {
  return client.send(new UpdateAliasCommand({ AliasName, TargetKeyId }));
}

async function targetOf(client: KMSClient, alias: string): Promise<string | undefined> {
  return (await client.send(new DescribeKeyCommand({ KeyId: alias }))).KeyMetadata?.KeyId;
}

describe("an alias", () => {
  test("is created once: of many callers at the same time exactly one succeeds", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => create(client, ACTIVE, keyId)));
    const failures = outcomes.filter((outcome) => outcome.status === "rejected").map(({ reason }) => reason as unknown);
    expect(failures).toHaveLength(7);
    for (const failure of failures) expect(failure).toMatchObject({ name: "AlreadyExistsException" });
  });

  test("carries the dates of its creation and of its last move", async () => {
    const { client, clock } = await setUp();
    const [first, second] = [await createKey(client), await createKey(client)];
    await create(client, ACTIVE, first.keyId);
    const entry = { AliasName: ACTIVE, AliasArn: `arn:aws:kms:us-east-1:111122223333:${ACTIVE}` };
    const created = new Date(START_MS);
    expect((await client.send(new ListAliasesCommand({}))).Aliases).toEqual([
      { ...entry, TargetKeyId: first.keyId, CreationDate: created, LastUpdatedDate: created },
    ]);
    clock.ms += 3_600_250;
    await update(client, ACTIVE, second.arn);
    expect((await client.send(new ListAliasesCommand({}))).Aliases).toEqual([
      { ...entry, TargetKeyId: second.keyId, CreationDate: created, LastUpdatedDate: new Date(clock.ms) },
    ]);
  });

  test("moves signing to its new key, and the answer's ARN shows it", async () => {
    const { client } = await setUp();
    const [first, second] = [await createKey(client), await createKey(client, "ECC_NIST_P384")];
    await create(client, ACTIVE, first.keyId);
    const sign = async (SigningAlgorithm: "ECDSA_SHA_256" | "ECDSA_SHA_384") =>
      (await client.send(new SignCommand({ KeyId: ACTIVE, SigningAlgorithm, Message: Buffer.from("m") }))).KeyId;
    expect(await sign("ECDSA_SHA_256")).toBe(first.arn);
    await update(client, ACTIVE, second.keyId);
    expect(await sign("ECDSA_SHA_384")).toBe(second.arn);
  });

  test("moves only to a key of the same type and usage", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    await create(client, ACTIVE, keyId);
    for (const [spec, usage] of [
      ["SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"],
      ["HMAC_256", "GENERATE_VERIFY_MAC"],
      ["RSA_2048", "ENCRYPT_DECRYPT"],
      ["ECC_NIST_P256", "KEY_AGREEMENT"],
    ] as const) {
      const unfit = await createKey(client, spec, usage);
      await expectRefusal(update(client, ACTIVE, unfit.keyId), "ValidationException");
    }
    expect(await targetOf(client, ACTIVE)).toBe(keyId);
    const symmetric = await createKey(client, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    const asymmetric = await createKey(client, "RSA_2048", "ENCRYPT_DECRYPT");
    await create(client, "alias/encryption", symmetric.keyId);
    await expectRefusal(update(client, "alias/encryption", asymmetric.keyId), "ValidationException");
  });

  test("can leave a key that is pending deletion", async () => {
    const { client } = await setUp();
    const [first, second] = [await createKey(client), await createKey(client)];
    await create(client, ACTIVE, first.keyId);
    await client.send(new ScheduleKeyDeletionCommand({ KeyId: first.keyId }));
    await update(client, ACTIVE, second.keyId);
    expect(await targetOf(client, ACTIVE)).toBe(second.keyId);
  });

  test("may point at a disabled key", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    await client.send(new DisableKeyCommand({ KeyId: keyId }));
    await create(client, ACTIVE, keyId);
    expect(await targetOf(client, ACTIVE)).toBe(keyId);
  });

  test("is gone once deleted, and its name is free again with a new creation date", async () => {
    const { client, clock } = await setUp();
    const { keyId } = await createKey(client);
    await create(client, ACTIVE, keyId);
    await client.send(new DeleteAliasCommand({ AliasName: ACTIVE }));
    await expectRefusal(targetOf(client, ACTIVE), "NotFoundException");
    await expectRefusal(client.send(new DeleteAliasCommand({ AliasName: ACTIVE })), "NotFoundException");
    await expectRefusal(update(client, ACTIVE, keyId), "NotFoundException");
    clock.ms += 5_000;
    await create(client, ACTIVE, keyId);
    const { Aliases } = await client.send(new ListAliasesCommand({}));
    expect(Aliases?.[0]?.CreationDate).toEqual(new Date(clock.ms));
  });

  test("needs an existing key, named by id or ARN", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    await create(client, ACTIVE, keyId);
    for (const target of ["00000000-0000-4000-8000-000000000000", ACTIVE, "alias/none"]) {
      await expectRefusal(create(client, "alias/new", target), "NotFoundException");
    }
  });

  test.each([
    ["sealgate", "ValidationException"],
    ["alias/", "ValidationException"],
    ["alias/with space", "ValidationException"],
    ["alias/a:b", "ValidationException"],
    ["alias/ä", "ValidationException"],
    ["Alias/a", "ValidationException"],
    [`alias/${"a".repeat(251)}`, "ValidationException"],
    ["alias/aws/kms", "NotAuthorizedException"],
  ])("is refused under the name %s", async (name, error) => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    await expectRefusal(create(client, name, keyId), error);
    await expectRefusal(update(client, name, keyId), error);
    await expectRefusal(client.send(new DeleteAliasCommand({ AliasName: name })), error);
  });

  test("may have a name of 256 characters of the whole alphabet", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    const name = `alias/aA0/_-${"x".repeat(244)}`;
    await create(client, name, keyId);
    expect(await targetOf(client, name)).toBe(keyId);
  });

  test("a key has at most 50", async () => {
    const { client } = await setUp();
    const [full, other] = [await createKey(client), await createKey(client)];
    await Promise.all(Array.from({ length: 50 }, (_, index) => create(client, `alias/${index}`, full.keyId)));
    await expectRefusal(create(client, "alias/one-more", full.keyId), "LimitExceededException");
    await create(client, "alias/one-more", other.keyId);
    await expectRefusal(update(client, "alias/one-more", full.keyId), "LimitExceededException");
    await update(client, "alias/0", full.keyId);
  });
});

describe("ListAliases", () => {
  test("pages through every alias once, in the order of names, also while others come and go", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    const names = ["a", "b", "c", "d", "e", "f", "g"].map((letter) => `alias/${letter}`);
    for (const name of names) await create(client, name, keyId);
    const seen: (string | undefined)[] = [];
    for await (const page of paginateListAliases({ client, pageSize: 2 }, {})) {
      seen.push(...(page.Aliases ?? []).map(({ AliasName }) => AliasName));
      if (seen.length === 2) await client.send(new DeleteAliasCommand({ AliasName: "alias/a" }));
    }
    expect(seen).toEqual(names);
  });

  test("lists those of one key when asked", async () => {
    const { client } = await setUp();
    const [first, second] = [await createKey(client), await createKey(client)];
    await create(client, "alias/a", first.keyId);
    await create(client, "alias/b", second.keyId);
    for (const KeyId of [second.keyId, second.arn]) {
      const { Aliases } = await client.send(new ListAliasesCommand({ KeyId }));
      expect(Aliases?.map(({ AliasName }) => AliasName)).toEqual(["alias/b"]);
    }
    const unknown = client.send(new ListAliasesCommand({ KeyId: "00000000-0000-4000-8000-000000000000" }));
    await expectRefusal(unknown, "NotFoundException");
  });

  test("takes limits from 1 to 100 and only its own markers", async () => {
    const { client } = await setUp();
    for (const Limit of [0, 101])
      await expectRefusal(client.send(new ListAliasesCommand({ Limit })), "ValidationException");
    const foreign = Buffer.from("ListKeys:x").toString("base64url");
    for (const Marker of ["made-up", foreign, `${Buffer.from("ListAliases:x").toString("base64url")}=`]) {
      await expectRefusal(client.send(new ListAliasesCommand({ Marker })), "InvalidMarkerException");
    }
  });
});
