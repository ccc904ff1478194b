/** Key material of public JWKs: RSA integers counted in bits, coordinates in octets, one encoding of each. */
import { describe, expect, test } from "vitest";
import { algorithmOf } from "../../../shared/algorithms.ts";
import { decodeBase64url, encodeBase64url } from "../../../shared/base64url.ts";
import { parsePublicJwk } from "../../../shared/jwk.ts";
import type { JwkProblem } from "../../../shared/jwk.ts";
import { importVerificationKey } from "../../../shared/jws.ts";
import { given, kidOf, utf8, valueOf } from "../../support/values.ts";
import { EC_JWK, OKP_JWK, RSA_JWK, unsigned } from "./jwk-samples.ts";

function problemOf(jwk: object): JwkProblem | "none" {
  const parsed = parsePublicJwk(jwk);
  return parsed.ok ? "none" : parsed.error;
}

describe("the RSA modulus", () => {
  test.each([
    ["2048 bits", unsigned(256, 0x80), "none"],
    ["2049 bits", unsigned(257, 0x01), "none"],
    ["8192 bits", unsigned(1024, 0xff), "none"],
    ["2047 bits, in as many octets as 2048", unsigned(256, 0x7f), "modulus_too_small"],
    ["2041 bits, in as many octets as 2048", unsigned(256, 0x01), "modulus_too_small"],
    ["2040 bits", unsigned(255, 0xff), "modulus_too_small"],
    ["1024 bits", unsigned(128, 0xff), "modulus_too_small"],
    ["8 bits", unsigned(1, 0xff), "modulus_too_small"],
    ["8193 bits", unsigned(1025, 0x01), "modulus_too_large"],
    ["16384 bits", unsigned(2048, 0xff), "modulus_too_large"],
    ["2048 bits and a leading zero octet", unsigned(257, 0x00), "modulus_invalid"],
    ["an even number", unsigned(256, 0x80, 0xfe), "modulus_invalid"],
    ["zero", "AA", "modulus_invalid"],
    ["the empty string", "", "modulus_invalid"],
    ["padding", `${unsigned(256, 0x80)}==`, "modulus_invalid"],
    ["white space", ` ${unsigned(256, 0x80)}`, "modulus_invalid"],
    ["base64 rather than base64url", unsigned(256, 0x80).replaceAll("_", "/"), "modulus_invalid"],
    ["unused bits that are not zero", `${unsigned(256, 0x80).slice(0, -1)}x`, "modulus_invalid"],
    ["a number", 65_537, "modulus_invalid"],
    ["an array that prints like a modulus", [unsigned(256, 0x80)], "modulus_invalid"],
    ["nothing", undefined, "modulus_invalid"],
  ])("of %s: %s", (_name, n, problem) => {
    expect(problemOf({ ...RSA_JWK, n })).toBe(problem);
  });
});

describe("the RSA exponent", () => {
  test.each([
    ["3", "Aw", "none"],
    ["17", "EQ", "none"],
    ["65537", "AQAB", "none"],
    ["257, two octets of which one is small", "AQE", "none"],
    ["of 64 bits", unsigned(8), "none"],
    ["of 65 bits", unsigned(9, 0x01), "exponent_invalid"],
    ["as long as the modulus", unsigned(256), "exponent_invalid"],
    ["0", "AA", "exponent_invalid"],
    ["1, under which every padding is its own signature", "AQ", "exponent_invalid"],
    ["2", "Ag", "exponent_invalid"],
    ["65536, even", "AQAA", "exponent_invalid"],
    ["65537 with a leading zero octet", "AAEAAQ", "exponent_invalid"],
    ["padded", "AQAB====", "exponent_invalid"],
    ["empty", "", "exponent_invalid"],
    ["a number", 65_537, "exponent_invalid"],
    ["an array that prints like an exponent", ["AQAB"], "exponent_invalid"],
    ["absent", undefined, "exponent_invalid"],
  ])("%s: %s", (_name, e, problem) => {
    expect(problemOf({ ...RSA_JWK, e })).toBe(problem);
  });
});

describe.each([
  ["ES256", "P-256", 32],
  ["ES384", "P-384", 48],
  ["ES512", "P-521", 66],
] as const)("the coordinates of %s", (alg, crv, bytes) => {
  const jwk = { kty: "EC", alg, crv, x: unsigned(bytes), y: unsigned(bytes, 0x00) };

  test(`have exactly ${bytes} octets, leading zeros included`, () => {
    expect(problemOf(jwk)).toBe("none");
    for (const coordinate of ["x", "y"]) {
      for (const length of [0, 1, bytes - 1, bytes + 1, 2 * bytes]) {
        const value = length === 0 ? "" : unsigned(length, 0x00);
        expect(problemOf({ ...jwk, [coordinate]: value })).toBe("coordinate_invalid");
      }
      for (const value of [undefined, null, 5, [jwk.x], `${jwk.x}=`, ` ${jwk.x}`, `${jwk.x}\n`]) {
        expect(problemOf({ ...jwk, [coordinate]: value })).toBe("coordinate_invalid");
      }
    }
  });

  test("must lie on the curve of the alg", () => {
    const curves = ["P-256", "P-384", "P-521", "secp256k1", "Ed25519", crv.toLowerCase(), "", undefined, null, [crv]];
    for (const other of curves.filter((name) => name !== crv)) {
      expect(problemOf({ ...jwk, crv: other })).toBe("crv_mismatch");
    }
  });
});

describe("the point of Ed25519", () => {
  test.each([[0], [31], [33], [64]])("of %i octets is refused", (bytes) => {
    const x = bytes === 0 ? "" : unsigned(bytes, 0x01);
    expect(problemOf({ ...OKP_JWK, x })).toBe("coordinate_invalid");
  });

  test.each([[undefined], [null], [7], [[OKP_JWK.x]], [`${OKP_JWK.x}=`]])("%j is refused", (x) => {
    expect(problemOf({ ...OKP_JWK, x })).toBe("coordinate_invalid");
  });

  test.each([["Ed448"], ["X25519"], ["ed25519"], ["P-256"], [undefined], [["Ed25519"]]])(
    "on curve %j is refused",
    (crv) => {
      expect(problemOf({ ...OKP_JWK, crv })).toBe("crv_mismatch");
    },
  );

  // y of the points whose order divides 8, little-endian; then the encodings of a y that is not below the field prime.
  const weak = [
    ["order 4", "0000000000000000000000000000000000000000000000000000000000000000"],
    ["order 1", "0100000000000000000000000000000000000000000000000000000000000000"],
    ["order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"],
    ["order 8, the other y", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"],
    ["order 4, not reduced", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["order 1, not reduced", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["2, not reduced", "efffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
    ["the largest encoding", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"],
  ] as const;

  test.each(weak)("of %s is refused, with either sign", (_name, hex) => {
    const octets = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    for (const sign of [0x00, 0x80]) {
      const signed = Uint8Array.from(octets, (octet, index) => (index === 31 ? octet | sign : octet));
      expect(problemOf({ ...OKP_JWK, x: encodeBase64url(signed) })).toBe("point_weak");
    }
  });

  test("that is sound is accepted, with either sign", () => {
    const octets = given(decodeBase64url(OKP_JWK.x));
    octets[31] = (octets[31] ?? 0) ^ 0x80;
    expect(problemOf(OKP_JWK)).toBe("none");
    expect(problemOf({ ...OKP_JWK, x: encodeBase64url(octets) })).toBe("none");
  });

  test("whose y is the largest below the prime that is not of small order passes on to the import", () => {
    const x = encodeBase64url(
      Uint8Array.from({ length: 32 }, (_, index) => (index === 0 ? 0xeb : index === 31 ? 0x7f : 0xff)),
    );
    expect(problemOf({ ...OKP_JWK, x })).toBe("none");
  });
});

describe("import", () => {
  test("of a point that is not on its curve gives no key", async () => {
    const ec = valueOf(parsePublicJwk({ ...EC_JWK, y: EC_JWK.x }));
    expect(await importVerificationKey(ec, kidOf("a"))).toBeUndefined();
  });

  test("of a sound JWK gives a key bound to its algorithm that can only verify", async () => {
    const jwk = valueOf(parsePublicJwk({ ...EC_JWK, use: "sig" }));
    const key = given(await importVerificationKey(jwk, kidOf("a")));
    expect(key.algorithm).toBe(algorithmOf("ES256"));
    expect(key).toMatchObject({ kid: "a", signatureBytes: 64 });
    expect(key.cryptoKey).toMatchObject({ type: "public", extractable: false, usages: ["verify"] });
    const signed = crypto.subtle.verify(
      { name: "ECDSA", hash: "SHA-256" },
      key.cryptoKey,
      new Uint8Array(64),
      utf8("a"),
    );
    expect(await signed).toBe(false);
  });
});
