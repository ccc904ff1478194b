/** exp, nbf, iat and the lifetime: each boundary from both sides, and each value that only looks like a time. */
import { describe, expect, test } from "vitest";
import { checkClaims, checkTimes } from "../../../shared/claims.ts";
import type { ClaimsRules } from "../../../shared/claims.ts";
import type { JsonObject } from "../../../shared/json.ts";
import type { TokenRejection } from "../../../shared/rejection.ts";
import { seconds } from "../../support/key-sets.ts";
import { valueOf } from "../../support/values.ts";
import { CLAIMS_RULES as RULES, GOOD_CLAIMS, NOW } from "../../support/claims-samples.ts";

const K = RULES.clockSkewSeconds;
const L = RULES.maxTokenTtlSeconds;

function problemOf(changes: JsonObject, rules: ClaimsRules = RULES): TokenRejection | "none" {
  const checked = checkClaims({ ...GOOD_CLAIMS, ...changes }, rules, NOW);
  return checked.ok ? "none" : checked.error;
}

/** JSON values that are not a NumericDate; the numbers are what JSON.parse makes of 1e999 and the like. */
const NOT_TIMES: readonly (readonly [JsonObject["x"]])[] = [
  ["1800000600"],
  [""],
  [null],
  [true],
  [[]],
  [[NOW + 600]],
  [{}],
  [Number.NaN],
  [Number.POSITIVE_INFINITY],
  [Number.NEGATIVE_INFINITY],
  [-1],
  [8_640_000_000_001],
  [1e18],
  [Number.MAX_VALUE],
];

describe("exp", () => {
  test("is required", () => {
    expect(problemOf({ exp: undefined })).toEqual({ code: "claim_missing", claim: "exp" });
  });

  test.each(NOT_TIMES)("%j is not a time", (exp) => {
    expect(problemOf({ exp })).toEqual({ code: "claim_invalid", claim: "exp" });
  });

  test("at now - K is over, and just after it is not", () => {
    const early = { iat: NOW - 600, nbf: NOW - 600 };
    expect(problemOf({ ...early, exp: NOW - K })).toEqual({ code: "token_expired", expiredForSeconds: K });
    expect(problemOf({ ...early, exp: NOW - K - 1 })).toEqual({ code: "token_expired", expiredForSeconds: K + 1 });
    expect(problemOf({ ...early, exp: 0 })).toEqual({ code: "token_expired", expiredForSeconds: NOW });
    expect(problemOf({ ...early, exp: NOW - K + 0.001 })).toBe("none");
    expect(problemOf({ ...early, exp: NOW - K + 1 })).toBe("none");
  });

  test("without leeway at now is over", () => {
    const strict = { ...RULES, clockSkewSeconds: 0 };
    expect(problemOf({ exp: NOW }, strict)).toEqual({ code: "token_expired", expiredForSeconds: 0 });
    expect(problemOf({ exp: NOW + 1 }, strict)).toBe("none");
  });
});

describe("nbf", () => {
  test("may be absent", () => {
    expect(problemOf({ nbf: undefined })).toBe("none");
  });

  test.each(NOT_TIMES)("%j is not a time", (nbf) => {
    expect(problemOf({ nbf })).toEqual({ code: "claim_invalid", claim: "nbf" });
  });

  test("at now + K is reached, and just after it is not", () => {
    expect(problemOf({ nbf: NOW + K })).toBe("none");
    expect(problemOf({ nbf: NOW + K + 1 })).toEqual({ code: "token_not_yet_valid", validInSeconds: K + 1 });
    expect(problemOf({ nbf: NOW + K + 0.5 })).toEqual({ code: "token_not_yet_valid", validInSeconds: K + 0.5 });
  });
});

describe("iat", () => {
  test("may be absent", () => {
    expect(problemOf({ iat: undefined })).toBe("none");
  });

  test.each(NOT_TIMES)("%j is not a time", (iat) => {
    expect(problemOf({ iat })).toEqual({ code: "claim_invalid", claim: "iat" });
  });

  test("at now + K is not in the future, and just after it is", () => {
    expect(problemOf({ iat: NOW + K })).toBe("none");
    expect(problemOf({ iat: NOW + K + 1 })).toEqual({ code: "token_issued_in_future", aheadSeconds: K + 1 });
    expect(problemOf({ iat: NOW + K + 0.5 })).toEqual({ code: "token_issued_in_future", aheadSeconds: K + 0.5 });
  });
});

describe("the lifetime", () => {
  test("from iat to exp may be L and no longer", () => {
    expect(problemOf({ exp: NOW - 10 + L })).toBe("none");
    expect(problemOf({ exp: NOW - 10 + L + 1 })).toEqual({
      code: "token_lifetime_too_long",
      lifetimeSeconds: L + 1,
      maxSeconds: L,
    });
    expect(problemOf({ exp: 8_640_000_000_000 })).toMatchObject({ code: "token_lifetime_too_long" });
  });

  test("is counted from iat even for a token that began long ago", () => {
    expect(problemOf({ iat: NOW - L, exp: NOW })).toBe("none");
    expect(problemOf({ iat: NOW - L - 1, exp: NOW })).toMatchObject({ code: "token_lifetime_too_long" });
    expect(problemOf({ iat: 0, exp: NOW + 1 })).toMatchObject({ code: "token_lifetime_too_long" });
  });

  test("without iat is counted from the latest time at which the token can have been made", () => {
    expect(problemOf({ iat: undefined, exp: NOW + K + L })).toBe("none");
    expect(problemOf({ iat: undefined, exp: NOW + K + L + 1 })).toEqual({
      code: "token_lifetime_too_long",
      lifetimeSeconds: L + 1,
      maxSeconds: L,
    });
  });
});

test("a token that is remembered is asked the same again, also when the clock has been set back", () => {
  const claims = valueOf(checkClaims({ ...GOOD_CLAIMS, nbf: NOW - 5 }, RULES, NOW));
  expect(checkTimes(claims, RULES, NOW)).toBeUndefined();
  expect(checkTimes(claims, RULES, seconds(NOW + 600 + K - 1))).toBeUndefined();
  expect(checkTimes(claims, RULES, seconds(NOW + 600 + K))).toEqual({ code: "token_expired", expiredForSeconds: K });
  expect(checkTimes(claims, RULES, seconds(NOW - 5 - K))).toBeUndefined();
  expect(checkTimes(claims, RULES, seconds(NOW - 6 - K))).toEqual({
    code: "token_not_yet_valid",
    validInSeconds: K + 1,
  });
  const issued = valueOf(checkClaims({ ...GOOD_CLAIMS, nbf: undefined }, RULES, NOW));
  expect(checkTimes(issued, RULES, seconds(NOW - 11 - K))).toEqual({
    code: "token_issued_in_future",
    aheadSeconds: K + 1,
  });
});
