/** Every signing algorithm of every key spec but Ed25519, with two verifiers that are not ours: node:crypto and WebCrypto. */
import { createHash, createPublicKey, constants, webcrypto, verify as nodeVerify } from "node:crypto";
import { GetPublicKeyCommand, SignCommand } from "@aws-sdk/client-kms";
import type { KeySpec, KMSClient, MessageType, SigningAlgorithmSpec } from "@aws-sdk/client-kms";
import { expect } from "vitest";

type Hash = "sha256" | "sha384" | "sha512";

export interface Case {
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

export const HASHES = [
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

export const CASES: readonly Case[] = [
  ...rsaCases("RSA_2048"),
  ...rsaCases("RSA_3072"),
  ...rsaCases("RSA_4096"),
  ecCase("ECC_NIST_P256", "P-256", "256", 32),
  ecCase("ECC_NIST_P384", "P-384", "384", 48),
  ecCase("ECC_NIST_P521", "P-521", "512", 66),
  ecCase("ECC_SECG_P256K1", null, "256", 32),
];

export async function publicKeyOf(client: KMSClient, keyId: string): Promise<Buffer> {
  const { PublicKey } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }));
  return Buffer.from(PublicKey ?? []);
}

export function verifiesInNode(spki: Buffer, { algorithm, hash }: Case, message: Buffer, signature: Buffer): boolean {
  const key = createPublicKey({ key: spki, format: "der", type: "spki" });
  if (!algorithm.startsWith("RSASSA_PSS")) return nodeVerify(hash, message, key, signature);
  // An exact salt length: OpenSSL then refuses any other.
  const saltLength = createHash(hash).digest().length;
  return nodeVerify(hash, message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }, signature);
}

export async function verifiesInWebCrypto(
  spki: Buffer,
  oneCase: Case,
  message: Buffer,
  signature: Buffer,
): Promise<boolean> {
  const { webCrypto, coordinateBytes } = oneCase;
  if (webCrypto === null) return true;
  const key = await webcrypto.subtle.importKey("spki", spki, { name: "", ...webCrypto.import }, false, ["verify"]);
  const wire = coordinateBytes === undefined ? signature : plainOf(signature, coordinateBytes);
  return webcrypto.subtle.verify(webCrypto.verify, key, wire, message);
}

/** DER to r‖s, read independently of the emulator's own code. */
export function plainOf(der: Buffer, coordinateBytes: number): Buffer {
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

export async function signedBy(
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
