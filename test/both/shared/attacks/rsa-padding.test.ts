/** Attacks on RSA signatures: lax PKCS#1 v1.5 padding, forgeries for small exponents, and other parameters of PSS. */
import { beforeAll, describe, expect, test } from "vitest";
import { decodeBase64url } from "../../../../shared/base64url.ts";
import { calculateThumbprint } from "../../../../shared/jwk.ts";
import type { TestKey } from "../../../support/key-sets.ts";
import { makeKey } from "../../../support/key-sets.ts";
import { given } from "../../../support/values.ts";
import { GOOD_CLAIMS } from "../../../support/claims-samples.ts";
import { forge, forgeSignature, goodToken, headerFor, signWith } from "../../../support/forge.ts";
import type { SignatureOf } from "../../../support/forge.ts";
import { targetFor } from "../../../support/target.ts";
import type { Target } from "../../../support/target.ts";
import { cubeRootModuloPowerOfTwo, cubeRootUp, integerOf, octetsOf } from "./integers.ts";
import { DIGEST_INFO, digest, encodePss, MODULUS_BYTES, modulusOf, padded, signBlock } from "./rsa.ts";

let rs256: TestKey;
let ps256: TestKey;
/** A key whose public exponent is 3; its private half is not needed to attack it. */
let cubic: TestKey;
let target: Target;

beforeAll(async () => {
  rs256 = await makeKey("RS256");
  ps256 = await makeKey("PS256");
  const other = await makeKey("RS256");
  if (other.jwk.kty !== "RSA") throw new TypeError("not an RSA key");
  const jwk = { ...other.jwk, e: "Aw" };
  cubic = { ...other, jwk, kid: await calculateThumbprint(jwk) };
  target = await targetFor([rs256, ps256, cubic]);
});

async function signed(key: TestKey, blockOf: (hash: number[]) => readonly number[]): Promise<string> {
  const sign = signBlock(key, async (input) => blockOf(await digest("SHA-256", input)));
  return target.outcome(await forgeSignature(key, sign));
}

describe("PKCS#1 v1.5 padding", () => {
  const ff = (length: number): number[] => Array.from({ length }, () => 0xff);
  const info = DIGEST_INFO.sha256;

  test("as RFC 8017 wants it is accepted, made by hand", async () => {
    expect(await signed(rs256, (hash) => padded([...info, ...hash]))).toBe("accepted");
  });

  const variants: [string, (hash: number[]) => number[]][] = [
    ["garbage after the hash, and less padding", (hash) => [0, 1, ...ff(8), 0, ...info, ...hash, ...ff(194)]],
    ["zeros after the hash", (hash) => [0, 1, ...ff(201), 0, ...info, ...hash, 0]],
    ["block type 2", (hash) => [0, 2, ...padded([...info, ...hash]).slice(2)]],
    ["block type 0", (hash) => [0, 0, ...padded([...info, ...hash]).slice(2)]],
    ["a padding octet that is not FF", (hash) => padded([...info, ...hash]).with(100, 0xfe)],
    ["a padding octet that is 00", (hash) => padded([...info, ...hash]).with(100, 0)],
    ["the first padding octet 00", (hash) => padded([...info, ...hash]).with(2, 0)],
    ["a separator that is not 00", (hash) => padded([...info, ...hash]).with(204, 0xff)],
    ["no padding at all", (hash) => [...Array.from({ length: 205 }, () => 0), ...info, ...hash]],
    ["no DigestInfo", (hash) => padded(hash)],
    ["the NULL left out", (hash) => padded([0x30, 0x2f, 0x30, 0x0b, ...info.slice(4, 15), 0x04, 0x20, ...hash])],
    ["the NULL replaced", (hash) => padded([...info.slice(0, 15), 0x04, 0x00, 0x04, 0x20, ...hash])],
    [
      "parameters full of garbage",
      (hash) => padded([0x30, 0x51, 0x30, 0x2d, ...info.slice(4, 15), 0x04, 32, ...ff(32), 4, 32, ...hash]),
    ],
    ["a length in BER's long form", (hash) => padded([0x30, 0x81, 0x31, ...info.slice(2), ...hash])],
    ["an indefinite length", (hash) => padded([0x30, 0x80, ...info.slice(2), ...hash, 0, 0])],
    ["the name of another hash", (hash) => padded([...info.slice(0, 14), 0x03, ...info.slice(15), ...hash])],
    ["the hash cut short", (hash) => padded([...info.slice(0, -1), 0x1f, ...hash.slice(0, 31)])],
  ];

  test.each(variants)("with %s is refused", async (_name, blockOf) => {
    expect(await signed(rs256, blockOf)).toBe("signature_invalid");
  });

  test.each([
    ["SHA-1", DIGEST_INFO.sha1],
    ["SHA-512", DIGEST_INFO.sha512],
  ] as const)("around a good DigestInfo of %s is refused", async (hash, prefix) => {
    const sign = signBlock(rs256, async (input) => padded([...prefix, ...(await digest(hash, input))]));
    expect(await target.outcome(await forgeSignature(rs256, sign))).toBe("signature_invalid");
  });
});

describe("a forgery for the exponent 3, without the private key", () => {
  const start = [0, 1, ...Array.from({ length: 8 }, () => 0xff), 0, ...DIGEST_INFO.sha256];

  test("with garbage after the hash (Bleichenbacher 2006) is refused", async () => {
    let block: number[] = [];
    const sign: SignatureOf = async (input) => {
      const fixed = [...start, ...(await digest("SHA-256", input))];
      const rest = MODULUS_BYTES - fixed.length;
      const root = cubeRootUp(integerOf(Uint8Array.from(fixed)) << BigInt(8 * rest));
      block = [...octetsOf(root ** 3n, MODULUS_BYTES)];
      expect(root ** 3n < modulusOf(cubic)).toBe(true);
      expect(block.slice(0, fixed.length)).toEqual(fixed);
      return octetsOf(root, MODULUS_BYTES);
    };
    expect(await target.outcome(await forgeSignature(cubic, sign))).toBe("signature_invalid");
    expect(block).toHaveLength(MODULUS_BYTES);
  });

  test("with garbage before the hash (BERserk) is refused", async () => {
    // The trick needs an odd hash; another jti gives another hash.
    for (let attempt = 0; ; attempt += 1) {
      let forged = false;
      const sign: SignatureOf = async (input) => {
        const hash = await digest("SHA-256", input);
        if (((hash.at(-1) ?? 0) & 1) === 0) return new Uint8Array(MODULUS_BYTES);
        const top = cubeRootUp(integerOf(Uint8Array.from(start)) << BigInt(8 * (MODULUS_BYTES - start.length)));
        const bottom = cubeRootModuloPowerOfTwo(integerOf(Uint8Array.from(hash)), 256);
        const root = (((top >> 256n) + 1n) << 256n) | bottom;
        const block = [...octetsOf(root ** 3n, MODULUS_BYTES)];
        expect(block.slice(0, start.length)).toEqual(start);
        expect(block.slice(-32)).toEqual(hash);
        forged = true;
        return octetsOf(root, MODULUS_BYTES);
      };
      const token = await forge(headerFor(cubic), { ...GOOD_CLAIMS, jti: `token-${attempt}` }, sign);
      expect(await target.outcome(token)).toBe("signature_invalid");
      if (forged) break;
    }
  });
});

describe("a signature out of range", () => {
  test("as 0, 1, n - 1, n or the largest integer is refused", async () => {
    for (const key of [rs256, ps256]) {
      const n = modulusOf(key);
      for (const value of [0n, 1n, 2n, n - 1n, n, n + 1n, 2n ** 2048n - 1n]) {
        if (value >= 2n ** 2048n) continue;
        const token = await forgeSignature(key, () => octetsOf(value, MODULUS_BYTES));
        expect(await target.outcome(token)).toBe("signature_invalid");
      }
    }
  });

  test("or in another length is refused", async () => {
    for (const key of [rs256, ps256]) {
      const whole = given(decodeBase64url(given((await goodToken(key)).split(".")[2])));
      for (const octets of [
        whole.subarray(1),
        whole.subarray(0, -1),
        Uint8Array.of(0, ...whole),
        Uint8Array.of(...whole, 0),
      ]) {
        expect(await target.outcome(await forgeSignature(key, () => octets))).toBe("signature_invalid");
      }
    }
  });
});

describe("PSS", () => {
  const salt = (length: number): number[] => Array.from({ length }, (_, index) => index + 1);
  const knobs = { hash: "SHA-256", mgfHash: "SHA-256", salt: salt(32), trailer: 0xbc };

  test("as RFC 7518 wants it is accepted, made by hand and by WebCrypto", async () => {
    const sign = signBlock(ps256, (input) => encodePss(input, knobs));
    expect(await target.outcome(await forgeSignature(ps256, sign))).toBe("accepted");
    expect(await target.outcome(await forgeSignature(ps256, signWith(ps256)))).toBe("accepted");
  });

  test.each([0, 1, 20, 31, 33, 48, 64, 222])("with a salt of %i octets is refused", async (saltLength) => {
    expect(await target.outcome(await forgeSignature(ps256, signWith(ps256, { saltLength })))).toBe(
      "signature_invalid",
    );
  });

  test.each([
    ["another hash in the mask", { ...knobs, mgfHash: "SHA-1" }],
    ["another hash and the right mask", { ...knobs, hash: "SHA-512" }],
    ["SHA-1 all over, with its salt", { hash: "SHA-1", mgfHash: "SHA-1", salt: salt(20), trailer: 0xbc }],
    ["another trailer", { ...knobs, trailer: 0xcc }],
  ])("with %s is refused", async (_name, changed) => {
    const sign = signBlock(ps256, (input) => encodePss(input, changed));
    expect(await target.outcome(await forgeSignature(ps256, sign))).toBe("signature_invalid");
  });

  test("and PKCS#1 v1.5 do not stand in for each other", async () => {
    expect(await signed(ps256, (hash) => padded([...DIGEST_INFO.sha256, ...hash]))).toBe("signature_invalid");
    const pss = signBlock(rs256, (input) => encodePss(input, knobs));
    expect(await target.outcome(await forgeSignature(rs256, pss))).toBe("signature_invalid");
  });
});
