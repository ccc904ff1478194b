/**
 * The exported checks as a program in JavaScript may call them: what the types demand and the caller leaves out is refused, and
 * never a check that is switched off.
 */
import { beforeAll, describe, expect, test } from "vitest";
import * as verify from "../../../shared/index.ts";
import { checkClaims } from "../../../shared/claims.ts";
import { NOW } from "../../support/claims-samples.ts";
import { goodToken } from "../../support/forge.ts";
import { makeKey } from "../../support/key-sets.ts";
import type { TestKey } from "../../support/key-sets.ts";
import { TOKEN_RULES, targetFor } from "../../support/target.ts";
import type { Target } from "../../support/target.ts";
import { changed, NO_TIMES, untyped } from "../../support/untyped.ts";
import { kidOf } from "../../support/values.ts";

let key: TestKey;
let target: Target;
beforeAll(async () => {
  key = await makeKey("ES256");
  target = await targetFor([key]);
});

describe("verifyToken", () => {
  const check = untyped(verify.verifyToken);
  const expired = (): Promise<string> => goodToken(key, { exp: NOW - 7200, iat: NOW - 7300, nbf: NOW - 7300 });
  const eternal = (): Promise<string> => goodToken(key, { exp: NOW + 360_000 });

  test.each(NO_TIMES)("with %s as now refuses", async (now) => {
    for (const token of [await expired(), await goodToken(key)]) {
      await expect(check(token, TOKEN_RULES, target.keySet, now)).rejects.toThrow("now must be epoch seconds");
    }
  });

  test.each([
    ["clockSkewSeconds", undefined, expired],
    ["clockSkewSeconds", Number.NaN, expired],
    ["clockSkewSeconds", "60", expired],
    ["clockSkewSeconds", Infinity, expired],
    ["maxTokenTtlSeconds", undefined, eternal],
    ["maxTokenTtlSeconds", Number.NaN, eternal],
    ["maxTokenBytes", undefined, eternal],
    ["audiences", undefined, () => goodToken(key)],
    // Text would be searched for a part of itself.
    ["audiences", "https://orders.example.com", () => goodToken(key, { aud: "orders" })],
    ["audiences", "orders", () => goodToken(key, { aud: "" })],
    ["issuer", undefined, () => goodToken(key)],
    ["algs", ["ES256"], () => goodToken(key)],
    ["typs", undefined, () => goodToken(key)],
  ] as const)("with rules whose %s is %s refuses", async (member, value, token) => {
    const rules = changed(TOKEN_RULES, member, value);
    await expect(check(await token(), rules, target.keySet, NOW)).rejects.toThrow(TypeError);
  });

  test.each([undefined, null, 5, ["a.b.c"], {}])("with %j as token refuses", async (token) => {
    const verified: unknown = await check(token, TOKEN_RULES, target.keySet, NOW);
    expect(verified).toMatchObject({ ok: false, error: { code: "token_malformed" } });
  });

  test("with a signature step that answers something truthy refuses", async () => {
    const step = async (): Promise<object> => ({ ok: false });
    const verified: unknown = await check(await goodToken(key), TOKEN_RULES, target.keySet, NOW, step);
    expect(verified).toMatchObject({ ok: false, error: { code: "signature_invalid" } });
  });

  test("a comparison with NaN refuses, wherever it comes from", () => {
    const claims = { iss: TOKEN_RULES.issuer, aud: "orders", exp: NOW + 60, iat: NOW, nbf: NOW };
    const outcomes = [
      untyped(checkClaims)(claims, TOKEN_RULES, Number.NaN),
      untyped(checkClaims)(claims, { ...TOKEN_RULES, clockSkewSeconds: Number.NaN }, NOW),
      untyped(checkClaims)(claims, { ...TOKEN_RULES, maxTokenTtlSeconds: Number.NaN }, NOW),
    ];
    for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: false });
  });
});

describe("openKeySet", () => {
  const check = untyped(verify.openKeySet);
  const rules = (): object => ({ anchors: target.root.anchors, issuer: TOKEN_RULES.issuer, ring: "main", leastRev: 1 });

  test("with everything that it needs opens the document", async () => {
    expect(await check(target.document, rules(), NOW)).toMatchObject({ ok: true });
  });

  test.each(NO_TIMES)("with %s as now refuses", async (now) => {
    await expect(check(target.document, rules(), now)).rejects.toThrow("now must be epoch seconds");
  });

  test.each([
    ["leastRev", undefined],
    ["leastRev", Number.NaN],
    ["issuer", undefined],
    ["ring", undefined],
    ["anchors", undefined],
  ])("with rules whose %s is %s refuses", async (member, value) => {
    await expect(check(target.document, changed(rules(), member, value), NOW)).rejects.toThrow(TypeError);
  });

  test("with something else than a text refuses", async () => {
    expect(await check(undefined, rules(), NOW)).toMatchObject({ ok: false });
  });
});

describe("the other functions", () => {
  test("of time take numbers, and of audiences arrays", () => {
    for (const ms of [undefined, Number.NaN, "1"]) {
      expect(() => untyped(verify.epochSecondsFromMs)(ms)).toThrow(TypeError);
    }
    expect(() => untyped(verify.namesOneOf)("order", "orders")).toThrow(TypeError);
  });

  test("of keys parse what nobody has parsed", async () => {
    const weak = { kty: "RSA", alg: "RS256", n: Buffer.alloc(64, 0xff).toString("base64url"), e: "AQAB" };
    expect(await untyped(verify.importVerificationKey)(weak, kidOf("weak"))).toBeUndefined();
    expect(await untyped(verify.importVerificationKey)({ ...key.jwk, d: "AA" }, key.kid)).toBeUndefined();
    expect(await untyped(verify.importVerificationKey)(key.jwk, undefined)).toBeUndefined();
    expect(await verify.importVerificationKey(key.jwk, key.kid)).toBeDefined();
  });
});
