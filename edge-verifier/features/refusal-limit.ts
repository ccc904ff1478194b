/**
 * The feature `refusalLimit`: past the limit of a rate limiting binding (`REFUSALS`, `REFUSALS_PERIOD_SECONDS`), a client whose
 * requests are refused is told 429 instead of why. Only refusals are counted and only refusals are held back; a good request
 * never waits.
 */
import { refusedByFeature } from "../request/feature-refusal.ts";
import type { Feature } from "../request/hooks.ts";
import { readRateLimiter } from "../request/rate-limiter.ts";

export const refusalLimit: Feature = {
  name: "refusalLimit",
  read({ env, report }) {
    const limiter = readRateLimiter(env, "REFUSALS", report);
    if (limiter === undefined) return {};
    return {
      async onRefusal({ headers }, { refusal, ...seen }) {
        const address = headers.get("cf-connecting-ip");
        // A caller beyond a limit of its own has a good token, and is told when to come back already.
        if (address === null || seen.code === "too_many_requests") return undefined;
        if (!(await limiter.isOverLimit(networkOf(address)))) return undefined;
        return refusedByFeature({ code: "too_many_refusals", refusal }, limiter.retryAfter, seen);
      },
    };
  },
};

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
