/** `createVerifier`: what it demands of its options, and that it verifies as the edge does, in Node and in workerd. */
import { beforeAll, describe, expect, test } from "vitest";
import { createVerifier, fromDocument, fromKv } from "../../../shared/index.ts";
import type { KeySets, Verifier, VerifierOptions } from "../../../shared/index.ts";
import {
  makeDocument,
  makeKey,
  makeRoot,
  seconds,
  signKeySet,
  signToken,
  TEST_ISSUER,
} from "../../support/key-sets.ts";
import type { TestKey, TestRoot } from "../../support/key-sets.ts";
import { errorOf, valueOf } from "../../support/values.ts";

const NOW = 1_800_000_000;
const AUDIENCE = "https://api.example.com";

let root: TestRoot;
let key: TestKey;
let text: string;
let complete: VerifierOptions;
beforeAll(async () => {
  [root, key] = await Promise.all([makeRoot(), makeKey("ES256")]);
  text = await signKeySet(makeDocument([key], seconds(NOW - 10)), root);
  complete = {
    issuer: TEST_ISSUER,
    audiences: [AUDIENCE],
    anchors: [root.jwk],
    keySets: fromDocument(text),
    clock: () => NOW * 1000,
  };
});

function token(claims: object = {}, signer: TestKey = key): Promise<string> {
  return signToken({ iss: TEST_ISSUER, aud: AUDIENCE, sub: "user-1", iat: NOW, exp: NOW + 600, ...claims }, signer);
}

describe("a verifier", () => {
  test("returns header and claims, at first sight and when it remembers the token", async () => {
    const verifier = createVerifier(complete);
    const good = await token();
    for (const sight of [1, 2]) {
      const { header, claims } = valueOf(await verifier.verify(good));
      expect(header, `sight ${sight}`).toEqual({ alg: "ES256", kid: key.kid, typ: "jwt" });
      expect(claims.sub).toBe("user-1");
    }
  });

  test("refuses as the edge does", async () => {
    const verifier = createVerifier(complete);
    const foreign = await makeKey("ES256");
    for (const [bad, code] of [
      [await token({ exp: NOW - 61, iat: NOW - 600 }), "token_expired"],
      [await token({ aud: "elsewhere" }), "audience_mismatch"],
      [await token({ iss: "https://elsewhere.example.com" }), "issuer_mismatch"],
      [await token({}, foreign), "kid_unknown"],
      ["", "token_malformed"],
    ] as const) {
      expect(errorOf(await verifier.verify(bad)).code).toBe(code);
    }
    expect(errorOf(await verifier.verify(undefined as unknown as string)).code).toBe("token_malformed");
  });

  test("without a key set that it may use says so, and that is no fault of the token", async () => {
    const stranger = await makeRoot();
    const others: readonly Partial<VerifierOptions>[] = [
      { anchors: [stranger.jwk] },
      { issuer: "https://elsewhere.example.com" },
      { ring: "west" },
      { minRev: Number.MAX_SAFE_INTEGER },
      { keySets: fromDocument("no document") },
    ];
    for (const options of others) {
      const verifier = createVerifier({ ...complete, ...options });
      const error = errorOf(await verifier.verify(await token()));
      expect(error).toMatchObject({ code: "keys_unavailable", retryAfterSeconds: expect.any(Number) });
      expect((await verifier.status())[0]?.rev).toBeUndefined();
    }
  });

  test("stands on its last document when its place has nothing, and on none past `exp`", async () => {
    let nowMs = NOW * 1000;
    const empty: KeySets = { readerOf: () => ({ read: () => Promise.resolve(null) }) };
    const verifier = createVerifier({ ...complete, keySets: empty, bootstrapKeySet: text, clock: () => nowMs });
    expect((await verifier.verify(await token())).ok).toBe(true);
    expect(await verifier.status()).toMatchObject([{ source: "bootstrap", problem: "key_set_missing" }]);
    nowMs = (NOW + 90_000) * 1000;
    expect(errorOf(await verifier.verify(await token())).code).toBe("keys_unavailable");
  });

  test("narrows algorithms and types", async () => {
    const good = await token();
    const rsaOnly = createVerifier({ ...complete, algs: ["RS256"] });
    expect(errorOf(await rsaOnly.verify(good)).code).toBe("alg_not_allowed");
    const accessOnly = createVerifier({ ...complete, typs: ["at+jwt", "none"] });
    expect(errorOf(await accessOnly.verify(good)).code).toBe("typ_not_allowed");
  });
});

describe("options", () => {
  const without = (name: keyof VerifierOptions): VerifierOptions => {
    const { [name]: _left, ...rest } = complete;
    return rest as VerifierOptions;
  };

  test.each(["issuer", "audiences", "anchors", "keySets"] as const)("without %s: a TypeError that names it", (name) => {
    expect(() => createVerifier(without(name))).toThrow(TypeError);
    expect(() => createVerifier(without(name))).toThrow(name);
  });

  test.each([
    ["issuer", "http://auth.example.com"],
    ["audiences", []],
    ["audiences", AUDIENCE],
    ["audiences", ["with blanks "]],
    ["anchors", []],
    ["anchors", [{}, {}, {}, {}]],
    ["anchors", [{ kty: "oct", alg: "HS256", k: "c2VjcmV0" }]],
    ["anchors", "[]"],
    ["keySets", { get: () => Promise.resolve(null) }],
    ["ring", ""],
    ["ring", null],
    ["minRev", "1"],
    ["minRev", Number.NaN],
    ["bootstrapKeySet", ""],
    ["bootstrapKeySet", { west: "a.b.c" }],
    ["bootstrapKeySet", "not a document"],
    ["algs", []],
    ["algs", ["HS256"]],
    ["algs", "ES256"],
    ["typs", []],
    ["typs", ["id+jwt"]],
    ["clock", NOW],
  ])("%s: %j is a TypeError that names it", (name, value) => {
    expect(() => createVerifier({ ...complete, [name]: value })).toThrow(TypeError);
    expect(() => createVerifier({ ...complete, [name]: value })).toThrow(name);
  });

  test.each([
    ["audience", "audiences"],
    ["trustAnchors", "anchors"],
    ["max_rev", undefined],
    ["TYPS", "typs"],
  ])("one that does not exist is refused: %s", (name, meant) => {
    const hint = meant === undefined ? name : `${name} \\(use ${meant}\\)`;
    expect(() => createVerifier({ ...complete, [name]: "x" })).toThrow(
      new RegExp(`^createVerifier: the options .* ${hint} `),
    );
  });

  test("all that is wrong is named at once", () => {
    expect(() => createVerifier({} as VerifierOptions)).toThrow(/issuer .*; anchors .*; keySets .*; audiences /);
  });

  test("a context without waitUntil is refused by the first call, not only by one that begins a refresh", async () => {
    const verifier = createVerifier(complete);
    for (const context of [{}, { waitUntil: true }, null]) {
      const call = verifier.verify(await token(), context as unknown as undefined);
      await expect(call).rejects.toThrow(/verify: the context must be the request's ExecutionContext/);
    }
  });

  test("a clock that returns no number refuses, also a token that is remembered", async () => {
    let now: unknown = NOW * 1000;
    const verifier: Verifier = createVerifier({ ...complete, clock: () => now as number });
    const good = await token();
    expect((await verifier.verify(good)).ok).toBe(true);
    for (now of [Number.NaN, undefined, "1800000000000"]) {
      await expect(verifier.verify(good)).rejects.toThrow(TypeError);
    }
  });

  test("an anchor whose kid is another key's refuses every token", async () => {
    const verifier = createVerifier({ ...complete, anchors: [{ ...root.jwk, kid: key.kid }] });
    await expect(verifier.verify(await token())).rejects.toThrow(/anchors\[0\] kid_mismatch/);
  });

  test("a place that is none is a TypeError", () => {
    for (const nothing of [undefined, null, "KEY_SETS", {}]) {
      expect(() => fromKv(nothing as Parameters<typeof fromKv>[0])).toThrow(TypeError);
    }
    for (const nothing of [undefined, null, "", {}]) {
      expect(() => fromDocument(nothing as string)).toThrow(TypeError);
    }
  });
});
