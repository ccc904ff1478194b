/**
 * RSASSA-PKCS1-v1_5 and RSASSA-PSS over a digest that is already made (RFC 8017 sections 8 and 9). node:crypto always
 * hashes what it signs, so the encodings are built here and only the RSA operation is taken from it.
 */
import { constants, createHash, createPublicKey, privateEncrypt, publicDecrypt, randomBytes } from "node:crypto";
import type { KeyObject } from "node:crypto";

export type HashName = "sha256" | "sha384" | "sha512";

export const HASH_BYTES: Readonly<Record<HashName, number>> = { sha256: 32, sha384: 48, sha512: 64 };

/** DER of DigestInfo up to the digest itself (RFC 8017 section 9.2, note 1). */
const DIGEST_INFO_PREFIX: Readonly<Record<HashName, string>> = {
  sha256: "3031300d060960864801650304020105000420",
  sha384: "3041300d060960864801650304020205000430",
  sha512: "3051300d060960864801650304020305000440",
};

/** RSASSA-PKCS1-v1_5: DigestInfo under type 1 padding. */
export function signPkcs1Digest(privateKey: KeyObject, hash: HashName, digest: Buffer): Buffer {
  const digestInfo = Buffer.concat([Buffer.from(DIGEST_INFO_PREFIX[hash], "hex"), digest]);
  return privateEncrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, digestInfo);
}

/** The scheme is deterministic and the emulator holds the private key, so the one valid signature is made and compared. */
export function verifyPkcs1Digest(privateKey: KeyObject, hash: HashName, digest: Buffer, signature: Buffer): boolean {
  return signPkcs1Digest(privateKey, hash, digest).equals(signature);
}

/**
 * RSASSA-PSS with MGF1 over the same hash (EMSA-PSS-ENCODE, RFC 8017 section 9.1.1). KMS uses a salt as long as the hash.
 * @param saltBytes length of the random salt.
 */
export function signPssDigest(privateKey: KeyObject, hash: HashName, digest: Buffer, saltBytes: number): Buffer {
  const size = encodedBytes(privateKey);
  const salt = randomBytes(saltBytes);
  const h = pssHash(hash, digest, salt);
  const maskedSize = size - h.length - 1;
  const block = Buffer.concat([Buffer.alloc(maskedSize - saltBytes - 1), Buffer.of(1), salt]);
  const masked = xor(block, mgf1(hash, h, maskedSize));
  // The encoded message is one bit shorter than the modulus, so that it is always below it.
  masked[0] = (masked[0] ?? 0) & 0x7f;
  const encoded = Buffer.concat([masked, h, Buffer.of(0xbc)]);
  return privateEncrypt({ key: privateKey, padding: constants.RSA_NO_PADDING }, encoded);
}

/** EMSA-PSS-VERIFY (RFC 8017 section 9.1.2) with a salt of exactly the length of the hash. */
export function verifyPssDigest(privateKey: KeyObject, hash: HashName, digest: Buffer, signature: Buffer): boolean {
  const encoded = rsaPublic(privateKey, signature);
  if (encoded === undefined || encoded.at(-1) !== 0xbc || ((encoded[0] ?? 0) & 0x80) !== 0) return false;
  const hashBytes = HASH_BYTES[hash];
  const maskedSize = encoded.length - hashBytes - 1;
  const h = encoded.subarray(maskedSize, -1);
  const block = xor(encoded.subarray(0, maskedSize), mgf1(hash, h, maskedSize));
  block[0] = (block[0] ?? 0) & 0x7f;
  const saltAt = maskedSize - hashBytes;
  const padding = Buffer.concat([Buffer.alloc(saltAt - 1), Buffer.of(1)]);
  if (!block.subarray(0, saltAt).equals(padding)) return false;
  return pssHash(hash, digest, block.subarray(saltAt)).equals(h);
}

/** Largest salt that fits (RFC 8017 section 9.1.1, step 3): what several other emulators use by mistake. */
export function largestPssSaltBytes(privateKey: KeyObject, hash: HashName): number {
  return encodedBytes(privateKey) - HASH_BYTES[hash] - 2;
}

/** Modulus in bytes; every spec's modulus is a whole number of bytes. */
function encodedBytes(key: KeyObject): number {
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits === undefined) throw new TypeError("not an RSA key");
  return bits / 8;
}

/** The public operation, or undefined for a signature that is not as long as the modulus, or not below it. */
function rsaPublic(privateKey: KeyObject, signature: Buffer): Buffer | undefined {
  try {
    return publicDecrypt({ key: createPublicKey(privateKey), padding: constants.RSA_NO_PADDING }, signature);
  } catch {
    return undefined;
  }
}

/** Hash of eight zero bytes, the digest and the salt. */
function pssHash(hash: HashName, digest: Buffer, salt: Buffer): Buffer {
  return createHash(hash).update(Buffer.alloc(8)).update(digest).update(salt).digest();
}

/** Mask generation function MGF1 (RFC 8017 appendix B.2.1). */
function mgf1(hash: HashName, seed: Buffer, bytes: number): Buffer {
  const blocks: Buffer[] = [];
  for (let counter = 0; counter * HASH_BYTES[hash] < bytes; counter += 1) {
    const suffix = Buffer.alloc(4);
    suffix.writeUInt32BE(counter);
    blocks.push(createHash(hash).update(seed).update(suffix).digest());
  }
  return Buffer.concat(blocks).subarray(0, bytes);
}

function xor(left: Buffer, right: Buffer): Buffer {
  return Buffer.from(left.map((byte, index) => byte ^ (right[index] ?? 0)));
}
