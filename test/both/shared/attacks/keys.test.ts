/** Attacks on the keys themselves: weak or malformed JWKs in a set, documents used as tokens, and a key set replaced in KV. */
import { beforeAll, describe, expect, test } from "vitest";
import { encodeBase64url } from "../../../../shared/base64url.ts";
import { calculateThumbprint, parsePublicJwk } from "../../../../shared/jwk.ts";
import type { JsonObject } from "../../../../shared/json.ts";
import { serialiseKeySet } from "../../../../shared/key-set.ts";
import { openKeySet } from "../../../../shared/signed-key-set.ts";
import { importKeySet } from "../../../../shared/verification-keys.ts";
import { verifyToken } from "../../../../shared/verify-token.ts";
import {
  makeDocument,
  makeKey,
  makeRoot,
  signCompactJws,
  signKeySet,
  signKeySetPayload,
  TEST_ISSUER,
  TEST_RING,
} from "../../../support/key-sets.ts";
import type { TestKey, TestRoot } from "../../../support/key-sets.ts";
import { jsonObject, utf8, valueOf } from "../../../support/values.ts";
import { GOOD_CLAIMS, NOW } from "../../../support/claims-samples.ts";
import { forge, goodToken, headerFor, privateMaterial, signWith } from "../../../support/forge.ts";
import type { SignatureOf } from "../../../support/forge.ts";
import { EC_JWK, OKP_JWK, RSA_JWK, unsigned } from "../jwk-samples.ts";
import { makeTarget, TOKEN_RULES } from "../../../support/target.ts";
import type { Target } from "../../../support/target.ts";
import { DIGEST_INFO, digest, padded } from "./rsa.ts";

let root: TestRoot;
let good: TestKey;
let target: Target;

beforeAll(async () => {
  root = await makeRoot();
  target = await makeTarget(["ES256"]);
  good = await makeKey("ES256");
});

interface Opened {
  readonly kid: string;
  readonly problems: readonly string[];
  readonly outcome: (token: string) => Promise<string>;
}

/** A document that the root key has signed although one of its JWKs is bad, as the edge uses it. */
async function withJwk(jwk: JsonObject): Promise<Opened> {
  const payload = serialiseKeySet(makeDocument([good], NOW));
  const parsed = parsePublicJwk(jwk);
  const kid = parsed.ok ? await calculateThumbprint(parsed.value) : "bad";
  const bad = { kid, state: "active", published_at: NOW, ...jwk };
  const keys = Array.isArray(payload["keys"]) ? [bad, ...payload["keys"]] : [];
  const text = await signKeySetPayload({ ...payload, keys }, root);
  const rules = { anchors: root.anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 1 };
  const keySet = await importKeySet(valueOf(await openKeySet(text, rules, NOW)));
  return {
    kid,
    problems: keySet.skipped.map(({ problem }) => problem),
    outcome: async (token) => {
      const verified = await verifyToken(token, TOKEN_RULES, keySet, NOW);
      return verified.ok ? "accepted" : verified.error.code;
    },
  };
}

describe("a weak key in a signed set is skipped, and the others go on", () => {
  const octets = (...start: number[]): string =>
    encodeBase64url(Uint8Array.from({ length: 32 }, (_, at) => start[at] ?? 0));

  test.each([
    ["RSA of 512 bits", { ...RSA_JWK, n: unsigned(64) }, "modulus_too_small"],
    ["RSA of 1024 bits", { ...RSA_JWK, n: unsigned(128) }, "modulus_too_small"],
    ["RSA of 2047 bits", { ...RSA_JWK, n: unsigned(256, 0x7f) }, "modulus_too_small"],
    ["RSA of 16384 bits, to burn time", { ...RSA_JWK, n: unsigned(2048) }, "modulus_too_large"],
    ["an exponent as long as the modulus, to burn time", { ...RSA_JWK, e: unsigned(256) }, "exponent_invalid"],
    ["an even modulus", { ...RSA_JWK, n: unsigned(256, 0xff, 0xfe) }, "modulus_invalid"],
    ["an even exponent", { ...RSA_JWK, e: "Ag" }, "exponent_invalid"],
    ["a point that is not on the curve", { ...EC_JWK, y: EC_JWK.x }, "import_failed"],
    ["the point (0, 0)", { ...EC_JWK, x: octets(), y: octets() }, "import_failed"],
    ["a coordinate beyond the field", { ...EC_JWK, x: unsigned(32), y: unsigned(32) }, "import_failed"],
    ["a curve that is not the alg's", { ...EC_JWK, alg: "ES384" }, "crv_mismatch"],
    ["secp256k1", { ...EC_JWK, crv: "secp256k1", alg: "ES256K" }, "alg_unsupported"],
    ["X25519, which agrees on keys", { ...OKP_JWK, crv: "X25519" }, "crv_mismatch"],
    ["a symmetric key", { kty: "oct", alg: "HS256", k: "AAAA" }, "private_member"],
    ["a symmetric key under an asymmetric alg", { kty: "oct", alg: "RS256" }, "kty_mismatch"],
    ["a private key", { ...OKP_JWK, d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A" }, "private_member"],
    ["a key for encryption", { ...RSA_JWK, use: "enc" }, "use_not_sig"],
    ["a key to sign with", { ...RSA_JWK, key_ops: ["sign", "verify"] }, "key_ops_not_verify"],
    ["a key without alg", { ...RSA_JWK, alg: undefined }, "alg_unsupported"],
  ])("%s", async (_name, jwk, problem) => {
    const { kid, problems, outcome } = await withJwk({ ...jwk });
    expect(problems).toEqual([problem]);
    expect(await outcome(await forge({ alg: "ES256", kid }, GOOD_CLAIMS, signWith(good)))).toBe("kid_unknown");
    expect(await outcome(await goodToken(good))).toBe("accepted");
  });

  test("an exponent of 1, under which the padded hash is its own signature", async () => {
    const { kid, problems, outcome } = await withJwk({ ...RSA_JWK, e: "AQ" });
    const sign: SignatureOf = async (input) =>
      Uint8Array.from(padded([...DIGEST_INFO.sha256, ...(await digest("SHA-256", input))]));
    expect(problems).toEqual(["exponent_invalid"]);
    expect(await outcome(await forge({ alg: "RS256", kid }, GOOD_CLAIMS, sign))).toBe("kid_unknown");
  });

  test("a point of small order, under which one signature holds for every message", async () => {
    const { kid, problems, outcome } = await withJwk({ ...OKP_JWK, x: octets(1) });
    const universal = Uint8Array.from({ length: 64 }, (_, index) => (index === 0 ? 1 : 0));
    expect(problems).toEqual(["point_weak"]);
    expect(await outcome(await forge({ alg: "EdDSA", kid }, GOOD_CLAIMS, () => universal))).toBe("kid_unknown");
  });

  // Neither Node nor workerd notices at the import; in verify, both do.
  test("a point of Ed25519 that is not on the curve, under which no signature holds", async () => {
    const { kid, outcome } = await withJwk({ ...OKP_JWK, x: octets(2) });
    for (const start of [[], [1], [2]]) {
      const signature = Uint8Array.from({ length: 64 }, (_, at) => start[at] ?? 0);
      expect(await outcome(await forge({ alg: "EdDSA", kid }, GOOD_CLAIMS, () => signature))).toBe("signature_invalid");
    }
    expect(await outcome(await goodToken(good))).toBe("accepted");
  });

  test("a key under a kid that is not its own thumbprint, that of a good key or any other", async () => {
    const stranger = await makeKey("ES256");
    const { problems, outcome } = await withJwk({ ...stranger.jwk, kid: "twin" });
    expect(problems).toEqual(["kid_mismatch"]);
    const forged = (kid: string): Promise<string> =>
      forge({ ...headerFor(good), kid }, GOOD_CLAIMS, signWith(stranger));
    expect(await outcome(await forged("twin"))).toBe("kid_unknown");
    expect(await outcome(await goodToken(good))).toBe("accepted");
    const first = await withJwk({ ...stranger.jwk, kid: good.kid });
    expect(first.problems).toEqual(["kid_repeated", "kid_mismatch"]);
    expect(await first.outcome(await forged(good.kid))).toBe("kid_unknown");
  });
});

describe("documents and tokens do not stand in for each other", () => {
  const rules = (): Parameters<typeof openKeySet>[1] => ({
    anchors: root.anchors,
    issuer: TEST_ISSUER,
    ring: TEST_RING,
    leastRev: 1,
  });

  test("a key set document is no token, not even one signed by a key of the ring", async () => {
    expect(await target.outcome(target.document)).toBe("typ_not_allowed");
    const document = serialiseKeySet(makeDocument([good], NOW));
    const byRing = await signCompactJws(
      { ...headerFor(target.key("ES256")), typ: "jwk-set+jwt" },
      document,
      target.key("ES256"),
    );
    expect(await target.outcome(byRing)).toBe("typ_not_allowed");
    const asToken = await signCompactJws({ ...headerFor(target.root) }, { ...document, ...GOOD_CLAIMS }, target.root);
    expect(await target.outcome(asToken)).toBe("kid_unknown");
  });

  test("a token is no key set document, not even one signed by the root key", async () => {
    const document = serialiseKeySet(makeDocument([good], NOW));
    for (const typ of ["JWT", "at+jwt", undefined]) {
      const token = await signCompactJws({ alg: root.alg, kid: root.kid, typ }, { ...GOOD_CLAIMS, ...document }, root);
      expect(await openKeySet(token, rules(), NOW)).toEqual({ ok: false, error: { code: "key_set_wrong_typ" } });
    }
  });

  test("a plain JWK Set is no key set document", async () => {
    const plain = JSON.stringify({ keys: [good.jwk] });
    expect(await openKeySet(plain, rules(), NOW)).toEqual({ ok: false, error: { code: "key_set_malformed" } });
  });
});

describe("whoever writes KV without the root key", () => {
  test("cannot bring in a key", async () => {
    const rules = { anchors: root.anchors, issuer: TEST_ISSUER, ring: TEST_RING, leastRev: 1 };
    const own = await makeRoot();
    const document = makeDocument([own], NOW);
    const payload = serialiseKeySet(document);
    const [header = "", , signature = ""] = (await signKeySet(makeDocument([good], NOW), root)).split(".");
    const spliced = `${header}.${encodeBase64url(utf8(JSON.stringify(payload)))}.${signature}`;
    const renamed = { ...own, kid: root.kid };
    const jwk = jsonObject(JSON.stringify(own.jwk));
    const embedded = await signCompactJws({ alg: own.alg, kid: own.kid, typ: "jwk-set+jwt", jwk }, payload, own);
    const unsigned = `${spliced.slice(0, spliced.lastIndexOf("."))}.`;
    for (const [text, code] of [
      [await signKeySet(document, own), "key_set_unknown_root"],
      [await signKeySet(document, renamed), "key_set_signature_invalid"],
      [spliced, "key_set_signature_invalid"],
      [embedded, "key_set_unknown_root"],
      [unsigned, "key_set_malformed"],
      [await signKeySet(document, good), "key_set_unknown_root"],
    ] as const) {
      expect(await openKeySet(text, rules, NOW)).toEqual({ ok: false, error: { code } });
    }
  });

  test("cannot make a private key public, for there is none in a set", async () => {
    const { d } = await privateMaterial(good);
    expect(await signKeySet(makeDocument([good], NOW), root)).not.toContain(d);
    expect(JSON.stringify(serialiseKeySet(makeDocument([good], NOW)))).not.toContain('"d"');
  });
});
