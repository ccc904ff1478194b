/** The payload of a key set document: what refuses it, what only skips a key, and that writing and reading agree. */
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../../shared/json.ts";
import { isRev, parseKeySet, serialiseJwk, serialiseKeySet } from "../../../shared/key-set.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import { parsePublicJwk } from "../../../shared/jwk.ts";
import { jsonObject, kidOf, valueOf } from "../../support/values.ts";
import { EC_JWK, OKP_JWK, RSA_JWK, unsigned } from "./jwk-samples.ts";

const entry = { ...EC_JWK, kid: "ec", state: "active", published_at: 1_799_990_000 };

/** The document of the key set format's description, with a real key in it. */
const PAYLOAD = {
  iss: "https://auth.example.com",
  iat: 1_800_000_000,
  exp: 1_800_086_400,
  rev: 1_800_000_000,
  keys: [entry],
  revoked: [{ kid: "gone", at: 1_799_999_000 }],
  timing: { kv_cache_ttl: 60, memory_ttl: 30, clock_skew: 60, max_token_ttl: 3600 },
};

function parse(changes: JsonObject): ReturnType<typeof parseKeySet> {
  return parseKeySet({ ...PAYLOAD, ...changes });
}

/** What is skipped, and which kids are left, in a document that is accepted. */
function keysOf(...entries: JsonObject[]): { kids: string[]; skipped: unknown } {
  const { document, skipped } = valueOf(parse({ keys: entries }));
  return { kids: document.keys.map(({ kid }) => kid), skipped };
}

describe("a document", () => {
  test("is read member by member", () => {
    const jwk = { ...EC_JWK, kid: "ec" };
    expect(valueOf(parseKeySet(PAYLOAD))).toEqual({
      document: {
        issuer: "https://auth.example.com",
        ring: undefined,
        issuedAt: 1_800_000_000,
        expiresAt: 1_800_086_400,
        rev: 1_800_000_000,
        keys: [{ jwk, kid: "ec", state: "active", publishedAt: 1_799_990_000 }],
        revoked: [{ kid: "gone", at: 1_799_999_000 }],
        timing: { kvCacheTtlSeconds: 60, memoryTtlSeconds: 30, clockSkewSeconds: 60, maxTokenTtlSeconds: 3600 },
        roots: [],
        revocations: undefined,
      },
      skipped: [],
    });
  });

  test("may have members that are not known, at every level", () => {
    const plain = valueOf(parseKeySet(PAYLOAD));
    const extended = parse({
      next: "unknown",
      keys: [{ ...entry, use: "sig", x5c: ["MII"], note: { a: 1 } }],
      revoked: [{ kid: "gone", at: 1_799_999_000, reason: "lost" }],
      timing: { ...PAYLOAD.timing, jitter: 5 },
    });
    expect(valueOf(extended)).toEqual(plain);
  });

  test("may name its ring and the ring's root keys", () => {
    const named = valueOf(parse({ ring: "main", roots: ["root-1", "root-2"] })).document;
    expect(named).toMatchObject({ ring: "main", roots: ["root-1", "root-2"] });
    expect(jsonObject(JSON.stringify(serialiseKeySet(named)))).toMatchObject({ ring: "main", roots: named.roots });
  });

  test.each([1, "", "Main", null, ["main"]])("is refused when its ring is no name of one: %j", (ring) => {
    expect(parse({ ring })).toEqual({ ok: false, error: "ring" });
  });

  test("is read without the root keys that cannot be read: they are information", () => {
    expect(valueOf(parse({ roots: "root-1" })).document.roots).toEqual([]);
    expect(valueOf(parse({ roots: [1, "root-1", null] })).document.roots).toEqual(["root-1"]);
  });

  test("may name the least rev of the list of revoked tokens, and is refused when that cannot be read", () => {
    const named = valueOf(parse({ revocations: { least_rev: 1_799_999_000_000_000, more: 1 } })).document;
    expect(named.revocations).toEqual({ leastRev: 1_799_999_000_000_000 });
    const again = jsonObject(JSON.stringify(serialiseKeySet(named)));
    expect(again["revocations"]).toEqual({ least_rev: 1_799_999_000_000_000 });
    for (const revocations of [null, 1, [], {}, { least_rev: 0 }, { least_rev: "1" }, { least_rev: 1.5 }]) {
      expect(parse({ revocations })).toEqual({ ok: false, error: "revocations" });
    }
  });

  test("may list no key and no tombstone", () => {
    expect(valueOf(parse({ keys: [], revoked: [] })).document).toMatchObject({ keys: [], revoked: [] });
  });

  test("is the same after writing and reading", () => {
    const { document } = valueOf(parseKeySet(PAYLOAD));
    const written = jsonObject(JSON.stringify(serialiseKeySet(document)));
    expect(valueOf(parseKeySet(written)).document).toEqual(document);
    expect(Object.keys(written)).toEqual(["iss", "iat", "exp", "rev", "keys", "revoked", "timing"]);
    expect(written).toEqual({ ...PAYLOAD, keys: [{ ...entry, use: "sig" }] });
  });
});

describe("a required member that is missing or ill-typed refuses the document", () => {
  test.each(Object.keys(PAYLOAD))("%s missing", (member) => {
    expect(parse({ [member]: undefined })).toEqual({ ok: false, error: member });
    expect(parse({ [member]: null })).toEqual({ ok: false, error: member });
  });

  test.each([
    ["iss", "auth.example.com"],
    ["iss", "http://auth.example.com"],
    ["iss", ["https://auth.example.com"]],
    ["iat", "1800000000"],
    ["iat", -1],
    ["iat", 8_640_000_000_001],
    ["exp", "1800086400"],
    ["exp", 1_800_000_000],
    ["exp", 1_799_999_999],
    ["exp", 8_640_000_000_001],
    ["rev", 0],
    ["rev", -1],
    ["rev", 1.5],
    ["rev", 2 ** 53],
    ["rev", "1800000000"],
    ["rev", true],
    ["keys", {}],
    ["keys", "[]"],
    ["revoked", {}],
    ["revoked", "[]"],
    ["timing", []],
    ["timing", {}],
    ["timing", { ...PAYLOAD.timing, kv_cache_ttl: 29 }],
  ] as const)("%s as %j", (member, value) => {
    expect(parse({ [member]: value })).toEqual({ ok: false, error: member });
  });

  test("exp one second after iat is enough", () => {
    expect(parse({ exp: 1_800_000_001 }).ok).toBe(true);
  });

  test.each([
    ["not an object", "gone"],
    ["null", null],
    ["an array", ["gone", 1]],
    ["without kid", { at: 1_799_999_000 }],
    ["with an ill-typed kid", { kid: 1, at: 1_799_999_000 }],
    ["with an empty kid", { kid: "", at: 1_799_999_000 }],
    ["without at", { kid: "gone" }],
    ["with an ill-typed at", { kid: "gone", at: "1799999000" }],
  ])("a tombstone %s is not lost silently", (_case, tombstone) => {
    expect(parse({ revoked: [{ kid: "a", at: 1 }, tombstone] })).toEqual({ ok: false, error: "revoked" });
  });
});

describe("a key that cannot be used is skipped and reported", () => {
  const good = { ...OKP_JWK, kid: "okp", state: "pending", published_at: 1_799_990_000 };

  test.each([
    ["an unknown algorithm", { ...entry, alg: "ML-DSA-65" }, "alg_unsupported"],
    ["a private member", { ...entry, d: "AA" }, "private_member"],
    ["another use", { ...entry, use: "enc" }, "use_not_sig"],
    ["a weak modulus", { ...RSA_JWK, n: unsigned(256, 0x7f), kid: "ec" }, "modulus_too_small"],
    ["a coordinate that is too short", { ...entry, x: "AA" }, "coordinate_invalid"],
    ["no state", { ...entry, state: undefined }, "state_unknown"],
    ["an unknown state", { ...entry, state: "retired" }, "state_unknown"],
    ["a state in capitals", { ...entry, state: "ACTIVE" }, "state_unknown"],
    ["a state that every object inherits", { ...entry, state: "constructor" }, "state_unknown"],
    ["an ill-typed state", { ...entry, state: ["active"] }, "state_unknown"],
    ["no published_at", { ...entry, published_at: undefined }, "published_at_invalid"],
    ["an ill-typed published_at", { ...entry, published_at: "1799990000" }, "published_at_invalid"],
  ])("for %s", (_case, bad, problem) => {
    expect(keysOf(bad, good)).toEqual({ kids: ["okp"], skipped: [{ index: 0, kid: "ec", problem }] });
  });

  test("for a kid that is missing or ill-typed, which is then not reported", () => {
    const { kid: _kid, ...nameless } = entry;
    expect(keysOf(nameless, good).skipped).toEqual([{ index: 0, kid: undefined, problem: "kid_missing" }]);
    expect(keysOf({ ...entry, kid: 7 }, good).skipped).toEqual([{ index: 0, kid: undefined, problem: "kid_invalid" }]);
  });

  test("for something that is not an object at all", () => {
    const { document, skipped } = valueOf(parse({ keys: [null, "key", [entry], good] }));
    expect(document.keys.map(({ kid }) => kid)).toEqual(["okp"]);
    expect(skipped).toEqual([0, 1, 2].map((index) => ({ index, kid: undefined, problem: "not_an_object" })));
  });

  test("for a kid that stands in the document already: the first one counts", () => {
    const twin = { ...OKP_JWK, kid: "ec", state: "active", published_at: 1_799_990_000 };
    expect(keysOf(entry, twin, good)).toEqual({
      kids: ["ec", "okp"],
      skipped: [{ index: 1, kid: "ec", problem: "kid_repeated" }],
    });
    expect(valueOf(parse({ keys: [entry, twin] })).document.keys[0]?.jwk.kty).toBe("EC");
  });

  test("and its kid is free for a later, sound key", () => {
    expect(keysOf({ ...entry, state: "retired" }, entry)).toEqual({
      kids: ["ec"],
      skipped: [{ index: 0, kid: "ec", problem: "state_unknown" }],
    });
  });
});

test.each(["pending", "active", "retiring"] as const)("state %s is kept", (state) => {
  const document: KeySetDocument = valueOf(parse({ keys: [{ ...entry, state }] })).document;
  expect(document.keys[0]?.state).toBe(state);
});

test.each([RSA_JWK, EC_JWK, OKP_JWK])("a public JWK of type $kty is shown with alg, use and kid", (jwk) => {
  const shown = serialiseJwk(valueOf(parsePublicJwk(jwk)), kidOf("a"));
  expect(shown).toEqual({ ...jwk, use: "sig", kid: "a" });
  expect(parsePublicJwk(shown).ok).toBe(true);
});

test("isRev takes positive integers that JSON carries exactly", () => {
  expect([1, 1_800_000_000, Number.MAX_SAFE_INTEGER].every(isRev)).toBe(true);
  expect([0, -1, 0.5, 2 ** 53, Number.NaN, "1", 1n, null, undefined].some(isRev)).toBe(false);
});
