/**
 * The feature `callerLimit`: past the limit of a rate limiting binding (`CALLERS`, `CALLERS_PERIOD_SECONDS`) a caller whose requests
 * are admitted is told 429. `CALLERS_BY` says who is one caller: a subject, a client or a token. Requests without a token are not
 * counted here, and neither are those that are refused (`refusalLimit`).
 */
import type { VerifiedClaims } from "../../shared/claims.ts";
import { refusedByFeature } from "../request/feature-refusal.ts";
import type { Feature } from "../request/hooks.ts";
import { readRateLimiter } from "../request/rate-limiter.ts";

/** RFC 9068 section 2.2 `client_id`; OpenID Connect Core section 2 `azp`. */
const CLAIMS_OF = { subject: ["sub"], client: ["client_id", "azp"], token: ["jti"] } as const;

type Caller = keyof typeof CLAIMS_OF;

export const callerLimit: Feature = {
  name: "callerLimit",
  read({ env, report }) {
    const limiter = readRateLimiter(env, "CALLERS", report);
    const by = env["CALLERS_BY"] ?? "subject";
    if (!isCaller(by)) {
      report("CALLERS_BY", `must be one of ${Object.keys(CLAIMS_OF).join(", ")}`);
      return {};
    }
    if (limiter === undefined) {
      if (env["CALLERS_BY"] !== undefined) report("CALLERS_BY", "has no effect without the binding CALLERS");
      return {};
    }
    return {
      async onAdmitted({ claims }, seen) {
        if (!(await limiter.isOverLimit(callerOf(claims, by)))) return undefined;
        return refusedByFeature({ code: "too_many_requests", by }, limiter.retryAfter, seen);
      },
    };
  },
};

/**
 * One text for one caller: as JSON, no two callers share one. All tokens of an issuer without the claim are one caller, so that
 * leaving it out is no way around the limit.
 */
export function callerOf(claims: VerifiedClaims, by: Caller): string {
  const value = CLAIMS_OF[by].map((name) => claims[name]).find((one) => typeof one === "string");
  return JSON.stringify([by, claims.iss, value ?? null]);
}

function isCaller(value: unknown): value is Caller {
  return typeof value === "string" && Object.hasOwn(CLAIMS_OF, value);
}
