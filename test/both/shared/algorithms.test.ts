/** The algorithm table against the numbers of RFC 7518 section 3, RFC 8037 and RFC 9864. */
import { describe, expect, test } from "vitest";
import { ALGS, algorithmOf, findAlgorithm } from "../../../shared/algorithms.ts";

const PKCS1 = "RSASSA-PKCS1-v1_5";

describe("the algorithm table", () => {
  test("lists the nine RS/PS/ES algorithms and EdDSA, and nothing else", () => {
    expect(ALGS).toEqual(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]);
  });

  test.each([
    ["RS256", PKCS1, "SHA-256"],
    ["RS384", PKCS1, "SHA-384"],
    ["RS512", PKCS1, "SHA-512"],
  ] as const)("%s is %s with %s", (alg, name, hash) => {
    expect(algorithmOf(alg)).toEqual({
      alg,
      kty: "RSA",
      hash,
      params: { name, hash },
    });
  });

  test.each([
    ["PS256", "SHA-256", 32],
    ["PS384", "SHA-384", 48],
    ["PS512", "SHA-512", 64],
  ] as const)("%s is RSA-PSS with %s and a salt of %i octets, as long as the hash", (alg, hash, saltLength) => {
    const name = "RSA-PSS";
    expect(algorithmOf(alg)).toEqual({
      alg,
      kty: "RSA",
      hash,
      params: { name, hash, saltLength },
    });
  });

  test.each([
    ["ES256", "P-256", "SHA-256", 32, 64],
    ["ES384", "P-384", "SHA-384", 48, 96],
    ["ES512", "P-521", "SHA-512", 66, 132],
  ] as const)(
    "%s is %s with %s, %i octets a coordinate and %i a signature",
    (alg, crv, hash, coordinate, signature) => {
      expect(algorithmOf(alg)).toEqual({
        alg,
        kty: "EC",
        crv,
        hash,
        coordinateBytes: coordinate,
        signatureBytes: signature,
        params: { name: "ECDSA", namedCurve: crv, hash },
      });
    },
  );

  test("EdDSA is Ed25519 with 32 octets of key and 64 of signature", () => {
    expect(algorithmOf("EdDSA")).toEqual({
      alg: "EdDSA",
      kty: "OKP",
      crv: "Ed25519",
      signatureBytes: 64,
      params: { name: "Ed25519" },
    });
  });
});

describe("findAlgorithm", () => {
  test.each(ALGS)("finds %s", (alg) => {
    expect(findAlgorithm(alg)).toBe(algorithmOf(alg));
  });

  test("resolves Ed25519 (RFC 9864) to the row of EdDSA", () => {
    expect(findAlgorithm("Ed25519")).toBe(algorithmOf("EdDSA"));
  });

  test.each([
    ["none", "none"],
    ["another spelling of none", "nOnE"],
    ["the empty string", ""],
    ["HMAC", "HS256"],
    ["secp256k1", "ES256K"],
    ["a curve Web Crypto does not have", "Ed448"],
    ["a name of COSE", "ESP256"],
    ["an encryption algorithm", "RSA-OAEP"],
    ["the obsolete PKCS#1 name", "RSA1_5"],
    ["SHA-1", "RS1"],
    ["another case", "rs256"],
    ["another case of EdDSA", "EDDSA"],
    ["trailing white space", "RS256 "],
    ["a trailing NUL", "RS256\0"],
    ["a member inherited by every object", "constructor"],
    ["the prototype", "__proto__"],
    ["undefined", undefined],
    ["null", null],
    ["a number", 256],
    ["an array that prints like a name", ["RS256"]],
    ["an object that prints like a name", { toString: () => "RS256" }],
  ])("finds nothing for %s", (_name, alg) => {
    expect(findAlgorithm(alg)).toBeUndefined();
  });
});
