/** Where a foreign token's scopes come from. What is asked of its claims is tested with the providers' own, in tokens.test.ts. */
import { expect, test } from "vitest";
import { checkForeignClaims, foreignScope } from "../../../../shared/foreign/claims.ts";
import { parseForeignIssuer } from "../../../../shared/foreign/issuer.ts";
import type { ForeignIssuer } from "../../../../shared/foreign/issuer.ts";
import { seconds } from "../../../support/key-sets.ts";

const NOW = seconds(1_800_000_000);
const CLAIMS = { iss: "https://login.acme.example", aud: "api", exp: NOW + 60, iat: NOW };

function issuerWith(more: object): ForeignIssuer {
  const parsed = parseForeignIssuer({
    issuer: CLAIMS.iss,
    jwks_uri: "https://login.acme.example/jwks",
    algs: ["ES256"],
    audiences: ["api"],
    ...more,
  });
  if (!parsed.ok) throw new TypeError(parsed.error.join("; "));
  return parsed.value;
}

test.each([
  ["scope as text", {}, { scope: "a b", scp: "c" }, "a b"],
  ["scope as an array", {}, { scope: ["a", "b"] }, ["a", "b"]],
  ["scp as text", {}, { scp: "a b" }, "a b"],
  ["scp as an array", {}, { scp: ["a", "b"] }, ["a", "b"]],
  ["permissions, which the entry names", { scope_claim: "permissions" }, { scope: "x", permissions: ["a"] }, ["a"]],
  [
    "a claim that the entry names and the token lacks",
    { scope_claim: "permissions" },
    { scope: "x", scp: "y" },
    undefined,
  ],
  ["what is neither", {}, { scope: { a: true } }, undefined],
  ["a number", {}, { scp: 7 }, undefined],
  ["nothing", {}, {}, undefined],
])("%s", (_name, entry, claims, scope) => {
  const issuer = issuerWith(entry);
  const checked = checkForeignClaims({ ...CLAIMS, ...claims }, issuer, NOW);
  if (!checked.ok) throw new TypeError(checked.error.code);
  expect(foreignScope(checked.value, issuer)).toEqual(scope);
});

test.each([
  ["the value itself", { level: 3 }, undefined],
  ["its text", { level: "3" }, "claim_not_accepted"],
  ["a list with it", { level: [3] }, "claim_not_accepted"],
  ["null", { level: null }, "claim_not_accepted"],
  ["nothing", {}, "claim_missing"],
])("a pinned claim is compared exactly: %s", (_name, claims, code) => {
  const checked = checkForeignClaims({ ...CLAIMS, ...claims }, issuerWith({ claims: { level: [3, 4] } }), NOW);
  expect(checked.ok ? undefined : checked.error.code).toBe(code);
});

test.each([
  ["the limit of the entry", { max_token_ttl: 60 }, { exp: NOW + 61 }, "token_lifetime_too_long"],
  ["the leeway of the entry", { clock_skew: 0 }, { exp: NOW }, "token_expired"],
  [
    "both an audience and a client",
    { client_ids: ["web"], claims: { typ: ["Bearer"] } },
    { typ: "Bearer" },
    "client_not_allowed",
  ],
])("%s holds", (_name, entry, claims, code) => {
  const checked = checkForeignClaims({ ...CLAIMS, ...claims }, issuerWith(entry), NOW);
  expect(checked.ok ? undefined : checked.error.code).toBe(code);
});
