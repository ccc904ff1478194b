/** JWK Sets of other issuers: what is taken, what is left out and why, and which sets are none. */
import { beforeAll, describe, expect, test } from "vitest";
import { algorithmOf } from "../../../../shared/algorithms.ts";
import { parseForeignIssuer } from "../../../../shared/foreign/issuer.ts";
import type { ForeignIssuer } from "../../../../shared/foreign/issuer.ts";
import { importForeignKeys, parseJwkSet } from "../../../../shared/foreign/jwk-set.ts";
import { parseKid } from "../../../../shared/identifiers.ts";
import { makeKey } from "../../../support/key-sets.ts";
import type { TestKey } from "../../../support/key-sets.ts";

let rsa: TestKey;
let ec: TestKey;
let okp: TestKey;
beforeAll(async () => {
  [rsa, ec, okp] = await Promise.all([makeKey("RS256"), makeKey("ES256"), makeKey("EdDSA")]);
});

function issuerWith(algs: readonly string[], issuer = "https://login.acme.example"): ForeignIssuer {
  const parsed = parseForeignIssuer({ issuer, jwks_uri: "https://login.acme.example/jwks", algs, audiences: ["api"] });
  if (!parsed.ok) throw new TypeError(parsed.error.join("; "));
  return parsed.value;
}

const octetsOf = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

/** The listed keys by algorithm and kid, and what became of the others. */
function read(
  keys: readonly object[],
  algs: readonly string[] = ["RS256", "ES256", "EdDSA"],
  issuer?: string,
): unknown {
  const parsed = parseJwkSet(octetsOf({ keys }), issuerWith(algs, issuer));
  if (!parsed.ok) return parsed.error;
  return [
    ...parsed.value.keys.map(({ kid, jwk }) => `${jwk.alg} ${kid}`),
    ...parsed.value.skipped.map(({ index, problem }) => `${index} ${problem}`),
  ];
}

const withoutAlg = ({ jwk }: TestKey, kid: unknown): object => ({ ...jwk, kid, alg: undefined });

describe("a key", () => {
  test("without alg serves the accepted algorithms of its type and curve, and no other", () => {
    expect(read([withoutAlg(rsa, "r")], ["RS256", "PS256", "ES256"])).toEqual(["RS256 r", "PS256 r"]);
    expect(read([withoutAlg(ec, "e")], ["RS256", "ES256", "ES384"])).toEqual(["ES256 e"]);
    expect(read([withoutAlg(okp, "o")])).toEqual(["EdDSA o"]);
  });

  test("with alg serves that one, if it is accepted", () => {
    expect(read([{ ...rsa.jwk, kid: "r" }], ["RS256", "PS256"])).toEqual(["RS256 r"]);
    expect(read([{ ...rsa.jwk, kid: "r" }], ["PS256"])).toEqual(["0 alg_not_accepted"]);
    expect(read([{ ...okp.jwk, alg: "Ed25519", kid: "o" }])).toEqual(["EdDSA o"]);
  });

  test.each([["+/="], ["18"], ["ins_2abcDEF"], ["a b".replace(" ", "~")], ["x".repeat(512)]])(
    "may be called %s",
    (kid) => {
      expect(read([withoutAlg(ec, kid)])).toEqual([`ES256 ${kid}`]);
    },
  );

  test.each([
    ["a kid of white space", { kid: "a b" }, "kid_invalid"],
    ["a kid that is no text", { kid: 7 }, "kid_invalid"],
    ["a kid without end", { kid: "x".repeat(513) }, "kid_invalid"],
    ["for encryption", { use: "enc" }, "use_not_sig"],
    ["for other operations", { key_ops: ["sign", "verify"] }, "key_ops_not_verify"],
    ["a private half", { d: "AAAA" }, "private_member"],
    ["another curve", { crv: "P-384" }, "kty_mismatch"],
    ["a coordinate of the wrong length", { x: "AAAA" }, "coordinate_invalid"],
    ["another type", { kty: "oct", k: undefined }, "kty_mismatch"],
    ["post-quantum", { kty: "AKP", alg: "ML-DSA-65" }, "alg_not_accepted"],
    ["with a secret's alg", { alg: "HS256" }, "alg_not_accepted"],
    ["another issuer's", { issuer: "https://evil.example" }, "issuer_mismatch"],
    ["an issuer that is a number", { issuer: 7 }, "issuer_mismatch"],
  ])("that is %s is left out, and the others stay", (_name, changes, problem) => {
    expect(read([{ ...withoutAlg(ec, "bad"), ...changes }, withoutAlg(ec, "good")])).toEqual([
      "ES256 good",
      `0 ${problem}`,
    ]);
  });

  test("that is no object, or a weak RSA key, is left out", () => {
    expect(read([null as never, [] as never, "key" as never])).toEqual([
      "0 not_an_object",
      "1 not_an_object",
      "2 not_an_object",
    ]);
    const weak = { kty: "RSA", n: `${"A".repeat(0)}wQ${"AA".repeat(60)}Aw`, e: "AQAB", kid: "weak" };
    expect(read([weak])).toEqual(["0 modulus_too_small"]);
    expect(read([{ ...withoutAlg(rsa, "r"), e: "AQ" }])).toEqual(["0 exponent_invalid"]);
  });

  test("with certificates, thumbprints and unknown members is as good as without", () => {
    expect(
      read([{ ...withoutAlg(ec, "e"), x5c: ["MII"], x5t: "a", "x5t#S256": "b", nbf: 1, key_ops: ["verify"] }]),
    ).toEqual(["ES256 e"]);
  });
});

describe("Entra's keys", () => {
  const tenant = "https://login.microsoftonline.com/3338040d-6c67-4c5b-b112-36a304b66d00/v2.0";
  test.each([
    ["https://login.microsoftonline.com/{tenantid}/v2.0", ["ES256 e"]],
    [tenant, ["ES256 e"]],
    ["https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0", ["0 issuer_mismatch"]],
    ["https://sts.windows.net/{tenantid}/", ["0 issuer_mismatch"]],
    ["{tenantid}", ["0 issuer_mismatch"]],
    ["https://login.microsoftonline.com/{tenantid}{tenantid}/v2.0", ["0 issuer_mismatch"]],
    ["https://login.microsoftonline.com/{tenantid}", ["0 issuer_mismatch"]],
  ])("say whose they are: %s", (issuer, found) => {
    expect(read([{ ...withoutAlg(ec, "e"), issuer }], ["ES256"], tenant)).toEqual(found);
  });
});

describe("a repeated kid", () => {
  test("refuses both keys, though the algorithms differ", () => {
    expect(read([withoutAlg(ec, "same"), withoutAlg(ec, "same"), withoutAlg(ec, "other")])).toEqual([
      "ES256 other",
      "0 kid_repeated",
      "1 kid_repeated",
    ]);
  });

  test("of two key types is no repetition", () => {
    expect(read([withoutAlg(ec, "same"), withoutAlg(rsa, "same")])).toEqual(["ES256 same", "RS256 same"]);
  });

  test("is not what keys without one have in common", () => {
    expect(read([withoutAlg(ec, undefined), withoutAlg(ec, undefined)])).toEqual([
      "ES256 undefined",
      "ES256 undefined",
    ]);
  });
});

test.each([
  ["no JSON", "<html>", "jwk_set_malformed"],
  ["an array", [], "jwk_set_malformed"],
  ["without keys", {}, "jwk_set_malformed"],
  ["with keys that are no array", { keys: {} }, "jwk_set_malformed"],
  ["with a repeated member", '{"keys":[],"keys":[]}', "jwk_set_malformed"],
  ["nested without end", `{"keys":${"[".repeat(100)}${"]".repeat(100)}}`, "jwk_set_malformed"],
  ["of 101 keys", { keys: Array.from({ length: 101 }, () => ({})) }, "jwk_set_too_many_keys"],
])("a document %s is no set", (_name, value, problem) => {
  expect(parseJwkSet(octetsOf(value), issuerWith(["ES256"]))).toEqual({ ok: false, error: problem });
});

test("a well-formed set without keys is a set: all are withdrawn", () => {
  expect(parseJwkSet(octetsOf({ keys: [] }), issuerWith(["ES256"]))).toEqual({
    ok: true,
    value: { keys: [], skipped: [] },
  });
});

describe("imported keys", () => {
  const importAll = async (
    keys: readonly object[],
    algs: readonly string[],
    previous?: Parameters<typeof importForeignKeys>[1],
  ) => {
    const parsed = parseJwkSet(octetsOf({ keys }), issuerWith(algs));
    if (!parsed.ok) throw new TypeError(parsed.error);
    return importForeignKeys(parsed.value.keys, previous);
  };

  test("are found by kid and algorithm, never by one of the two", async () => {
    const set = await importAll([withoutAlg(ec, "e"), withoutAlg(rsa, "r")], ["ES256", "RS256"]);
    expect(set.find(parseKid("e"), algorithmOf("ES256"))).toMatchObject({ thumbprint: ec.kid });
    expect(set.find(parseKid("e"), algorithmOf("RS256"))).toBe("alg_mismatch");
    expect(set.find(parseKid("x"), algorithmOf("ES256"))).toBeUndefined();
  });

  test("without a kid are found only if exactly one fits", async () => {
    const set = await importAll(
      [withoutAlg(ec, undefined), withoutAlg(rsa, "r"), withoutAlg(rsa, "s")],
      ["ES256", "RS256"],
    );
    expect(set.find(undefined, algorithmOf("ES256"))).toMatchObject({ thumbprint: ec.kid });
    expect(set.find(undefined, algorithmOf("RS256"))).toBe("ambiguous");
    expect(set.find(undefined, algorithmOf("EdDSA"))).toBeUndefined();
    expect(set.find(ec.kid, algorithmOf("ES256"))).toBeUndefined();
  });

  test("stay the same objects when their JWK stays the same", async () => {
    const before = await importAll([withoutAlg(ec, "e")], ["ES256"]);
    const after = await importAll([withoutAlg(ec, "f"), withoutAlg(ec, "e")], ["ES256"], before);
    expect(after.find(parseKid("e"), algorithmOf("ES256"))).toBe(before.find(parseKid("e"), algorithmOf("ES256")));
    expect(after.keys.size).toBe(2);
  });

  test("that the platform refuses are left out", async () => {
    const set = await importAll(
      [{ ...withoutAlg(ec, "e"), x: ec.jwk.kty === "EC" ? ec.jwk.y : "" }, withoutAlg(ec, "f")],
      ["ES256"],
    );
    expect([...set.keys].map(({ key }) => key.kid)).toEqual(["f"]);
  });
});
