/** What a requirement asks of a verified token: every word by itself, and together. */
import { describe, expect, test } from "vitest";
import { firstDenial } from "../../../../edge-verifier/policy/checks.ts";
import type { PolicyDenial } from "../../../../edge-verifier/policy/checks.ts";
import { compileRequirement } from "../../../../edge-verifier/policy/compile-requirement.ts";
import type { Requirement } from "../../../../edge-verifier/policy/requirement.ts";
import { scopesOf } from "../../../../edge-verifier/policy/scopes.ts";
import type { VerifiedClaims } from "../../../../shared/claims.ts";
import { parseJsonObject } from "../../../../shared/json.ts";
import type { JsonObject } from "../../../../shared/json.ts";
import { seconds } from "../../../support/key-sets.ts";
import { valueOf } from "../../../support/values.ts";

const NOW = seconds(1_800_000_000);

/** As the verifier hands them on: parsed from the token's own text. */
function claimsOf(extra: JsonObject): VerifiedClaims {
  const registered = { iss: "https://auth.example.com", aud: ["a", "b"], iat: NOW - 50, exp: NOW + 600 };
  const bytes = new TextEncoder().encode(JSON.stringify({ ...registered, ...extra }));
  return valueOf(parseJsonObject(bytes)) as VerifiedClaims;
}

function denialOf(requirement: Requirement, extra: JsonObject = {}): PolicyDenial | undefined {
  const found: string[] = [];
  const checks = compileRequirement(requirement, "require", found);
  expect(found).toEqual([]);
  const claims = claimsOf(extra);
  return firstDenial(checks, { claims, scopes: scopesOf(claims), now: NOW });
}

describe("satisfied", () => {
  const cases: readonly (readonly [string, Requirement, JsonObject])[] = [
    ["nothing is asked for", {}, {}],
    ["every scope is there", { scope: ["a", "b"] }, { scope: "b c a" }],
    ["one of the scopes is there", { anyScope: ["x", "b"] }, { scope: ["b"] }],
    [
      "a claim is equal",
      { claims: { tenant: "acme", level: 3, staff: true } },
      { tenant: "acme", level: 3, staff: true },
    ],
    ["a claim is equal, written out", { claims: { tenant: { equals: "acme" } } }, { tenant: "acme" }],
    ["a claim is one of several", { claims: { plan: { oneOf: ["pro", "team"] } } }, { plan: "team" }],
    ["an array contains", { claims: { groups: { contains: "ops" } } }, { groups: ["dev", "ops"] }],
    [
      "a nested array contains",
      { claims: { realm_access: { at: ["roles"], contains: "admin" } } },
      { realm_access: { roles: ["user", "admin"] } },
    ],
    [
      "names with dots and slashes are names",
      { claims: { "https://example.com/a.b": { at: ["c.d", "e/f"], equals: 1 } } },
      { "https://example.com/a.b": { "c.d": { "e/f": 1 } } },
    ],
    ["the audience is one of the rule's", { audience: ["x", "b"] }, {}],
    ["acr is one of several", { acr: ["loa2", "loa3"] }, { acr: "loa3" }],
    ["the user has just authenticated", { maxAgeSeconds: 60 }, { auth_time: NOW - 60 }],
    ["without auth_time, the token is new enough", { maxAgeSeconds: 60 }, {}],
    ["all of several", { allOf: [{ scope: ["a"] }, { claims: { t: 1 } }] }, { scope: "a", t: 1 }],
    ["the second of two alternatives", { anyOf: [{ scope: ["a"] }, { claims: { t: 1 } }] }, { t: 1 }],
    [
      "compositions inside compositions",
      { scope: ["s"], anyOf: [{ allOf: [{ scope: ["a"] }, { anyOf: [{ acr: ["x"] }, { claims: { t: 1 } }] }] }] },
      { scope: "s a", t: 1 },
    ],
  ];
  test.each(cases)("%s", (_name, requirement, claims) => {
    expect(denialOf(requirement, claims)).toBeUndefined();
  });
});

describe("denied, with what is missing by the policy's own names", () => {
  const cases: readonly (readonly [string, Requirement, JsonObject, PolicyDenial])[] = [
    ["one scope of two", { scope: ["a", "b"] }, { scope: "a" }, { code: "scope_missing", scope: ["a", "b"] }],
    [
      "a part of a scope's name",
      { scope: ["admin"] },
      { scope: "admins" },
      { code: "scope_missing", scope: ["admin"] },
    ],
    ["no scope of several", { anyScope: ["a", "b"] }, {}, { code: "any_scope_missing", anyScope: ["a", "b"] }],
    ["another value", { claims: { t: "a" } }, { t: "b" }, { code: "claim_not_equal", claim: "t" }],
    ["the same value of another type", { claims: { n: 1 } }, { n: "1" }, { code: "claim_not_equal", claim: "n" }],
    ["an array for a scalar", { claims: { t: "a" } }, { t: ["a"] }, { code: "claim_not_equal", claim: "t" }],
    [
      "none of several values",
      { claims: { p: { oneOf: ["x", "y"] } } },
      { p: "z" },
      { code: "claim_not_one_of", claim: "p" },
    ],
    [
      "an array for one of several",
      { claims: { p: { oneOf: ["x"] } } },
      { p: ["x"] },
      { code: "claim_not_one_of", claim: "p" },
    ],
    [
      "an array without it",
      { claims: { g: { contains: "x" } } },
      { g: ["xy"] },
      { code: "claim_lacks_value", claim: "g" },
    ],
    [
      "text that contains it",
      { claims: { g: { contains: "x" } } },
      { g: "x" },
      { code: "claim_lacks_value", claim: "g" },
    ],
    [
      "a claim whose name is spelt like a path",
      { claims: { realm_access: { at: ["roles"], contains: "admin" } } },
      { "realm_access.roles": ["admin"] },
      { code: "claim_lacks_value", claim: "realm_access.roles" },
    ],
    [
      "a path where a name is asked for",
      { claims: { "realm_access.roles": { contains: "admin" } } },
      { realm_access: { roles: ["admin"] } },
      { code: "claim_lacks_value", claim: "realm_access.roles" },
    ],
    [
      "what every object has",
      { claims: { a: { at: ["constructor", "name"], equals: "Object" } } },
      { a: {} },
      { code: "claim_not_equal", claim: "a.constructor.name" },
    ],
    [
      "what every array has",
      { claims: { a: { at: ["length"], equals: 1 } } },
      { a: ["x"] },
      { code: "claim_not_equal", claim: "a.length" },
    ],
    [
      "an element by its index",
      { claims: { a: { at: ["0"], equals: "x" } } },
      { a: ["x"] },
      { code: "claim_not_equal", claim: "a.0" },
    ],
    ["another audience", { audience: ["x"] }, {}, { code: "audience_not_allowed", audience: ["x"] }],
    ["another acr", { acr: ["loa3"] }, { acr: "loa1" }, { code: "acr_not_allowed", acr: ["loa3"] }],
    ["no acr", { acr: ["loa3"] }, {}, { code: "acr_not_allowed", acr: ["loa3"] }],
    [
      "an old authentication",
      { maxAgeSeconds: 60 },
      { auth_time: NOW - 61 },
      { code: "authentication_too_old", maxAgeSeconds: 60 },
    ],
    [
      "an old token without auth_time",
      { maxAgeSeconds: 49 },
      {},
      { code: "authentication_too_old", maxAgeSeconds: 49 },
    ],
    [
      "neither auth_time nor iat",
      { maxAgeSeconds: 60 },
      { iat: undefined },
      { code: "authentication_too_old", maxAgeSeconds: 60 },
    ],
    [
      "an auth_time that is null, although the token is new",
      { maxAgeSeconds: 60 },
      { auth_time: null },
      { code: "authentication_too_old", maxAgeSeconds: 60 },
    ],
    [
      "an auth_time that is no time",
      { maxAgeSeconds: 60 },
      { auth_time: "now" },
      { code: "authentication_too_old", maxAgeSeconds: 60 },
    ],
    [
      "an auth_time in milliseconds",
      { maxAgeSeconds: 60 },
      { auth_time: NOW * 1000 },
      { code: "authentication_too_old", maxAgeSeconds: 60 },
    ],
    [
      "one of all",
      { allOf: [{ scope: ["a"] }, { claims: { t: 1 } }] },
      { scope: "a" },
      { code: "claim_not_equal", claim: "t" },
    ],
    [
      "every alternative",
      { anyOf: [{ scope: ["a"] }, { claims: { t: 1 } }] },
      {},
      {
        code: "alternatives_denied",
        alternatives: [
          { code: "scope_missing", scope: ["a"] },
          { code: "claim_not_equal", claim: "t" },
        ],
      },
    ],
    [
      "what stands beside a satisfied alternative",
      { scope: ["s"], anyOf: [{ claims: { t: 1 } }] },
      { t: 1 },
      { code: "scope_missing", scope: ["s"] },
    ],
  ];
  test.each(cases)("%s", (_name, requirement, claims, denial) => {
    expect(denialOf(requirement, claims)).toEqual(denial);
  });
});

test("a member that some library has put onto every object is no claim", () => {
  const prototype: Record<string, unknown> = Object.prototype as never;
  prototype["polluted"] = "yes";
  try {
    for (const path of [{ claims: { polluted: "yes" } }, { claims: { a: { at: ["polluted"], equals: "yes" } } }]) {
      expect(denialOf(path, { a: {} })).toMatchObject({ code: "claim_not_equal" });
    }
  } finally {
    delete prototype["polluted"];
  }
});
