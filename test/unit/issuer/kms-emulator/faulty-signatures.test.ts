/** Signatures of a broken KMS, as the real SDK gets them: each is wrong in the one way that was asked for. */
import { createHash, createPublicKey, constants, verify as nodeVerify } from "node:crypto";
import { GetPublicKeyCommand, SignCommand } from "@aws-sdk/client-kms";
import type { KMSClient, KeySpec, SigningAlgorithmSpec } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { createKey, setUp } from "./support.ts";

const MESSAGE = Buffer.from("header.payload");

async function sign(client: KMSClient, KeyId: string, SigningAlgorithm: SigningAlgorithmSpec) {
  const answer = await client.send(new SignCommand({ KeyId, SigningAlgorithm, Message: MESSAGE }));
  return { keyId: answer.KeyId, signature: Buffer.from(answer.Signature ?? []) };
}

async function publicKeyOf(client: KMSClient, KeyId: string) {
  const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId }));
  return createPublicKey({ key: Buffer.from(PublicKey ?? []), format: "der", type: "spki" });
}

describe("signatures of a broken KMS", () => {
  const CASES: readonly (readonly [KeySpec, SigningAlgorithmSpec])[] = [
    ["RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"],
    ["RSA_2048", "RSASSA_PSS_SHA_256"],
    ["ECC_NIST_P256", "ECDSA_SHA_256"],
    ["ECC_NIST_EDWARDS25519", "ED25519_SHA_512"],
  ];

  function verifies(
    key: ReturnType<typeof createPublicKey>,
    algorithm: string,
    message: Buffer,
    signature: Buffer,
    saltLength = 32,
  ) {
    const hash = algorithm.startsWith("ED25519") ? null : "sha256";
    const options = algorithm.startsWith("RSASSA_PSS")
      ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
      : { key };
    return nodeVerify(hash, message, options, signature);
  }

  test.each(CASES)(
    "%s %s: each fault breaks exactly one signature, and the next one is right",
    async (spec, algorithm) => {
      const { kms, client } = await setUp();
      const { keyId, arn } = await createKey(client, spec);
      const publicKey = await publicKeyOf(client, keyId);
      const kinds = ["wrong_key", "double_hash", "garbled_signature", "wrong_salt"] as const;
      for (const kind of kinds.filter((kind) => kind !== "wrong_salt" || algorithm.startsWith("RSASSA_PSS"))) {
        kms.faults.add({ operation: "Sign", kind, times: 1 });
        const wrong = await sign(client, keyId, algorithm);
        expect([kind, wrong.keyId]).toEqual([kind, arn]);
        expect([kind, verifies(publicKey, algorithm, MESSAGE, wrong.signature)]).toEqual([kind, false]);
        const right = await sign(client, keyId, algorithm);
        expect([kind, verifies(publicKey, algorithm, MESSAGE, right.signature)]).toEqual([kind, true]);
      }
    },
  );

  test("what is wrong is what the name says", async () => {
    const { kms, client } = await setUp();
    const rsa = await createKey(client, "RSA_2048");
    const publicKey = await publicKeyOf(client, rsa.keyId);
    kms.faults.add({ operation: "Sign", kind: "wrong_salt", times: 1 });
    const longSalt = (await sign(client, rsa.keyId, "RSASSA_PSS_SHA_256")).signature;
    expect(verifies(publicKey, "RSASSA_PSS_SHA_256", MESSAGE, longSalt, 256 - 32 - 2)).toBe(true);
    const p256 = await createKey(client);
    const p256Public = await publicKeyOf(client, p256.keyId);
    kms.faults.add({ operation: "Sign", kind: "double_hash", times: 1 });
    const twice = (await sign(client, p256.keyId, "ECDSA_SHA_256")).signature;
    const digest = createHash("sha256").update(MESSAGE).digest();
    expect(verifies(p256Public, "ECDSA_SHA_256", digest, twice)).toBe(true);
    kms.faults.add({ operation: "Sign", kind: "wrong_key_id", times: 1 });
    const other = await sign(client, p256.keyId, "ECDSA_SHA_256");
    expect(other.keyId).toMatch(/^arn:aws:kms:us-east-1:111122223333:key\//);
    expect(other.keyId).not.toBe(p256.arn);
    expect(verifies(p256Public, "ECDSA_SHA_256", MESSAGE, other.signature)).toBe(true);
  });

  test("a wrong salt waits for a signature that has one", async () => {
    const { kms, client } = await setUp();
    const { keyId } = await createKey(client, "RSA_2048");
    const publicKey = await publicKeyOf(client, keyId);
    kms.faults.add({ operation: "Sign", kind: "wrong_salt", times: 1 });
    const pkcs1 = await sign(client, keyId, "RSASSA_PKCS1_V1_5_SHA_256");
    expect(verifies(publicKey, "RSASSA_PKCS1_V1_5_SHA_256", MESSAGE, pkcs1.signature)).toBe(true);
    const pss = await sign(client, keyId, "RSASSA_PSS_SHA_256");
    expect(verifies(publicKey, "RSASSA_PSS_SHA_256", MESSAGE, pss.signature)).toBe(false);
  });
});
