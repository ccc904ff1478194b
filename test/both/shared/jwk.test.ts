/** Public JWKs: the members every key type shares, thumbprints, and that nothing private or malformed gets through. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALGS, algorithmOf } from "../../../shared/algorithms.ts";
import { calculateThumbprint, parsePublicJwk, signatureBytesOf, toKeyMaterial } from "../../../shared/jwk.ts";
import { valueOf } from "../../support/values.ts";
import { EC_JWK, OKP_JWK, RSA_JWK, unsigned } from "./jwk-samples.ts";

const samples = [
  ["RSA", RSA_JWK],
  ["EC", EC_JWK],
  ["OKP", OKP_JWK],
] as const;

describe.each(samples)("a JWK of type %s", (_kty, jwk) => {
  test("is parsed to its key material, alg and kid, and nothing else", () => {
    const extras = {
      use: "sig",
      key_ops: ["verify"],
      ext: true,
      x5c: ["MII"],
      x5u: "https://example.com",
      state: "active",
    };
    expect(parsePublicJwk({ ...jwk, kid: "a", ...extras })).toEqual({ ok: true, value: { ...jwk, kid: "a" } });
    expect(parsePublicJwk(jwk)).toStrictEqual({ ok: true, value: jwk });
  });

  test.each(["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"])(
    "with the private member %s is refused",
    (member) => {
      for (const value of ["AQAB", "", null, undefined, []]) {
        expect(parsePublicJwk({ ...jwk, [member]: value })).toEqual({ ok: false, error: "private_member" });
      }
    },
  );

  test.each([
    ["absent", undefined],
    ["none", "none"],
    ["HMAC", "HS256"],
    ["encryption", "RSA-OAEP"],
    ["another case", "rs256"],
    ["an array", ["RS256"]],
    ["null", null],
  ])("with alg %s is refused", (_case, alg) => {
    expect(parsePublicJwk({ ...jwk, alg })).toEqual({ ok: false, error: "alg_unsupported" });
  });

  test("is refused under the alg of another key type", () => {
    const others = ALGS.filter((alg) => algorithmOf(alg).kty !== jwk.kty);
    for (const alg of others) expect(parsePublicJwk({ ...jwk, alg })).toEqual({ ok: false, error: "kty_mismatch" });
    for (const kty of [undefined, null, "oct", "AKP", jwk.kty.toLowerCase(), [jwk.kty]]) {
      expect(parsePublicJwk({ ...jwk, kty })).toEqual({ ok: false, error: "kty_mismatch" });
    }
  });

  test.each([["enc"], ["SIG"], [""], [null], [["sig"]], [1]])("with use %j is refused", (use) => {
    expect(parsePublicJwk({ ...jwk, use })).toEqual({ ok: false, error: "use_not_sig" });
  });

  test.each([
    [["sign"]],
    [["verify", "sign"]],
    [["sign", "verify"]],
    [["verify", "verify"]],
    [["encrypt"]],
    [[]],
    ["verify"],
    [null],
    [{ 0: "verify", length: 1 }],
  ])("with key_ops %j is refused", (keyOps) => {
    expect(parsePublicJwk({ ...jwk, key_ops: keyOps })).toEqual({ ok: false, error: "key_ops_not_verify" });
  });

  test.each([[""], ["a b"], ["k".repeat(513)], [null], [1], [["a"]], [{}]])("with kid %j is refused", (kid) => {
    expect(parsePublicJwk({ ...jwk, kid })).toEqual({ ok: false, error: "kid_invalid" });
  });

  test("gives WebCrypto its key material only", () => {
    const { alg: _alg, ...material } = jwk;
    expect(toKeyMaterial(valueOf(parsePublicJwk({ ...jwk, kid: "a", use: "sig" })))).toEqual(material);
  });
});

describe("what is not a JWK", () => {
  test.each([[null], [undefined], ["{}"], [1], [true], [[]], [[RSA_JWK]]])("%j is refused", (value) => {
    expect(parsePublicJwk(value)).toEqual({ ok: false, error: "not_an_object" });
  });

  test("nothing makes the parser throw, and nothing private comes out", () => {
    const names = [
      "kty",
      "alg",
      "crv",
      "x",
      "y",
      "n",
      "e",
      "use",
      "key_ops",
      "kid",
      "d",
      "p",
      "k",
      "priv",
      "__proto__",
    ];
    const values = fc.oneof(
      fc.constantFrom<unknown>(...samples.flatMap(([, jwk]) => Object.values(jwk)), "sig", ["verify"], null),
      fc.jsonValue({ maxDepth: 2 }),
    );
    const changes = fc.dictionary(fc.constantFrom(...names), values, { maxKeys: 4 });
    const bases = fc.constantFrom(...samples.map(([, jwk]) => jwk));
    const publicMembers = new Set(["kty", "alg", "crv", "x", "y", "n", "e", "kid"]);
    fc.assert(
      fc.property(fc.oneof(fc.tuple(bases, changes), fc.tuple(fc.constant({}), changes)), ([base, change]) => {
        const parsed = parsePublicJwk({ ...base, ...change });
        return !parsed.ok || Object.keys(parsed.value).every((name) => publicMembers.has(name));
      }),
      { numRuns: 3000 },
    );
    fc.assert(
      fc.property(fc.anything(), (value) => typeof parsePublicJwk(value).ok === "boolean"),
      { numRuns: 1000 },
    );
  });
});

describe("thumbprints", () => {
  test("the example of RFC 7638 section 3.1", async () => {
    const jwk = {
      kty: "RSA",
      n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
      e: "AQAB",
      alg: "RS256",
      kid: "2011-04-29",
    };
    const thumbprint = await calculateThumbprint(valueOf(parsePublicJwk(jwk)));
    expect(thumbprint).toBe("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  });

  test("the example of RFC 8037 appendix A.3", async () => {
    const thumbprint = await calculateThumbprint(valueOf(parsePublicJwk(OKP_JWK)));
    expect(thumbprint).toBe("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  });

  test("an EC thumbprint is the hash of crv, kty, x and y in this order", async () => {
    const text = `{"crv":"P-256","kty":"EC","x":"${EC_JWK.x}","y":"${EC_JWK.y}"}`;
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
    const expected = btoa(String.fromCharCode(...hash))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replace("=", "");
    expect(await calculateThumbprint(valueOf(parsePublicJwk(EC_JWK)))).toBe(expected);
  });

  test("alg and kid do not count", async () => {
    const one = await calculateThumbprint(valueOf(parsePublicJwk({ ...RSA_JWK, alg: "RS256" })));
    const other = await calculateThumbprint(valueOf(parsePublicJwk({ ...RSA_JWK, alg: "PS512", kid: "a" })));
    expect(one).toBe(other);
  });
});

describe("the length of a signature", () => {
  test.each([
    [256, "RS256"],
    [384, "PS384"],
    [512, "RS512"],
    [257, "RS256"],
  ] as const)("is the %i octets of the modulus for %s", (bytes, alg) => {
    const jwk = valueOf(parsePublicJwk({ ...RSA_JWK, alg, n: unsigned(bytes) }));
    expect(signatureBytesOf(jwk, algorithmOf(alg))).toBe(bytes);
  });

  test("is the table's for EC and OKP", () => {
    expect(signatureBytesOf(valueOf(parsePublicJwk(EC_JWK)), algorithmOf("ES256"))).toBe(64);
    expect(signatureBytesOf(valueOf(parsePublicJwk(OKP_JWK)), algorithmOf("EdDSA"))).toBe(64);
  });
});
