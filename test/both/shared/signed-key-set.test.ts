/** Opening a signed key set document: whoever lacks the root key, or brings the wrong document, is refused. */
import { beforeAll, describe, expect, test } from "vitest";
import type { JsonObject } from "../../../shared/json.ts";
import { serialiseKeySet } from "../../../shared/key-set.ts";
import { importTrustAnchors, MAX_KEY_SET_BYTES, openKeySet } from "../../../shared/signed-key-set.ts";
import type { KeySetRules } from "../../../shared/signed-key-set.ts";
import {
  issuerUrl,
  makeDocument,
  makeKey,
  makeRoot,
  ringName,
  seconds,
  signCompactJws,
  signKeySet,
  signKeySetPayload,
  TEST_ISSUER,
  TEST_RING,
} from "../../support/key-sets.ts";
import type { TestKey, TestRoot } from "../../support/key-sets.ts";
import { jsonObject, valueOf } from "../../support/values.ts";
import { EC_JWK, OKP_JWK, unsigned } from "./jwk-samples.ts";

const NOW = seconds(1_800_000_000);

let root: TestRoot;
let stranger: TestRoot;
let key: TestKey;
let rules: KeySetRules;

beforeAll(async () => {
  root = await makeRoot();
  stranger = await makeRoot();
  key = await makeKey("EdDSA");
  rules = { anchors: root.anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 1 };
});

async function open(text: string, changes: Partial<KeySetRules> = {}, now = NOW): Promise<unknown> {
  const opened = await openKeySet(text, { ...rules, ...changes }, now);
  return opened.ok ? "opened" : opened.error;
}

/** A document with another header, signed by the root key. */
async function withHeader(header: JsonObject): Promise<string> {
  const payload = serialiseKeySet(makeDocument([key], NOW));
  return signCompactJws({ alg: root.alg, kid: root.kid, typ: "jwk-set+jwt", ...header }, payload, root);
}

describe("a document signed by the root key", () => {
  test("is opened", async () => {
    const document = makeDocument([key], NOW);
    const opened = await openKeySet(await signKeySet(document, root), rules, NOW);
    expect(valueOf(opened)).toEqual({ document, skipped: [] });
  });

  test.each(["RS256", "PS384", "ES512", "EdDSA"] as const)("is opened with a root key for %s", async (alg) => {
    const other = await makeRoot(alg);
    expect(await open(await signKeySet(makeDocument([key], NOW), other), { anchors: other.anchors })).toBe("opened");
  });

  test("is opened with any of the pinned keys", async () => {
    const anchors = [...stranger.anchors, ...root.anchors];
    expect(await open(await signKeySet(makeDocument([key], NOW), root), { anchors })).toBe("opened");
    expect(await open(await signKeySet(makeDocument([key], NOW), stranger), { anchors })).toBe("opened");
  });
});

describe("a document that the root key has not signed", () => {
  test("is refused when its root is unknown, or no root is pinned", async () => {
    const text = await signKeySet(makeDocument([key], NOW), stranger);
    expect(await open(text)).toEqual({ code: "key_set_unknown_root" });
    const good = await signKeySet(makeDocument([key], NOW), root);
    expect(await open(good, { anchors: [] })).toEqual({ code: "key_set_unknown_root" });
  });

  test("is refused when it only names the root key", async () => {
    const text = await signKeySet(makeDocument([key], NOW), { ...stranger, kid: root.kid });
    expect(await open(text)).toEqual({ code: "key_set_signature_invalid" });
  });

  test("is refused when a key of the ring has signed it", async () => {
    expect(await open(await signKeySet(makeDocument([key], NOW), key))).toEqual({ code: "key_set_unknown_root" });
  });

  test("is refused after any change of its payload or signature", async () => {
    const [header = "", , signature = ""] = (await signKeySet(makeDocument([key], NOW), root)).split(".");
    const [, payload = ""] = (await signKeySet(makeDocument([], NOW), root)).split(".");
    expect(await open(`${header}.${payload}.${signature}`)).toEqual({ code: "key_set_signature_invalid" });
    expect(await open(`${header}.${payload}.${signature.slice(4)}`)).toEqual({ code: "key_set_signature_invalid" });
  });

  test("is refused when its alg is not the pinned key's", async () => {
    for (const alg of ["ES384", "EdDSA", "RS256"]) {
      expect(await open(await withHeader({ alg }))).toEqual({ code: "key_set_unknown_root" });
    }
  });
});

describe("a header that is not a key set's", () => {
  test.each([["JWT"], ["at+jwt"], ["jwk-set+json"], ["JWK-SET+JWT"], ["application/jwk-set+jwt"], [""], [undefined]])(
    "with typ %j is refused, before the root is looked up",
    async (typ) => {
      expect(await open(await withHeader({ typ }))).toEqual({ code: "key_set_wrong_typ" });
      expect(await open(await withHeader({ typ, kid: "unknown" }))).toEqual({ code: "key_set_wrong_typ" });
    },
  );

  test.each([
    [{ crit: ["exp"] }],
    [{ b64: false }],
    [{ alg: "none" }],
    [{ alg: "HS256" }],
    [{ kid: undefined }],
    [{ typ: 1 }],
  ])("%j is malformed", async (header) => {
    expect(await open(await withHeader(header as JsonObject))).toEqual({ code: "key_set_malformed" });
  });
});

describe("a document that the root key has signed, but not for here and now", () => {
  test("is refused for another issuer", async () => {
    const text = await signKeySet(makeDocument([key], NOW, { issuer: issuerUrl("https://auth.example.org") }), root);
    expect(await open(text)).toEqual({ code: "key_set_wrong_issuer" });
  });

  test("is refused for another ring; one that names no ring is taken for the one that is asked for", async () => {
    const other = await signKeySet(makeDocument([key], NOW, { ring: ringName("other") }), root);
    expect(await open(other)).toEqual({ code: "key_set_wrong_ring" });
    expect(await open(other, { ring: ringName("other") })).toBe("opened");
    expect(await open(await signKeySet(makeDocument([key], NOW, { ring: undefined }), root))).toBe("opened");
  });

  test("is refused from its exp on, without leeway", async () => {
    const text = await signKeySet(makeDocument([key], NOW, { expiresAt: seconds(NOW + 100) }), root);
    expect(await open(text, {}, seconds(NOW + 99))).toBe("opened");
    expect(await open(text, {}, seconds(NOW + 100))).toEqual({ code: "key_set_expired", expiredForSeconds: 0 });
    expect(await open(text, {}, seconds(NOW + 130))).toEqual({ code: "key_set_expired", expiredForSeconds: 30 });
  });

  test("is refused when its iat is ahead by more than the skew", async () => {
    const text = await signKeySet(makeDocument([key], NOW), root);
    expect(await open(text, {}, seconds(NOW - 60))).toBe("opened");
    expect(await open(text, {}, seconds(NOW - 61))).toEqual({ code: "key_set_issued_in_future", aheadSeconds: 61 });
  });

  test("is refused when its rev is below the floor", async () => {
    const text = await signKeySet(makeDocument([key], NOW, { rev: 7 }), root);
    expect(await open(text, { leastRev: 7 })).toBe("opened");
    expect(await open(text, { leastRev: 8 })).toEqual({ code: "key_set_rev_too_low", rev: 7, leastRev: 8 });
  });

  test("is refused when a required member is missing", async () => {
    const payload = serialiseKeySet(makeDocument([key], NOW));
    for (const member of ["iss", "iat", "exp", "rev", "keys", "revoked", "timing"]) {
      const text = await signKeySetPayload({ ...payload, [member]: undefined }, root);
      expect(await open(text)).toEqual({ code: "key_set_member_invalid", member });
    }
  });

  test("is refused when its payload is not a strict JSON object", async () => {
    const nested = jsonObject(`{"a":${"[".repeat(40)}${"]".repeat(40)}}`);
    expect(await open(await signKeySetPayload(nested, root))).toEqual({ code: "key_set_malformed" });
  });
});

describe("a text that is no document", () => {
  test.each([
    [""],
    ["null"],
    ["{}"],
    ["<html></html>"],
    ["a.b"],
    ["a.b.c.d"],
    ["e30.e30.AA"],
    ["!.e30.AA"],
    ["e30.e30.AA\n"],
  ])("%j is malformed", async (text) => {
    expect(await open(text)).toEqual({ code: "key_set_malformed" });
  });

  test("is refused by its size alone beyond the limit", async () => {
    expect(await open("a".repeat(MAX_KEY_SET_BYTES))).toEqual({ code: "key_set_malformed" });
    expect(await open("a".repeat(MAX_KEY_SET_BYTES + 1))).toEqual({ code: "key_set_too_large" });
  });
});

describe("trust anchors", () => {
  test("are parsed, imported, and known by their thumbprints", async () => {
    const anchors = valueOf(await importTrustAnchors([{ ...root.jwk }, { ...OKP_JWK, use: "sig" }]));
    expect(anchors.map(({ kid }) => kid)).toEqual([root.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"]);
    expect(await open(await signKeySet(makeDocument([key], NOW), root), { anchors })).toBe("opened");
  });

  test("that cannot be used are reported, all at once", async () => {
    const problems = await importTrustAnchors([
      EC_JWK,
      { ...EC_JWK, kid: "not-the-thumbprint" },
      { ...EC_JWK, y: EC_JWK.x },
      { ...EC_JWK, d: "AA" },
      { kty: "RSA", alg: "RS256", n: unsigned(128), e: "AQAB" },
      { ...EC_JWK, alg: undefined },
      "not a key",
    ]);
    expect(problems).toEqual({
      ok: false,
      error: [
        { index: 1, problem: "kid_mismatch" },
        { index: 2, problem: "import_failed" },
        { index: 3, problem: "private_member" },
        { index: 4, problem: "modulus_too_small" },
        { index: 5, problem: "alg_unsupported" },
        { index: 6, problem: "not_an_object" },
      ],
    });
  });
});
