/** The adapter over the AWS SDK, call by call, against the embedded KMS: pages are joined and answers checked. */
import { createServer } from "node:http";
import { CreateKeyCommand, DeleteAliasCommand, KMSClient } from "@aws-sdk/client-kms";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createAwsKms } from "../../../../issuer/kms/aws-kms.ts";
import { startTestKms } from "../../../support/kms.ts";
import type { TestKms } from "../../../support/kms.ts";
import { given } from "../../../support/values.ts";

const START_MS = 1_800_000_000_000;

let aws: TestKms;
let nowMs: number;
beforeEach(async () => {
  nowMs = START_MS;
  aws = await startTestKms({ now: () => nowMs });
});
afterEach(() => aws.close());

const DAY_SECONDS = 86_400;

function keyIdOf(keyArn: string): string {
  return given(keyArn.split("/")[1]);
}

describe("keys", () => {
  test("are created for signing, with description and tags in one call", async () => {
    const tags = { "sealgate:ring": "main", "sealgate:generation": "7" };
    const key = await aws.kms.createKey({ keySpec: "ECC_NIST_P256", description: "ring main", tags });
    expect(key).toEqual({
      keyArn: expect.stringMatching(/^arn:aws:kms:us-east-1:111122223333:key\//),
      keySpec: "ECC_NIST_P256",
      keyUsage: "SIGN_VERIFY",
      keyState: "Enabled",
      createdAt: START_MS / 1000,
      description: "ring main",
      deletionAt: undefined,
    });
    expect(await aws.kms.describeKey(key.keyArn)).toEqual({ ...key, serverTime: START_MS / 1000 });
    expect(await aws.kms.listTags(key.keyArn)).toEqual(tags);
    expect(aws.emulator.requests).toMatchObject({ CreateKey: 1, TagResource: 0 });
  });

  test("of several Regions name the others", async () => {
    const arn = (region: string): string => `arn:aws:kms:${region}:111122223333:key/mrk-1`;
    const KeyMetadata = {
      Arn: arn("eu-west-1"),
      KeyId: "mrk-1",
      KeySpec: "ECC_NIST_P256",
      KeyUsage: "SIGN_VERIFY",
      KeyState: "Enabled",
      CreationDate: START_MS / 1000,
      MultiRegionConfiguration: {
        MultiRegionKeyType: "REPLICA",
        PrimaryKey: { Arn: arn("us-east-1"), Region: "us-east-1" },
        ReplicaKeys: [{ Arn: arn("eu-west-1"), Region: "eu-west-1" }],
      },
    };
    const server = createServer((_request, response) => void response.end(JSON.stringify({ KeyMetadata })));
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new TypeError("a server on a port has an address");
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "example-secret" };
    const client = new KMSClient({ endpoint: `http://127.0.0.1:${address.port}`, region: "eu-west-1", credentials });
    expect(await createAwsKms({ client }).describeKey("mrk-1")).toMatchObject({ relatedArns: [arn("us-east-1")] });
    client.destroy();
  });

  test("take further tags, and new values for old ones", async () => {
    const keyArn = await aws.createKeyFor("ES256");
    await aws.kms.tagKey(keyArn, { a: "1", b: "2" });
    await aws.kms.tagKey(keyArn, { b: "3" });
    expect(await aws.kms.listTags(keyArn)).toEqual({ a: "1", b: "3" });
  });

  test("are disabled, and scheduled for deletion with its date", async () => {
    const keyArn = await aws.createKeyFor("ES256");
    await aws.kms.disableKey(keyArn);
    expect(await aws.kms.describeKey(keyArn)).toMatchObject({ keyState: "Disabled", deletionAt: undefined });
    await aws.kms.scheduleKeyDeletion(keyArn, 7);
    expect(await aws.kms.describeKey(keyArn)).toMatchObject({
      keyState: "PendingDeletion",
      deletionAt: START_MS / 1000 + 7 * DAY_SECONDS,
    });
  });

  test("are listed completely, over all pages", async () => {
    const made = await Promise.all(Array.from({ length: 130 }, () => aws.createKeyFor("EdDSA")));
    const listed = await aws.kms.listKeys();
    expect([...listed].sort()).toEqual([...made].sort());
    expect(aws.emulator.requests.ListKeys).toBeGreaterThan(1);
  });

  test("give out their tags completely, over all pages", async () => {
    const keyArn = await aws.createKeyFor("ES256");
    const tags = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`tag-${index}`, `${index}`]));
    await aws.kms.tagKey(keyArn, tags);
    expect(await aws.kms.listTags(keyArn)).toEqual(tags);
  });
});

describe("aliases", () => {
  const NAME = "alias/sealgate/main/1";

  test("are created once: everybody else learns that the name is taken", async () => {
    const keys = await Promise.all([aws.createKeyFor("ES256"), aws.createKeyFor("ES256")]);
    const outcomes = await Promise.all([...keys, ...keys].map((key) => aws.kms.createAlias(NAME, key)));
    expect([...outcomes].sort()).toEqual(["created", "exists", "exists", "exists"]);
    expect(await aws.kms.createAlias(NAME, given(keys[0]))).toBe("exists");
  });

  test("that cannot be created for another reason are an error", async () => {
    await expect(aws.kms.createAlias(NAME, "nobody")).rejects.toMatchObject({ code: "kms_key_not_found" });
    const keyArn = await aws.createKeyFor("ES256");
    await expect(aws.kms.createAlias("not-an-alias", keyArn)).rejects.toMatchObject({ code: "kms_request_invalid" });
  });

  test("are listed by prefix with their target and dates", async () => {
    const [first, second] = [await aws.createKeyFor("ES256"), await aws.createKeyFor("ES256")];
    await aws.kms.createAlias(NAME, first);
    await aws.kms.createAlias("alias/sealgate/main/active", first);
    await aws.kms.createAlias("alias/sealgate/other/1", second);
    nowMs += 3_600_000;
    await aws.kms.updateAlias("alias/sealgate/main/active", second);
    const created = START_MS / 1000;
    expect([...(await aws.kms.listAliases("alias/sealgate/main/"))].sort(byName)).toEqual([
      { aliasName: NAME, targetKeyId: keyIdOf(first), createdAt: created, updatedAt: created },
      {
        aliasName: "alias/sealgate/main/active",
        targetKeyId: keyIdOf(second),
        createdAt: created,
        updatedAt: created + 3600,
      },
    ]);
  });

  test("are listed completely, over all pages", async () => {
    // KMS allows 50 aliases for one key.
    const keys = await Promise.all([1, 2, 3].map(() => aws.createKeyFor("EdDSA")));
    const names = Array.from({ length: 120 }, (_, index) => `alias/many/${index}`);
    await Promise.all(names.map((name, index) => aws.kms.createAlias(name, given(keys[index % keys.length]))));
    expect((await aws.kms.listAliases("alias/many/")).map(({ aliasName }) => aliasName).sort()).toEqual(names.sort());
    expect(aws.emulator.requests.ListAliases).toBeGreaterThan(1);
  });

  test("that are gone are not listed, and nothing is for a ring that has none", async () => {
    const keyArn = await aws.createKeyFor("ES256");
    await aws.kms.createAlias(NAME, keyArn);
    await aws.client.send(new DeleteAliasCommand({ AliasName: NAME }));
    expect(await aws.kms.listAliases("alias/sealgate/")).toEqual([]);
  });
});

function byName(left: { readonly aliasName: string }, right: { readonly aliasName: string }): number {
  return left.aliasName < right.aliasName ? -1 : 1;
}

describe("signatures", () => {
  const request = { signingAlgorithm: "ECDSA_SHA_256", messageType: "RAW", message: Uint8Array.of(1, 2, 3) } as const;

  test("are made and verified, and come with KMS's time", async () => {
    const keyArn = await aws.createKeyFor("ES256");
    const signed = await aws.kms.sign({ ...request, keyArn });
    expect(signed).toMatchObject({ keyArn, serverTime: START_MS / 1000 });
    expect(await aws.kms.verify({ ...request, keyArn, signature: signed.signature })).toBe(true);
  });

  test("that do not hold are false, not an error", async () => {
    const keyArn = await aws.createKeyFor("ES256");
    const { signature } = await aws.kms.sign({ ...request, keyArn });
    expect(await aws.kms.verify({ ...request, keyArn, message: Uint8Array.of(9), signature })).toBe(false);
    expect(await aws.kms.verify({ ...request, keyArn, signature: Uint8Array.of(1) })).toBe(false);
  });

  test("verified with another key than asked are an error", async () => {
    const keyArn = await aws.createKeyFor("ES256");
    const { signature } = await aws.kms.sign({ ...request, keyArn });
    const byId = aws.kms.verify({ ...request, keyArn: keyIdOf(keyArn), signature });
    await expect(byId).rejects.toMatchObject({ code: "kms_wrong_key" });
  });

  test("come with KMS's time through every adapter of a shared client", async () => {
    const keyArn = await aws.createKeyFor("ES256");
    const second = createAwsKms({ client: aws.client });
    nowMs += 5000;
    for (const kms of [aws.kms, second]) {
      expect((await kms.sign({ ...request, keyArn })).serverTime).toBe(START_MS / 1000 + 5);
    }
  });
});

test("a spec that sealgate has no use for is told by KMS's own name", async () => {
  const { KeyMetadata } = await aws.client.send(
    new CreateKeyCommand({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" }),
  );
  expect(await aws.kms.describeKey(given(KeyMetadata?.Arn))).toMatchObject({
    keySpec: "HMAC_256",
    keyUsage: "GENERATE_VERIFY_MAC",
  });
});
