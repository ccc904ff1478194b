/**
 * RSA keys that follow from a number, so that one seed gives one history: primes are searched from a hash of it (which would
 * give the private key away). Signatures are real ones, over a digest, as KMS makes them.
 */
import { checkPrimeSync, createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { signPkcs1Digest, signPssDigest } from "../../issuer/kms-emulator/rsa.ts";
import type { HashName } from "../../issuer/kms-emulator/rsa.ts";

export interface CheapRsaKey {
  /** `n` of the public JWK. */
  readonly x: string;
  readonly spki: Uint8Array;
  sign(digest: Uint8Array, signingAlgorithm?: string): Uint8Array;
}

const EXPONENT = 65_537n;
const PRIME_BITS = 1024n;

const HASH_BYTES: Readonly<Record<string, readonly [hash: HashName, bytes: number]>> = {
  "256": ["sha256", 32],
  "384": ["sha384", 48],
  "512": ["sha512", 64],
};

export function rsaKey(id: string): CheapRsaKey {
  const [p, q] = [primeFrom(`${id}/p`), primeFrom(`${id}/q`)];
  const d = inverse(EXPONENT, (p - 1n) * (q - 1n));
  const jwk = {
    kty: "RSA",
    n: encode(p * q),
    e: "AQAB",
    d: encode(d),
    p: encode(p),
    q: encode(q),
    dp: encode(d % (p - 1n)),
    dq: encode(d % (q - 1n)),
    qi: encode(inverse(q, p)),
  };
  const privateKey = createPrivateKey({ key: jwk, format: "jwk" });
  return {
    x: jwk.n,
    spki: createPublicKey(privateKey).export({ format: "der", type: "spki" }),
    sign(digest, signingAlgorithm = "") {
      const [hash, bytes] = HASH_BYTES[signingAlgorithm.slice(-3)] ?? ["sha256", 32];
      const message = Buffer.from(digest);
      return signingAlgorithm.includes("PSS")
        ? signPssDigest(privateKey, hash, message, bytes)
        : signPkcs1Digest(privateKey, hash, message);
    },
  };
}

/** The first prime from a number with both top bits set, whose predecessor has no factor in common with the exponent. */
function primeFrom(id: string): bigint {
  const octets = [0, 1].map((part) => createHash("sha512").update(`${id}/${part}`).digest("hex")).join("");
  const topBits = 3n << (PRIME_BITS - 2n);
  for (let candidate = BigInt(`0x${octets}`) | topBits | 1n; ; candidate += 2n) {
    if (SMALL_PRIMES.some((prime) => candidate % prime === 0n) || candidate % EXPONENT === 1n) continue;
    if (checkPrimeSync(candidate, { checks: 1 })) return candidate;
  }
}

/** The odd primes below 2000: most candidates are seen to be none by them. */
const SMALL_PRIMES: readonly bigint[] = Array.from({ length: 999 }, (_, index) => 2 * index + 3)
  .filter((number) => checkPrimeSync(BigInt(number)))
  .map(BigInt);

/** Extended Euclid. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, s0, s1] = [modulus, value % modulus, 0n, 1n];
  while (r1 > 0n) {
    const quotient = r0 / r1;
    [r0, r1] = [r1, r0 - quotient * r1];
    [s0, s1] = [s1, s0 - quotient * s1];
  }
  return ((s0 % modulus) + modulus) % modulus;
}

function encode(value: bigint): string {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex").toString("base64url");
}
