/** ECDSA over a digest: what it makes holds in node:crypto, and it accepts what node:crypto makes. */
import { createHash, generateKeyPairSync, randomBytes, sign as nodeSign, verify as nodeVerify } from "node:crypto";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { signEcdsaDigest, verifyEcdsaDigest } from "../../../../issuer/kms-emulator/ecdsa.ts";

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
