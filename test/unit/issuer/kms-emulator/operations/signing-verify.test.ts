/** KMS's Verify in the embedded KMS: what Sign made, and nothing else. */
import { createHash, randomBytes } from "node:crypto";
import { VerifyCommand } from "@aws-sdk/client-kms";
import type { KeySpec } from "@aws-sdk/client-kms";
import { describe, expect, test } from "vitest";
import { CASES, plainOf, signedBy } from "../signing-cases.ts";
import { createKey, expectRefusal, setUp } from "../support.ts";

describe("Verify", () => {
  const verifyCases = CASES.filter(({ spec }) => spec === "RSA_2048" || spec.startsWith("ECC"));

  test("accepts what Sign made, from RAW and from DIGEST, in either combination", async () => {
    const { client } = await setUp();
    const keys = new Map<KeySpec, string>();
    for (const { spec, algorithm, hash } of verifyCases) {
      const keyId = keys.get(spec) ?? (await createKey(client, spec)).keyId;
      keys.set(spec, keyId);
      const message = randomBytes(100);
      const digest = createHash(hash).update(message).digest();
      const fromRaw = await signedBy(client, keyId, algorithm, message, "RAW");
      const fromDigest = await signedBy(client, keyId, algorithm, digest, "DIGEST");
      for (const Signature of [fromRaw, fromDigest]) {
        const base = { KeyId: keyId, SigningAlgorithm: algorithm, Signature };
        const raw = await client.send(new VerifyCommand({ ...base, Message: message }));
        expect([algorithm, raw.SignatureValid]).toEqual([algorithm, true]);
        const prehashed = await client.send(new VerifyCommand({ ...base, Message: digest, MessageType: "DIGEST" }));
        expect([algorithm, prehashed.SignatureValid]).toEqual([algorithm, true]);
      }
    }
  });

  test("refuses every single changed byte, a cut and a lengthened signature, and another message", async () => {
    const { client } = await setUp();
    const keys = new Map<KeySpec, string>();
    const message = randomBytes(100);
    for (const { spec, algorithm } of verifyCases) {
      const keyId = keys.get(spec) ?? (await createKey(client, spec)).keyId;
      keys.set(spec, keyId);
      const good = await signedBy(client, keyId, algorithm, message, "RAW");
      const changed = [0, 1, 2, 3, 4, 5, Math.floor(good.length / 2), good.length - 1].map((at) => {
        const copy = Buffer.from(good);
        copy[at] = (copy[at] ?? 0) ^ 1;
        return copy;
      });
      const bad = [
        ...changed,
        good.subarray(0, -1),
        Buffer.concat([good, Buffer.of(0)]),
        Buffer.of(0),
        Buffer.alloc(good.length),
      ];
      for (const Signature of bad) {
        const call = client.send(
          new VerifyCommand({ KeyId: keyId, SigningAlgorithm: algorithm, Message: message, Signature }),
        );
        await expectRefusal(call, "KMSInvalidSignatureException");
      }
      const otherMessage = client.send(
        new VerifyCommand({ KeyId: keyId, SigningAlgorithm: algorithm, Message: Buffer.from("x"), Signature: good }),
      );
      await expectRefusal(otherMessage, "KMSInvalidSignatureException");
    }
  });

  test("refuses ECDSA values out of range and DER spelt differently", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client, "ECC_NIST_P256");
    const order = Buffer.from("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551", "hex");
    const integer = (bytes: Buffer): Buffer => Buffer.concat([Buffer.of(2, bytes.length), bytes]);
    const sequence = (...parts: Buffer[]): Buffer => {
      const body = Buffer.concat(parts);
      return Buffer.concat([Buffer.of(0x30, body.length), body]);
    };
    const one = integer(Buffer.of(1));
    const n = integer(Buffer.concat([Buffer.of(0), order]));
    const zero = integer(Buffer.of(0));
    const good = await signedBy(client, keyId, "ECDSA_SHA_256", Buffer.from("m"), "RAW");
    // The same signature to anyone who reduces s modulo the order first.
    const [r, s] = [plainOf(good, 32).subarray(0, 32), plainOf(good, 32).subarray(32)];
    const shifted = (BigInt(`0x${s.toString("hex")}`) + BigInt(`0x${order.toString("hex")}`)).toString(16);
    const sPlusOrder = Buffer.from(shifted.padStart(66, "0"), "hex");
    const unsigned = (bytes: Buffer): Buffer => {
      const significant = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
      return (significant[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), significant]) : significant;
    };
    const aliased = sequence(integer(unsigned(r)), integer(unsigned(sPlusOrder)));
    const longForm = Buffer.concat([Buffer.of(0x30, 0x81, good.length - 2), good.subarray(2)]);
    for (const Signature of [
      sequence(zero, zero),
      sequence(one, zero),
      sequence(zero, one),
      sequence(n, one),
      sequence(one, n),
      longForm,
      aliased,
    ]) {
      const call = client.send(
        new VerifyCommand({ KeyId: keyId, SigningAlgorithm: "ECDSA_SHA_256", Message: Buffer.from("m"), Signature }),
      );
      await expectRefusal(call, "KMSInvalidSignatureException");
    }
  });

  test("follows Sign's rules for lengths and usage", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    const hmac = await createKey(client, "HMAC_256", "GENERATE_VERIFY_MAC");
    const base = { SigningAlgorithm: "ECDSA_SHA_256", Signature: Buffer.alloc(70) } as const;
    await expectRefusal(
      client.send(new VerifyCommand({ ...base, KeyId: keyId, Message: Buffer.alloc(31), MessageType: "DIGEST" })),
      "ValidationException",
    );
    await expectRefusal(
      client.send(new VerifyCommand({ ...base, KeyId: keyId, Message: Buffer.alloc(4097) })),
      "ValidationException",
    );
    await expectRefusal(
      client.send(new VerifyCommand({ ...base, KeyId: hmac.keyId, Message: Buffer.alloc(10) })),
      "InvalidKeyUsageException",
    );
  });
});
