/** RSA with every encoding of the message that an attacker may think of: RFC 8017 with knobs. */
import { decodeBase64url } from "../../../../shared/base64url.ts";
import type { TestKey } from "../../../support/key-sets.ts";
import { given } from "../../../support/values.ts";
import { privateMaterial } from "../../../support/forge.ts";
import type { SignatureOf } from "../../../support/forge.ts";
import { integerOf, octetsOf, powerModulo } from "./integers.ts";

/** Octets of the 2048-bit keys that the tests use. */
export const MODULUS_BYTES = 256;

/** DigestInfo up to the hash (RFC 8017 section 9.2, note 1). */
export const DIGEST_INFO = {
  sha1: [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14],
  sha256: [
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20,
  ],
  sha512: [
    0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40,
  ],
} as const;

/** n of a public RSA key. */
export function modulusOf(key: TestKey): bigint {
  if (key.jwk.kty !== "RSA") throw new TypeError("not an RSA key");
  return integerOf(given(decodeBase64url(key.jwk.n)));
}

/** Signs a whole encoded message of 256 octets with the private key, unpadded (RSASP1). */
export function signBlock(
  key: TestKey,
  blockOf: (input: Uint8Array<ArrayBuffer>) => Promise<readonly number[]>,
): SignatureOf {
  return async (input) => {
    const block = Uint8Array.from(await blockOf(input));
    if (block.length !== MODULUS_BYTES) throw new RangeError(`a block of ${block.length} octets`);
    const { d } = await privateMaterial(key);
    const exponent = integerOf(given(decodeBase64url(given(d))));
    return octetsOf(powerModulo(integerOf(block), exponent, modulusOf(key)), MODULUS_BYTES);
  };
}

/** Type 1 padding that fills the block: 00 01 FF … FF 00 content. */
export function padded(content: readonly number[]): number[] {
  return [0x00, 0x01, ...Array.from({ length: MODULUS_BYTES - 3 - content.length }, () => 0xff), 0x00, ...content];
}

export async function digest(hash: string, octets: Uint8Array<ArrayBuffer>): Promise<number[]> {
  return [...new Uint8Array(await crypto.subtle.digest(hash, octets))];
}

export interface PssKnobs {
  readonly hash: string;
  readonly mgfHash: string;
  readonly salt: readonly number[];
  readonly trailer: number;
}

/** EMSA-PSS-ENCODE (RFC 8017 section 9.1.1) for a modulus of 2048 bits. */
export async function encodePss(
  input: Uint8Array<ArrayBuffer>,
  { hash, mgfHash, salt, trailer }: PssKnobs,
): Promise<number[]> {
  const messageHash = await digest(hash, input);
  const h = await digest(hash, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, ...messageHash, ...salt));
  const dbLength = MODULUS_BYTES - h.length - 1;
  const db = [...Array.from({ length: dbLength - salt.length - 1 }, () => 0), 0x01, ...salt];
  const mask = await mgf1(mgfHash, h, dbLength);
  const masked = db.map((octet, index) => octet ^ (mask[index] ?? 0));
  masked[0] = (masked[0] ?? 0) & 0x7f;
  return [...masked, ...h, trailer];
}

async function mgf1(hash: string, seed: readonly number[], length: number): Promise<number[]> {
  const mask: number[] = [];
  for (let counter = 0; mask.length < length; counter += 1) {
    mask.push(...(await digest(hash, Uint8Array.of(...seed, 0, 0, 0, counter))));
  }
  return mask.slice(0, length);
}
