/** Keys of the embedded KMS, through the real SDK: every spec, how a key is named, and how keys are listed. */
import { createPublicKey } from "node:crypto";
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  GetPublicKeyCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  paginateListKeys,
} from "@aws-sdk/client-kms";
import type { CreateKeyCommandInput, KeySpec } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { createKey, expectRefusal, setUp, START_MS } from "../support.ts";

const RSASSA = ["PKCS1_V1_5", "PSS"].flatMap((scheme) => [256, 384, 512].map((bits) => `RSASSA_${scheme}_SHA_${bits}`));

const SIGNING_SPECS: readonly (readonly [KeySpec, readonly string[], object])[] = [
  ["RSA_2048", RSASSA, { modulusLength: 2048, publicExponent: 65537n }],
  ["RSA_3072", RSASSA, { modulusLength: 3072, publicExponent: 65537n }],
  ["RSA_4096", RSASSA, { modulusLength: 4096, publicExponent: 65537n }],
  ["ECC_NIST_P256", ["ECDSA_SHA_256"], { namedCurve: "prime256v1" }],
  ["ECC_NIST_P384", ["ECDSA_SHA_384"], { namedCurve: "secp384r1" }],
  ["ECC_NIST_P521", ["ECDSA_SHA_512"], { namedCurve: "secp521r1" }],
  ["ECC_SECG_P256K1", ["ECDSA_SHA_256"], { namedCurve: "secp256k1" }],
  ["ECC_NIST_EDWARDS25519", ["ED25519_SHA_512", "ED25519_PH_SHA_512"], {}],
];

describe("CreateKey", () => {
  test.each(SIGNING_SPECS)(
    "makes a %s key that lists its algorithms and shows its public key",
    async (spec, algorithms, details) => {
      const { client, kms } = await setUp();
      const { KeyMetadata } = await client.send(
        new CreateKeyCommand({ KeySpec: spec, KeyUsage: "SIGN_VERIFY", Description: "signs tokens" }),
      );
      expect(KeyMetadata).toMatchObject({
        Arn: `arn:aws:kms:us-east-1:111122223333:key/${KeyMetadata?.KeyId}`,
        AWSAccountId: kms.accountId,
        CreationDate: new Date(START_MS),
        Description: "signs tokens",
        Enabled: true,
        KeyManager: "CUSTOMER",
        KeySpec: spec,
        KeyState: "Enabled",
        KeyUsage: "SIGN_VERIFY",
        MultiRegion: false,
        Origin: "AWS_KMS",
      });
      expect([...(KeyMetadata?.SigningAlgorithms ?? [])].sort()).toEqual([...algorithms].sort());
      expect(KeyMetadata?.DeletionDate).toBeUndefined();
      const answer = await client.send(new GetPublicKeyCommand({ KeyId: KeyMetadata?.KeyId }));
      expect(answer).toMatchObject({ KeyId: KeyMetadata?.Arn, KeySpec: spec, KeyUsage: "SIGN_VERIFY" });
      expect(answer.SigningAlgorithms).toEqual(KeyMetadata?.SigningAlgorithms);
      const publicKey = createPublicKey({ key: Buffer.from(answer.PublicKey ?? []), format: "der", type: "spki" });
      expect(publicKey.asymmetricKeyDetails).toEqual(details);
    },
  );

  test("makes keys that cannot sign, so that their refusal can be tested", async () => {
    const { client } = await setUp();
    const standard = await client.send(new CreateKeyCommand({}));
    expect(standard.KeyMetadata).toMatchObject({
      KeySpec: "SYMMETRIC_DEFAULT",
      KeyUsage: "ENCRYPT_DECRYPT",
      EncryptionAlgorithms: ["SYMMETRIC_DEFAULT"],
    });
    expect(standard.KeyMetadata?.SigningAlgorithms).toBeUndefined();
    const hmac = await client.send(new CreateKeyCommand({ KeySpec: "HMAC_256", KeyUsage: "GENERATE_VERIFY_MAC" }));
    expect(hmac.KeyMetadata?.MacAlgorithms).toEqual(["HMAC_SHA_256"]);
    const rsa = await createKey(client, "RSA_2048", "ENCRYPT_DECRYPT");
    const publicKey = await client.send(new GetPublicKeyCommand({ KeyId: rsa.keyId }));
    expect(publicKey).toMatchObject({ KeyUsage: "ENCRYPT_DECRYPT" });
    expect(publicKey.SigningAlgorithms).toBeUndefined();
    for (const keyId of [standard.KeyMetadata?.KeyId, hmac.KeyMetadata?.KeyId]) {
      await expectRefusal(client.send(new GetPublicKeyCommand({ KeyId: keyId })), "UnsupportedOperationException");
    }
  });

  test("never makes the same key twice", async () => {
    const { client } = await setUp();
    const [first, second] = [await createKey(client), await createKey(client)];
    expect(first.keyId).not.toBe(second.keyId);
    const spki = async (KeyId: string) => (await client.send(new GetPublicKeyCommand({ KeyId }))).PublicKey;
    expect(await spki(first.keyId)).not.toEqual(await spki(second.keyId));
  });

  test.each<readonly [string, CreateKeyCommandInput, string]>([
    ["no usage for an asymmetric key", { KeySpec: "RSA_2048" }, "ValidationException"],
    ["encryption with an EC key", { KeySpec: "ECC_NIST_P256", KeyUsage: "ENCRYPT_DECRYPT" }, "ValidationException"],
    ["signing with a symmetric key", { KeyUsage: "SIGN_VERIFY" }, "ValidationException"],
    ["signing with an HMAC key", { KeySpec: "HMAC_256", KeyUsage: "SIGN_VERIFY" }, "ValidationException"],
    ["key agreement on secp256k1", { KeySpec: "ECC_SECG_P256K1", KeyUsage: "KEY_AGREEMENT" }, "ValidationException"],
    // @ts-expect-error the SDK's types know better
    ["an unknown spec", { KeySpec: "RSA_1024", KeyUsage: "SIGN_VERIFY" }, "ValidationException"],
    // @ts-expect-error the SDK's types know better
    ["an unknown usage", { KeySpec: "RSA_2048", KeyUsage: "SIGN" }, "ValidationException"],
    ["a spec that is not built", { KeySpec: "ML_DSA_65", KeyUsage: "SIGN_VERIFY" }, "UnsupportedOperationException"],
    ["SM2", { KeySpec: "SM2", KeyUsage: "SIGN_VERIFY" }, "UnsupportedOperationException"],
    ["encapsulation", { KeySpec: "ML_KEM_768", KeyUsage: "ENCAPSULATE_DECAPSULATE" }, "UnsupportedOperationException"],
    ["it with RSA", { KeySpec: "RSA_2048", KeyUsage: "ENCAPSULATE_DECAPSULATE" }, "UnsupportedOperationException"],
    ["imported material", { Origin: "EXTERNAL" }, "UnsupportedOperationException"],
    ["a multi-Region key", { MultiRegion: true }, "UnsupportedOperationException"],
    ["a custom key store", { CustomKeyStoreId: "cks-1" }, "UnsupportedOperationException"],
  ])("refuses %s", async (_case, input, error) => {
    const { client } = await setUp();
    const message = await expectRefusal(client.send(new CreateKeyCommand(input)), error);
    expect(message.includes("not built")).toBe(error === "UnsupportedOperationException");
    expect((await client.send(new ListKeysCommand({}))).Keys).toEqual([]);
  });

  test("carries tags from the start", async () => {
    const { client } = await setUp();
    const Tags = [
      { TagKey: "sealgate:generation", TagValue: "1" },
      { TagKey: "sealgate:ring", TagValue: "main" },
    ];
    const { KeyMetadata } = await client.send(
      new CreateKeyCommand({ KeySpec: "ECC_NIST_P256", KeyUsage: "SIGN_VERIFY", Tags }),
    );
    const listed = await client.send(new ListResourceTagsCommand({ KeyId: KeyMetadata?.KeyId }));
    expect(listed.Tags).toEqual(Tags);
  });

  test("does not stop the server while an RSA key is searched for", async () => {
    const order: string[] = [];
    const { client } = await setUp({ onRequest: ({ operation }) => order.push(operation ?? "none") });
    const { keyId } = await createKey(client);
    order.length = 0;
    const slow = createKey(client, "RSA_4096");
    await client.send(new DescribeKeyCommand({ KeyId: keyId }));
    await slow;
    expect(order).toEqual(["DescribeKey", "CreateKey"]);
  });
});

describe("a key is found", () => {
  test("by key id, key ARN, alias name and alias ARN where KMS takes all four", async () => {
    const { client, kms } = await setUp({ region: "eu-central-1", accountId: "444455556666" });
    const { keyId, arn } = await createKey(client);
    await client.send(new CreateAliasCommand({ AliasName: "alias/tokens", TargetKeyId: arn }));
    expect(arn).toBe(`arn:aws:kms:${kms.region}:${kms.accountId}:key/${keyId}`);
    for (const KeyId of [keyId, arn, "alias/tokens", "arn:aws:kms:eu-central-1:444455556666:alias/tokens"]) {
      const { KeyMetadata } = await client.send(new DescribeKeyCommand({ KeyId }));
      expect([KeyId, KeyMetadata?.Arn]).toEqual([KeyId, arn]);
      expect([KeyId, (await client.send(new GetPublicKeyCommand({ KeyId }))).KeyId]).toEqual([KeyId, arn]);
    }
  });

  test.each([
    ["00000000-0000-4000-8000-000000000000", "NotFoundException"],
    ["alias/none", "NotFoundException"],
    ["not-a-key", "NotFoundException"],
    ["arn:aws:kms:us-east-1:111122223333:grant/1", "InvalidArnException"],
    ["arn:aws:s3:::bucket", "InvalidArnException"],
  ])("and not otherwise: %s", async (KeyId, error) => {
    const { client } = await setUp();
    await expectRefusal(client.send(new DescribeKeyCommand({ KeyId })), error);
  });
});

test("a key is not found under the ARN of another Region or account", async () => {
  const { client } = await setUp();
  const { keyId } = await createKey(client);
  for (const place of ["eu-west-1:111122223333", "us-east-1:999999999999"]) {
    const call = client.send(new DescribeKeyCommand({ KeyId: `arn:aws:kms:${place}:key/${keyId}` }));
    expect(await expectRefusal(call, "NotFoundException")).toContain("Invalid arn");
  }
});

describe("ListKeys", () => {
  test("pages through every key once, also while keys are added", async () => {
    const { client } = await setUp();
    const created = new Set<string>();
    for (let count = 0; count < 7; count += 1) created.add((await createKey(client)).keyId);
    const seen: string[] = [];
    const sizes: number[] = [];
    for await (const page of paginateListKeys({ client, pageSize: 3 }, {})) {
      sizes.push(page.Keys?.length ?? 0);
      for (const { KeyId, KeyArn } of page.Keys ?? []) {
        expect(KeyArn?.endsWith(`:key/${KeyId}`)).toBe(true);
        seen.push(KeyId ?? "");
      }
      await createKey(client, "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT");
    }
    expect(sizes[0]).toBe(3);
    expect(new Set(seen).size).toBe(seen.length);
    for (const keyId of created) expect(seen).toContain(keyId);
  });

  test("says whether there is more, and takes only its own markers and limits from 1 to 1000", async () => {
    const { client } = await setUp();
    await createKey(client);
    await createKey(client);
    const first = await client.send(new ListKeysCommand({ Limit: 1 }));
    expect(first).toMatchObject({ Truncated: true, NextMarker: expect.any(String) });
    const last = await client.send(new ListKeysCommand({ Limit: 1, Marker: first.NextMarker }));
    expect(last.Truncated).toBe(false);
    expect(last.NextMarker).toBeUndefined();
    await expectRefusal(client.send(new ListKeysCommand({ Marker: "made-up" })), "InvalidMarkerException");
    await expectRefusal(client.send(new ListKeysCommand({ Limit: 0 })), "ValidationException");
    await expectRefusal(client.send(new ListKeysCommand({ Limit: 1001 })), "ValidationException");
  });
});
