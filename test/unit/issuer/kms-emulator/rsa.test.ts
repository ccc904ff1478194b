/** RSASSA over a digest. The private key is needed to make wrong signatures, so these cases go past the wire. */
import {
  constants,
  createHash,
  generateKeyPairSync,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
  sign as nodeSign,
  verify as nodeVerify,
} from "node:crypto";
import { expect, test } from "vitest";
import {
  HASH_BYTES,
  signPkcs1Digest,
  signPssDigest,
  verifyPkcs1Digest,
  verifyPssDigest,
} from "../../../../issuer/kms-emulator/rsa.ts";

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

test("refuses a PSS encoding with a wrong trailer, padding that is not zero, or its top bit set", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const digest = randomBytes(32);
  const padding = constants.RSA_NO_PADDING;
  const good = publicDecrypt({ key: publicKey, padding }, signPssDigest(privateKey, "sha256", digest, 32));
  const signatureOf = (encoded: Buffer): Buffer => privateEncrypt({ key: privateKey, padding }, encoded);
  expect(verifyPssDigest(privateKey, "sha256", digest, signatureOf(good))).toBe(true);
  for (const [at, bit] of [
    [255, 0x01],
    [20, 0x01],
  ] as const) {
    const encoded = Buffer.from(good);
    encoded[at] = (encoded[at] ?? 0) ^ bit;
    expect([at, verifyPssDigest(privateKey, "sha256", digest, signatureOf(encoded))]).toEqual([at, false]);
  }
  // The top bit must not push the number past the modulus, or RSA itself refuses it: look for a salt that allows it.
  let withTopBit: Buffer | undefined;
  while (withTopBit === undefined) {
    const encoded = publicDecrypt({ key: publicKey, padding }, signPssDigest(privateKey, "sha256", digest, 32));
    encoded[0] = (encoded[0] ?? 0) | 0x80;
    try {
      withTopBit = signatureOf(encoded);
    } catch {
      withTopBit = undefined;
    }
  }
  expect(verifyPssDigest(privateKey, "sha256", digest, withTopBit)).toBe(false);
});

test("signatures of either scheme hold in node:crypto, and are accepted back with that digest and that hash only", () => {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const message = randomBytes(40);
  for (const [hash, other] of [
    ["sha256", "sha384"],
    ["sha384", "sha512"],
    ["sha512", "sha256"],
  ] as const) {
    const digest = createHash(hash).update(message).digest();
    const pkcs1 = signPkcs1Digest(privateKey, hash, digest);
    const pss = signPssDigest(privateKey, hash, digest, HASH_BYTES[hash]);
    const pssKey = { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: HASH_BYTES[hash] };
    expect(nodeVerify(hash, message, publicKey, pkcs1)).toBe(true);
    expect(nodeVerify(hash, message, pssKey, pss)).toBe(true);
    expect(verifyPkcs1Digest(privateKey, hash, digest, pkcs1)).toBe(true);
    expect(verifyPssDigest(privateKey, hash, digest, pss)).toBe(true);
    const otherDigest = createHash(other).update(message).digest();
    expect(verifyPkcs1Digest(privateKey, other, otherDigest, pkcs1)).toBe(false);
    expect(verifyPssDigest(privateKey, other, otherDigest, pss)).toBe(false);
    expect(verifyPkcs1Digest(privateKey, hash, digest, pkcs1.subarray(1))).toBe(false);
    expect(verifyPssDigest(privateKey, hash, digest, pss.subarray(1))).toBe(false);
  }
});
