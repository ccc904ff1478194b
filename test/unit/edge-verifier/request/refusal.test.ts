/** From a precise reason to what a client sees: the code, the challenge, and nothing else. */
import { describe, expect, test } from "vitest";
import { refusalResponse, wireCodeOf } from "../../../../edge-verifier/request/refusal.ts";
import type { Refusal } from "../../../../edge-verifier/request/refusal.ts";

test.each([
  ["path_unsafe", "path_ambiguous"],
  ["signature_invalid", "invalid_token"],
  ["kid_unknown", "invalid_token"],
  ["scope_missing", "insufficient_scope"],
  ["acr_not_allowed", "insufficient_user_authentication"],
  ["identity_too_long", "policy_denied"],
  ["identity_ambiguous", "policy_denied"],
  ["origin_timeout", "origin_timeout"],
] as const)("%s is %s on the wire", (code, wireCode) => {
  expect(wireCodeOf(code)).toBe(wireCode);
});

describe("the challenge", () => {
  const scope = 'error="insufficient_scope", scope="a b", error_description="The token lacks a scope."';
  const login = 'error="insufficient_user_authentication"';
  const stronger = 'error_description="A more recent or stronger login is required."';
  const cases: readonly (readonly [Refusal, number, string | null])[] = [
    [{ code: "token_missing" }, 401, 'Bearer realm="sealgate"'],
    [{ code: "scope_missing", scope: ["a", "b"] }, 403, `Bearer realm="sealgate", ${scope}`],
    [
      { code: "acr_not_allowed", acr: ["loa2", "loa3"] },
      401,
      `Bearer realm="sealgate", ${login}, acr_values="loa2 loa3", ${stronger}`,
    ],
    [
      { code: "authentication_too_old", maxAgeSeconds: 300 },
      401,
      `Bearer realm="sealgate", ${login}, max_age="300", ${stronger}`,
    ],
    [{ code: "claim_not_equal", claim: "tenant" }, 403, null],
    [{ code: "origin_unreachable" }, 502, null],
  ];
  test.each(cases)("of %j", (refusal, status, challenge) => {
    const response = refusalResponse(refusal);
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([status, challenge]);
  });
});

test("tells which methods there are, and when to try again", () => {
  expect(refusalResponse({ code: "method_not_allowed", allow: ["GET", "HEAD"] }).headers.get("allow")).toBe(
    "GET, HEAD",
  );
  const unavailable = refusalResponse({ code: "keys_unavailable", retryAfterSeconds: 5, problem: "key_set_missing" });
  expect([unavailable.status, unavailable.headers.get("retry-after")]).toEqual([503, "5"]);
});
