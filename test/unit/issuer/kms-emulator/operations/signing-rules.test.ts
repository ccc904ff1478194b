/** What the embedded KMS refuses to sign, as KMS does, and what it answers beside a signature. */
import { CreateAliasCommand, SignCommand } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { signedBy } from "../signing-cases.ts";
import { createKey, expectRefusal, setUp } from "../support.ts";

describe("Sign refuses what KMS refuses", () => {
  test("a RAW message may be empty and may be 4096 bytes, not more", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    const ed25519 = await createKey(client, "ECC_NIST_EDWARDS25519");
    for (const size of [0, 4096]) await signedBy(client, keyId, "ECDSA_SHA_256", Buffer.alloc(size), "RAW");
    for (const [id, algorithm] of [
      [keyId, "ECDSA_SHA_256"],
      [ed25519.keyId, "ED25519_SHA_512"],
    ] as const) {
      const message = await expectRefusal(
        signedBy(client, id, algorithm, Buffer.alloc(4097), "RAW"),
        "ValidationException",
      );
      expect(message).toContain("less than or equal to 4096");
    }
  });

  test("a DIGEST must be exactly as long as the hash", async () => {
    const { client } = await setUp();
    const rsa = await createKey(client, "RSA_2048");
    const p384 = await createKey(client, "ECC_NIST_P384");
    for (const [keyId, algorithm, right] of [
      [rsa.keyId, "RSASSA_PKCS1_V1_5_SHA_256", 32],
      [rsa.keyId, "RSASSA_PSS_SHA_384", 48],
      [rsa.keyId, "RSASSA_PSS_SHA_512", 64],
      [p384.keyId, "ECDSA_SHA_384", 48],
    ] as const) {
      for (const size of [0, 20, 31, 32, 48, 64, 65].filter((size) => size !== right)) {
        await expectRefusal(signedBy(client, keyId, algorithm, Buffer.alloc(size), "DIGEST"), "ValidationException");
      }
      await signedBy(client, keyId, algorithm, Buffer.alloc(right), "DIGEST");
    }
  });

  test("Ed25519 takes RAW only, and Ed25519ph is named as not built", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client, "ECC_NIST_EDWARDS25519");
    await expectRefusal(signedBy(client, keyId, "ED25519_SHA_512", Buffer.alloc(64), "DIGEST"), "ValidationException");
    const message = await expectRefusal(
      signedBy(client, keyId, "ED25519_PH_SHA_512", Buffer.alloc(64), "DIGEST"),
      "UnsupportedOperationException",
    );
    expect(message).toContain("not built");
  });

  test.each(["ML_DSA_SHAKE_256", "SM2DSA"] as const)("%s is named as not built", async (algorithm) => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    const refusal = signedBy(client, keyId, algorithm, Buffer.alloc(32), "RAW");
    expect(await expectRefusal(refusal, "UnsupportedOperationException")).toBe(
      `SigningAlgorithm ${algorithm} is not built in this emulator.`,
    );
  });

  test("EXTERNAL_MU, which belongs to ML-DSA, is refused for every key that can be made", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client, "ECC_NIST_P521");
    await expectRefusal(
      signedBy(client, keyId, "ECDSA_SHA_512", Buffer.alloc(64), "EXTERNAL_MU"),
      "ValidationException",
    );
  });

  test("an algorithm of another key spec, and a key of another usage", async () => {
    const { client } = await setUp();
    const digest = Buffer.alloc(32);
    const p256 = await createKey(client, "ECC_NIST_P256");
    const rsa = await createKey(client, "RSA_2048");
    await expectRefusal(signedBy(client, p256.keyId, "ECDSA_SHA_384", digest, "RAW"), "InvalidKeyUsageException");
    await expectRefusal(signedBy(client, p256.keyId, "RSASSA_PSS_SHA_256", digest, "RAW"), "InvalidKeyUsageException");
    await expectRefusal(signedBy(client, rsa.keyId, "ECDSA_SHA_256", digest, "RAW"), "InvalidKeyUsageException");
    for (const [spec, usage, algorithm] of [
      ["SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSASSA_PSS_SHA_256"],
      ["HMAC_256", "GENERATE_VERIFY_MAC", "RSASSA_PSS_SHA_256"],
      ["RSA_2048", "ENCRYPT_DECRYPT", "RSASSA_PSS_SHA_256"],
      ["ECC_NIST_P256", "KEY_AGREEMENT", "ECDSA_SHA_256"],
    ] as const) {
      const { keyId } = await createKey(client, spec, usage);
      await expectRefusal(signedBy(client, keyId, algorithm, digest, "RAW"), "InvalidKeyUsageException");
    }
  });

  test("an unknown algorithm or message type", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    const Message = Buffer.alloc(32);
    for (const names of [
      { SigningAlgorithm: "HS256", MessageType: "RAW" },
      { SigningAlgorithm: "ECDSA_SHA_256", MessageType: "raw" },
    ]) {
      // @ts-expect-error the SDK's types know better
      const command = new SignCommand({ KeyId: keyId, Message, ...names });
      await expectRefusal(client.send(command), "ValidationException");
    }
  });

  test("DryRun says that the call would have succeeded, and only then", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    const request = { KeyId: keyId, Message: Buffer.from("m"), DryRun: true };
    await expectRefusal(
      client.send(new SignCommand({ ...request, SigningAlgorithm: "ECDSA_SHA_256" })),
      "DryRunOperationException",
    );
    await expectRefusal(
      client.send(new SignCommand({ ...request, SigningAlgorithm: "ECDSA_SHA_384" })),
      "InvalidKeyUsageException",
    );
  });
});

test("the answer names the ARN of the key that signed, also when it was asked by alias", async () => {
  const { client } = await setUp();
  const { keyId, arn } = await createKey(client);
  await client.send(new CreateAliasCommand({ AliasName: "alias/a", TargetKeyId: keyId }));
  for (const KeyId of [keyId, "alias/a"]) {
    const request = { KeyId, SigningAlgorithm: "ECDSA_SHA_256", Message: Buffer.from("m") } as const;
    expect((await client.send(new SignCommand(request))).KeyId).toBe(arn);
  }
});
