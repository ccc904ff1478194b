/** Rules and a claims set that holds under them, for tests that change one thing. */
import type { ClaimsRules } from "../../shared/claims.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { seconds, TEST_ISSUER } from "./key-sets.ts";
import { audienceOf } from "./values.ts";

export const NOW: EpochSeconds = seconds(1_800_000_000);

export const CLAIMS_RULES: ClaimsRules = {
  issuer: TEST_ISSUER,
  audiences: [audienceOf("orders"), audienceOf("reports")],
  clockSkewSeconds: 60,
  maxTokenTtlSeconds: 3600,
};

export const GOOD_CLAIMS = {
  iss: "https://auth.example.com",
  aud: "orders",
  sub: "user-1",
  jti: "token-1",
  iat: NOW - 10,
  nbf: NOW - 10,
  exp: NOW + 600,
} as const;
