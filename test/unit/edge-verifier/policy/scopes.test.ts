/** The scopes that a token grants. */
import { expect, test } from "vitest";
import { isScopeToken, scopesOf } from "../../../../edge-verifier/policy/scopes.ts";
import { seconds } from "../../../support/key-sets.ts";

test.each([
  ["orders admin", ["orders", "admin"]],
  ["  orders   ", ["orders"]],
  [["orders", "no admin", 7, ""], ["orders"]],
  ["orders\tadmin", []],
  [{ orders: true }, []],
  [undefined, []],
])("%j grants %j", (scope, expected) => {
  const claims = { iss: "https://auth.example.com", aud: "a", exp: seconds(1), scope };
  expect([...scopesOf(claims)]).toEqual(expected);
});

test.each(['a"b', "a\\b", "a b", "é", "", 7])("%j is no scope", (text) => {
  expect(isScopeToken(text)).toBe(false);
});
