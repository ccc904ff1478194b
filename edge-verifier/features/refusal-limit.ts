/**
 * The feature `refusalLimit`: whoever keeps being refused is told to wait (the binding `REFUSALS`). How is in
 * http/refusal-limit.ts.
 */
import { canDo, isAbsent } from "../config/values.ts";
import type { Feature } from "../request/hooks.ts";
import { isRefusedTooOften, REFUSAL_RETRY_AFTER_SECONDS } from "../http/refusal-limit.ts";
import type { RateLimiter } from "../http/refusal-limit.ts";
import { refused } from "../request/outcome.ts";
import type { Outcome } from "../request/outcome.ts";

export const refusalLimit: Feature = {
  name: "refusalLimit",
  read({ env, report }) {
    const limiter = env["REFUSALS"];
    if (isLimiter(limiter)) {
      return {
        limit: async (request, event) => ((await isRefusedTooOften(limiter, request)) ? limited(event) : undefined),
      };
    }
    if (!isAbsent(limiter)) report("REFUSALS", "must be a rate limiting binding");
    return {};
  },
};

function limited({ refusal, ...seen }: Outcome["event"]): Outcome {
  const code = "too_many_refusals";
  const outcome = refused({ code, refusal }, { ...seen, decision: "refused", code });
  outcome.response.headers.set("Retry-After", String(REFUSAL_RETRY_AFTER_SECONDS));
  return outcome;
}

function isLimiter(value: unknown): value is RateLimiter {
  return canDo(value, "limit");
}
