/** A gateway's event as it is shown: known members only, bounded, and never a token. */
import { expect, test } from "vitest";
import { isDecision, toDecision } from "../../../../issuer/words/decision.ts";
import { given } from "../../../support/values.ts";

const REFUSED = {
  event: "request",
  decision: "refused",
  status: 401,
  method: "GET",
  route: "/api/*",
  code: "invalid_token",
  refusal: { code: "kid_unknown", kid: "key-9" },
  requestId: "r-1",
  jti: "not shown",
};

test("takes over what was decided and why, and nothing else", () => {
  expect(toDecision(REFUSED, 5)).toEqual({
    atMs: 5,
    decision: "refused",
    status: 401,
    method: "GET",
    route: "/api/*",
    code: "invalid_token",
    reason: "kid_unknown",
    evidence: '{"kid":"key-9"}',
    isReportOnly: false,
    kid: "key-9",
    requestId: "r-1",
  });
});

test("a rule that only reports is told from one that refuses", () => {
  const reported = { code: "insufficient_scope", refusal: { code: "scope_missing", scope: ["admin"] } };
  const event = { event: "request", decision: "forwarded", status: 200, method: "GET", kid: "key-1", reported };
  expect(toDecision(event, 0)).toMatchObject({
    isReportOnly: true,
    decision: "forwarded",
    reason: "scope_missing",
    kid: "key-1",
    route: "",
  });
});

test("long texts are cut, and what looks like a token is taken out wherever it stands", () => {
  const token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
  const shown = given(
    toDecision({ ...REFUSED, route: `/${token}`, kid: "k".repeat(9999), refusal: { code: "x", at: [token] } }, 0),
  );
  expect(shown.kid).toHaveLength(300);
  expect(JSON.stringify(shown)).not.toContain("eyJ");
});

test.each([
  undefined,
  7,
  [],
  {},
  { event: "config_invalid" },
  { ...REFUSED, status: "401" },
  { ...REFUSED, decision: 1 },
])("%j is no decision", (event) => {
  expect(toDecision(event, 0)).toBeUndefined();
  expect(isDecision(event)).toBe(false);
});

test("what went over a connection is checked again", () => {
  const shown = toDecision(REFUSED, 5);
  expect(isDecision(JSON.parse(JSON.stringify(shown)))).toBe(true);
  expect(isDecision({ ...shown, kid: undefined })).toBe(false);
  expect(isDecision({ ...shown, isReportOnly: "no" })).toBe(false);
  expect(isDecision({ ...shown, atMs: Number.MAX_SAFE_INTEGER })).toBe(false);
});
