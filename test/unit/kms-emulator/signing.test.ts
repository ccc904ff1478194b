import {
  createHash,
  createPublicKey,
  randomBytes,
  sign as nodeSign,
  verify as nodeVerify,
  constants,
  generateKeyPairSync,
  webcrypto,
} from "node:crypto";
import { GetPublicKeyCommand, SignCommand, VerifyCommand } from "@aws-sdk/client-kms";
import type { KeySpec, KMSClient, MessageType, SigningAlgorithmSpec } from "@aws-sdk/client-kms";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { signEcdsaDigest, verifyEcdsaDigest } from "../../../issuer/kms-emulator/ecdsa.ts";
import { verifyPssDigest } from "../../../issuer/kms-emulator/rsa.ts";
import { createKey, expectRefusal, setUp } from "./support.ts";

type Hash = "sha256" | "sha384" | "sha512";

interface Case {
  readonly spec: KeySpec;
  readonly algorithm: SigningAlgorithmSpec;
  readonly hash: Hash;
  /** WebCrypto's import and verify parameters; null where it knows no such curve. */
  readonly webCrypto: {
    readonly import: object;
    readonly verify: { name: string; hash?: string; saltLength?: number };
  } | null;
  /** Length of r and of s for ECDSA. */
  readonly coordinateBytes?: number;
}

const HASHES = [
  ["sha256", "256", 32],
  ["sha384", "384", 48],
  ["sha512", "512", 64],
] as const;

function rsaCases(spec: KeySpec): Case[] {
  return HASHES.flatMap<Case>(([hash, bits, bytes]) => {
    const name = `SHA-${bits}`;
    return [
      {
        spec,
        algorithm: `RSASSA_PKCS1_V1_5_SHA_${bits}`,
        hash,
        webCrypto: { import: { name: "RSASSA-PKCS1-v1_5", hash: name }, verify: { name: "RSASSA-PKCS1-v1_5" } },
      },
      {
        spec,
        algorithm: `RSASSA_PSS_SHA_${bits}`,
        hash,
        webCrypto: { import: { name: "RSA-PSS", hash: name }, verify: { name: "RSA-PSS", saltLength: bytes } },
      },
    ];
  });
}

function ecCase(spec: KeySpec, namedCurve: string | null, bits: "256" | "384" | "512", coordinateBytes: number): Case {
  const verify = { name: "ECDSA", hash: `SHA-${bits}` };
  return {
    spec,
    algorithm: `ECDSA_SHA_${bits}`,
    hash: `sha${bits}`,
    coordinateBytes,
    webCrypto: namedCurve === null ? null : { import: { name: "ECDSA", namedCurve }, verify },
  };
}

const CASES: readonly Case[] = [
  ...rsaCases("RSA_2048"),
  ...rsaCases("RSA_3072"),
  ...rsaCases("RSA_4096"),
  ecCase("ECC_NIST_P256", "P-256", "256", 32),
  ecCase("ECC_NIST_P384", "P-384", "384", 48),
  ecCase("ECC_NIST_P521", "P-521", "512", 66),
  ecCase("ECC_SECG_P256K1", null, "256", 32),
];

async function publicKeyOf(client: KMSClient, keyId: string): Promise<Buffer> {
  const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }));
  return Buffer.from(PublicKey ?? []);
}

function verifiesInNode(spki: Buffer, { algorithm, hash }: Case, message: Buffer, signature: Buffer): boolean {
  const key = createPublicKey({ key: spki, format: "der", type: "spki" });
  if (!algorithm.startsWith("RSASSA_PSS")) return nodeVerify(hash, message, key, signature);
  // An exact salt length: OpenSSL then refuses any other.
  const saltLength = createHash(hash).digest().length;
  return nodeVerify(hash, message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
}

async function verifiesInWebCrypto(spki: Buffer, oneCase: Case, message: Buffer, signature: Buffer): Promise<boolean> {
  const { webCrypto, coordinateBytes } = oneCase;
  if (webCrypto === null) return true;
  const key = await webcrypto.subtle.importKey("spki", spki, { name: "", ...webCrypto.import }, false, ["verify"]);
  const wire = coordinateBytes === undefined ? signature : plainOf(signature, coordinateBytes);
  return webcrypto.subtle.verify(webCrypto.verify, key, wire, message);
}

/** DER to r‖s, read independently of the emulator's own code. */
function plainOf(der: Buffer, coordinateBytes: number): Buffer {
  const start = der[1] === 0x81 ? 3 : 2;
  const rLength = der[start + 1] ?? 0;
  const r = der.subarray(start + 2, start + 2 + rLength);
  const s = der.subarray(start + 4 + rLength);
  const pad = (bytes: Buffer): Buffer => {
    const significant = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
    return Buffer.concat([Buffer.alloc(coordinateBytes - significant.length), significant]);
  };
  return Buffer.concat([pad(r), pad(s)]);
}

async function signedBy(
  client: KMSClient,
  KeyId: string,
  SigningAlgorithm: SigningAlgorithmSpec,
  Message: Buffer,
  MessageType: MessageType | undefined,
): Promise<Buffer> {
  const answer = await client.send(
    new SignCommand({ KeyId, SigningAlgorithm, Message, ...(MessageType === undefined ? {} : { MessageType }) }),
  );
  expect(answer.SigningAlgorithm).toBe(SigningAlgorithm);
  return Buffer.from(answer.Signature ?? []);
}

describe("signatures are what KMS would make", () => {
  test("each algorithm of each spec verifies in node:crypto and WebCrypto, from RAW and from DIGEST", async () => {
    const { client } = await setUp();
    const keys = new Map<KeySpec, string>();
    for (const oneCase of CASES) {
      const keyId = keys.get(oneCase.spec) ?? (await createKey(client, oneCase.spec)).keyId;
      keys.set(oneCase.spec, keyId);
      const spki = await publicKeyOf(client, keyId);
      const message = randomBytes(300);
      const digest = createHash(oneCase.hash).update(message).digest();
      for (const [type, bytes] of [
        ["RAW", message],
        ["DIGEST", digest],
        [undefined, message],
      ] as const) {
        const label = `${oneCase.spec} ${oneCase.algorithm} ${type}`;
        const signature = await signedBy(client, keyId, oneCase.algorithm, bytes, type);
        expect([label, verifiesInNode(spki, oneCase, message, signature)]).toEqual([label, true]);
        expect([label, await verifiesInWebCrypto(spki, oneCase, message, signature)]).toEqual([label, true]);
        expect([label, verifiesInNode(spki, oneCase, Buffer.concat([message, Buffer.of(0)]), signature)]).toEqual([
          label,
          false,
        ]);
      }
    }
  });

  test("Ed25519 signs the message itself (RFC 8032), so the signature is the same every time", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client, "ECC_NIST_EDWARDS25519");
    const spki = await publicKeyOf(client, keyId);
    const message = randomBytes(4096);
    const signature = await signedBy(client, keyId, "ED25519_SHA_512", message, "RAW");
    expect(signature).toHaveLength(64);
    expect(nodeVerify(null, message, createPublicKey({ key: spki, format: "der", type: "spki" }), signature)).toBe(
      true,
    );
    const key = await webcrypto.subtle.importKey("spki", spki, "Ed25519", false, ["verify"]);
    expect(await webcrypto.subtle.verify("Ed25519", key, signature, message)).toBe(true);
    expect(await signedBy(client, keyId, "ED25519_SHA_512", message, "RAW")).toEqual(signature);
  });

  test("the PSS salt is as long as the hash, not longer and not shorter", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client, "RSA_2048");
    const key = createPublicKey({ key: await publicKeyOf(client, keyId), format: "der", type: "spki" });
    const message = randomBytes(50);
    for (const [hash, bits, bytes] of HASHES) {
      const algorithm = `RSASSA_PSS_SHA_${bits}` as const;
      const signature = await signedBy(client, keyId, algorithm, message, "RAW");
      for (const saltLength of [0, 20, bytes - 1, bytes, bytes + 1, 256 - bytes - 2]) {
        const options = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
        expect([`${hash} ${saltLength}`, nodeVerify(hash, message, options, signature)]).toEqual([
          `${hash} ${saltLength}`,
          saltLength === bytes,
        ]);
      }
    }
  });

  test("ECDSA signatures are DER on every curve, whatever the leading bytes of r and s", () => {
    for (const [namedCurve, hash] of [
      ["prime256v1", "sha256"],
      ["secp384r1", "sha384"],
      ["secp521r1", "sha512"],
      ["secp256k1", "sha256"],
    ] as const) {
      const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve });
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 64 }), (message) => {
          const signature = signEcdsaDigest(privateKey, createHash(hash).update(message).digest());
          return nodeVerify(hash, message, publicKey, signature);
        }),
        { numRuns: 300 },
      );
    }
  });

  test("the answer names the ARN of the key that signed, also when it was asked by alias", async () => {
    const { client } = await setUp();
    const { keyId, arn } = await createKey(client);
    const answer = await client.send(
      new SignCommand({ KeyId: keyId, SigningAlgorithm: "ECDSA_SHA_256", Message: Buffer.from("m") }),
    );
    expect(answer.KeyId).toBe(arn);
  });
});

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

  test("EXTERNAL_MU, which belongs to ML-DSA, is refused for every key that can be made", async () => {
    const { client } = await setUp();
    const { keyId } = await createKey(client);
    await expectRefusal(
      signedBy(client, keyId, "ECDSA_SHA_256", Buffer.alloc(64), "EXTERNAL_MU"),
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
    const longForm = Buffer.concat([Buffer.of(0x30, 0x81, good.length - 2), good.subarray(2)]);
    for (const Signature of [
      sequence(zero, zero),
      sequence(one, zero),
      sequence(zero, one),
      sequence(n, one),
      sequence(one, n),
      longForm,
    ]) {
      const call = client.send(
        new VerifyCommand({ KeyId: keyId, SigningAlgorithm: "ECDSA_SHA_256", Message: Buffer.from("m"), Signature }),
      );
      await expectRefusal(call, "KMSInvalidSignatureException");
    }
  });

  // The private key is needed to make these signatures, so the two cases below go past the wire.
  test("accepts ECDSA signatures that node:crypto made", () => {
    const message = randomBytes(40);
    for (const [namedCurve, hash] of [
      ["prime256v1", "sha256"],
      ["secp384r1", "sha384"],
      ["secp521r1", "sha512"],
      ["secp256k1", "sha256"],
    ] as const) {
      const { privateKey } = generateKeyPairSync("ec", { namedCurve });
      const digest = createHash(hash).update(message).digest();
      expect([namedCurve, verifyEcdsaDigest(privateKey, digest, nodeSign(hash, message, privateKey))]).toEqual([
        namedCurve,
        true,
      ]);
    }
  });

  test("refuses PSS signatures of the key with any other salt length", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const message = randomBytes(40);
    const digest = createHash("sha256").update(message).digest();
    for (const saltLength of [0, 20, 31, 32, 33, 64, 222]) {
      const options = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
      const signature = nodeSign("sha256", message, options);
      expect([`salt ${saltLength}`, verifyPssDigest(privateKey, "sha256", digest, signature)]).toEqual([
        `salt ${saltLength}`,
        saltLength === 32,
      ]);
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
