/** RSASSA over a digest. The private key is needed to make wrong signatures, so these cases go past the wire. */
import {
  constants,
  createHash,
  generateKeyPairSync,
  privateEncrypt,
  publicDecrypt,
  randomBytes,
  sign as nodeSign,
} from "node:crypto";
import { expect, test } from "vitest";
import { signPssDigest, verifyPssDigest } from "../../../../issuer/kms-emulator/rsa.ts";

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
