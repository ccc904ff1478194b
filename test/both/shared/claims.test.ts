/** Registered claims other than the times: iss, aud, sub and jti, and the order in which they are checked. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkClaims, namesOneOf } from "../../../shared/claims.ts";
import type { TokenRejection } from "../../../shared/rejection.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { seconds } from "../../support/key-sets.ts";
import { jsonObject } from "../../support/values.ts";
import { CLAIMS_RULES as RULES, GOOD_CLAIMS, NOW } from "../../support/claims-samples.ts";

function problemOf(changes: JsonObject): TokenRejection | "none" {
  const checked = checkClaims({ ...GOOD_CLAIMS, ...changes }, RULES, NOW);
  return checked.ok ? "none" : checked.error;
}

test("a claims set that holds is returned as it is", () => {
  const claims = { ...GOOD_CLAIMS, scope: "read", nested: { a: [1] } };
  expect(checkClaims(claims, RULES, NOW)).toEqual({ ok: true, value: claims });
});

describe("iss", () => {
  test("is required", () => {
    expect(problemOf({ iss: undefined })).toEqual({ code: "claim_missing", claim: "iss" });
  });

  test.each([[null], [1], [true], [["https://auth.example.com"]], [{}]])("%j is not a string", (iss) => {
    expect(problemOf({ iss })).toEqual({ code: "claim_invalid", claim: "iss" });
  });

  test.each([
    [""],
    ["https://auth.example.com/"],
    ["https://AUTH.example.com"],
    ["https://auth.example.com:443"],
    ["http://auth.example.com"],
    [" https://auth.example.com"],
    ["https://auth.example.com\0"],
    ["https://auth.example.com.attacker.example"],
    ["https://attacker.example"],
  ])("%j is another issuer: the comparison is exact", (iss) => {
    expect(problemOf({ iss })).toEqual({ code: "issuer_mismatch", iss });
  });
});

describe("aud", () => {
  test("is required", () => {
    expect(problemOf({ aud: undefined })).toEqual({ code: "claim_missing", claim: "aud" });
  });

  test.each([
    ["orders"],
    ["reports"],
    [["orders"]],
    [["elsewhere", "reports"]],
    [["orders", "orders"]],
    [["", "orders"]],
  ])("%j names one of the audiences", (aud) => {
    expect(problemOf({ aud })).toBe("none");
  });

  test.each([
    [""],
    ["order"],
    ["orders "],
    ["Orders"],
    ["orders,reports"],
    ["orders reports"],
    [["elsewhere"]],
    [["orders,reports"]],
  ])("%j names none of the audiences", (aud) => {
    expect(problemOf({ aud })).toEqual({ code: "audience_mismatch", aud: [aud].flat() });
  });

  test.each([
    [null],
    [true],
    [0],
    [{}],
    [{ orders: true }],
    [{ 0: "orders", length: 1 }],
    [[]],
    [["orders", 1]],
    [[null]],
    [[["orders"]]],
    [["orders", null]],
  ])("%j is neither a string nor an array of strings", (aud) => {
    expect(problemOf({ aud })).toEqual({ code: "claim_invalid", claim: "aud" });
  });

  test("namesOneOf compares whole strings", () => {
    expect(namesOneOf("orders", ["orders"])).toBe(true);
    expect(namesOneOf(["a", "orders"], ["b", "orders"])).toBe(true);
    expect(namesOneOf("orders-admin", ["orders"])).toBe(false);
    expect(namesOneOf([], ["orders"])).toBe(false);
    expect(namesOneOf(["orders"], [])).toBe(false);
  });
});

describe.each(["sub", "jti"])("%s", (claim) => {
  test("may be absent, and is any string otherwise", () => {
    expect(problemOf({ [claim]: undefined })).toBe("none");
    expect(problemOf({ [claim]: "" })).toBe("none");
    expect(problemOf({ [claim]: "user:1" })).toBe("none");
  });

  test.each([[null], [1], [true], [["a"]], [{}]])("%j is not a string", (value) => {
    expect(problemOf({ [claim]: value })).toEqual({ code: "claim_invalid", claim });
  });
});

test("the checks come in a fixed order: iss, aud, exp, nbf, iat, lifetime, sub, jti", () => {
  const broken: [string, JsonObject, string][] = [
    ["iss", { iss: "https://attacker.example" }, "issuer_mismatch"],
    ["aud", { aud: "elsewhere" }, "audience_mismatch"],
    ["exp", { exp: NOW - 1000 }, "token_expired"],
    ["nbf", { nbf: NOW + 1000 }, "token_not_yet_valid"],
    ["iat", { iat: NOW + 1000 }, "token_issued_in_future"],
    ["sub", { sub: 1 }, "claim_invalid"],
    ["jti", { jti: 1 }, "claim_invalid"],
  ];
  for (const [index, [, , code]] of broken.entries()) {
    const changes = broken.slice(index).reduce<JsonObject>((all, [, change]) => ({ ...all, ...change }), {});
    expect(problemOf(changes)).toMatchObject({ code });
  }
  expect(problemOf({ iat: NOW - 10, exp: NOW + 3591, sub: 1 })).toMatchObject({ code: "token_lifetime_too_long" });
  expect(problemOf({ sub: 1, jti: 1 })).toEqual({ code: "claim_invalid", claim: "sub" });
});

test("an inherited name is not a claim", () => {
  const claims = jsonObject('{"__proto__":{"iss":"https://auth.example.com","aud":"orders","exp":1800000600}}');
  expect(checkClaims(claims, RULES, NOW)).toEqual({ ok: false, error: { code: "claim_missing", claim: "iss" } });
});

test("no claims set makes the check throw", () => {
  const names = fc.constantFrom("iss", "aud", "exp", "nbf", "iat", "sub", "jti", "__proto__");
  fc.assert(
    fc.property(fc.dictionary(names, fc.jsonValue()), fc.nat(), (changes, now) => {
      const claims = jsonObject(JSON.stringify({ ...GOOD_CLAIMS, ...changes }));
      return typeof checkClaims(claims, RULES, seconds(now)).ok === "boolean";
    }),
    { numRuns: 1000 },
  );
});
