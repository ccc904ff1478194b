/** A refusal as one line for the log of an app. */
import { expect, test } from "vitest";
import { explainRefusal } from "../../../../edge-verifier/request/explain.ts";

test("has the code on the wire, the precise reason, a sentence and the evidence", () => {
  expect(explainRefusal({ code: "token_expired", expiredForSeconds: 100 })).toBe(
    'invalid_token (token_expired): The token has expired. {"expiredForSeconds":100}',
  );
});

test("says nothing twice, and nothing that it does not know", () => {
  expect(explainRefusal({ code: "token_missing" })).toBe("token_missing: The request has no bearer token.");
  expect(explainRefusal({ code: "scope_missing", scope: ["admin"] })).toBe(
    'insufficient_scope (scope_missing): The token lacks a scope. {"scope":["admin"]}',
  );
});

test("names the places of the credentials, where there is more than one", () => {
  expect(explainRefusal({ code: "cross_site_request" }, ["cookie"])).toBe(
    'cross_site_request: This request may not come from another site. {"credentialsIn":["cookie"]}',
  );
});
