/**
 * Signatures as a broken KMS would make them, for the tests of those who must notice. Used only when a fault rule asks.
 */
import { createHash } from "node:crypto";
import type { KeyObject } from "node:crypto";
import type { SignatureFault } from "./faults.ts";
import { KEY_SPEC_TABLE } from "./keys.ts";
import { largestPssSaltBytes, signPssDigest } from "./rsa.ts";
import { bytesToSign, hashOf, sign } from "./sign.ts";
import type { SigningInput } from "./sign.ts";
import type { Key } from "./store.ts";

/** One impostor for each key: making an RSA key for every wrong signature would be slow. */
const impostors: WeakMap<Key, Promise<KeyObject>> = new WeakMap();

/**
 * Signs with one thing wrong. The answer still passes every check but the one on the signature itself; `wrong_key_id` leaves
 * the signature right, since what is wrong there is the answer's KeyId.
 */
export async function signWrongly(fault: SignatureFault, key: Key, input: SigningInput): Promise<Buffer> {
  const { algorithm } = input;
  const hash = hashOf(algorithm);
  switch (fault) {
    case "wrong_key":
      return sign(await impostorOf(key), input);
    case "double_hash": {
      const again = createHash(hash ?? "sha512")
        .update(bytesToSign(input))
        .digest();
      return sign(key.material, { algorithm, message: again, messageType: hash === null ? "RAW" : "DIGEST" });
    }
    case "wrong_salt": {
      if (hash === null) throw new TypeError("wrong_salt needs a PSS algorithm");
      return signPssDigest(key.material, hash, bytesToSign(input), largestPssSaltBytes(key.material, hash));
    }
    case "garbled_signature":
      return Buffer.from(sign(key.material, input).map((byte) => byte ^ 0xff));
    case "wrong_key_id":
      return sign(key.material, input);
  }
}

function impostorOf(key: Key): Promise<KeyObject> {
  const existing = impostors.get(key);
  if (existing !== undefined) return existing;
  const impostor = KEY_SPEC_TABLE[key.spec].generate();
  impostors.set(key, impostor);
  return impostor;
}
