/**
 * The feature `refusalLimit`: past the limit of a rate limiting binding (`REFUSALS`), a client whose requests are refused is
 * told 429 instead of why. Only refusals are counted and only refusals are held back; a good request never waits. Counted per
 * location and approximately (developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit): damping, not accounting.
 */
import { canDo } from "../config/values.ts";
import type { Feature } from "../request/hooks.ts";
import { refusedByFeature } from "../request/feature-refusal.ts";
import type { Outcome } from "../request/outcome.ts";

/** What is used of a rate limiting binding. */
interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** The longest period that a binding can have. A binding does not tell its own. */
const REFUSAL_RETRY_AFTER_SECONDS = 60;

export const refusalLimit: Feature = {
  name: "refusalLimit",
  read({ env, report }) {
    const limiter = env["REFUSALS"];
    if (isLimiter(limiter)) {
      return {
        onRefusal: async (request, event) => ((await isRefusedTooOften(limiter, request)) ? limited(event) : undefined),
      };
    }
    if (limiter !== undefined) report("REFUSALS", "must be a rate limiting binding");
    return {};
  },
};

function limited({ refusal, ...seen }: Outcome["event"]): Outcome {
  const headers = { "Retry-After": String(REFUSAL_RETRY_AFTER_SECONDS) };
  return refusedByFeature({ code: "too_many_refusals", refusal }, headers, seen);
}

function isLimiter(value: unknown): value is RateLimiter {
  return canDo(value, "limit");
}

/** @returns whether the client of this refused request has been refused too often. A limiter that fails limits no client. */
async function isRefusedTooOften(limiter: RateLimiter, { headers }: Request): Promise<boolean> {
  const address = headers.get("cf-connecting-ip");
  if (address === null) return false;
  try {
    return !(await limiter.limit({ key: networkOf(address) })).success;
  } catch {
    return false;
  }
}

/** An IPv4 address, or the /64 of an IPv6 address: a client has all of it, and could use another address each time. */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  if (tail !== undefined) {
    const after = tail === "" ? [] : tail.split(":");
    while (groups.length + after.length < 8) groups.push("0");
    groups.push(...after);
  }
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":");
}
