/**
 * The feature `refusalLimit`: whoever keeps being refused is told to wait (the binding `REFUSALS`). How is in
 * http/refusal-limit.ts.
 */
import { isAbsent } from "../config-values.ts";
import type { Feature } from "../feature.ts";
import { isRefusedTooOften } from "../http/refusal-limit.ts";
import type { RateLimiter } from "../http/refusal-limit.ts";

export const refusalLimit: Feature = {
  name: "refusalLimit",
  read({ env, report }) {
    const limiter = env["REFUSALS"];
    if (isLimiter(limiter)) return { isRefusedTooOften: (request) => isRefusedTooOften(limiter, request) };
    if (!isAbsent(limiter)) report("REFUSALS", "must be a rate limiting binding");
    return {};
  },
};

function isLimiter(value: unknown): value is RateLimiter {
  return typeof value === "object" && value !== null && "limit" in value;
}
