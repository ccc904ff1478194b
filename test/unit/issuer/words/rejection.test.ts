/** Rejections as sentences. */
import { expect, test } from "vitest";
import { describeRejection } from "../../../../issuer/words/rejection.ts";
import type { TokenRejection } from "../../../../shared/rejection.ts";

const REJECTIONS: readonly TokenRejection[] = [
  { code: "token_too_large", bytes: 20_000, maxBytes: 16_384 },
  { code: "token_malformed", part: "segments" },
  { code: "token_malformed", part: "signature" },
  { code: "header_invalid", reason: "not_utf8" },
  { code: "header_critical" },
  { code: "alg_not_allowed" },
  { code: "typ_not_allowed" },
  { code: "kid_missing" },
  { code: "kid_unknown", kid: "abc" },
  { code: "kid_revoked" },
  { code: "alg_mismatch" },
  { code: "signature_invalid" },
  { code: "claims_invalid", reason: "syntax" },
  { code: "claim_missing", claim: "exp" },
  { code: "claim_invalid", claim: "aud" },
  { code: "issuer_mismatch", iss: "https://login.example.com" },
  { code: "audience_mismatch", aud: ["https://a.example.com"] },
  { code: "token_expired", expiredForSeconds: 100 },
  { code: "token_not_yet_valid", validInSeconds: 61 },
  { code: "token_issued_in_future", aheadSeconds: 90 },
  { code: "token_lifetime_too_long", lifetimeSeconds: 7200, maxSeconds: 3600 },
  { code: "token_revoked", by: "sid" },
];

test.each(REJECTIONS)("$code is a sentence without its own code", (rejection) => {
  const text = describeRejection(rejection);
  expect(text).toMatch(/^[A-Z].*[^.]\.$/);
  expect(text).not.toContain(rejection.code);
});

test("a sentence holds the evidence, in units that a person reads", () => {
  expect(describeRejection({ code: "token_expired", expiredForSeconds: 100 })).toBe(
    "The token has expired 1 min 40 s ago.",
  );
  expect(describeRejection({ code: "kid_unknown", kid: "a-b_c" })).toContain(" a-b_c.");
});

test("what a stranger wrote cannot steer the terminal", () => {
  expect(describeRejection({ code: "issuer_mismatch", iss: "\u001b[2J" })).toContain(String.raw`"\u001b[2J"`);
});
