/**
 * Damps whoever keeps being refused: past the limit of a rate limiting binding, a client is told 429 instead of why. Only
 * refusals are counted and only refusals are held back: a good request is never in anybody's way. Counted per location and
 * approximately (developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit): damping, not accounting.
 */

/** What is used of a rate limiting binding. */
export interface RateLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/** The longest period that a binding can have; which one it has, nobody can ask. */
export const REFUSAL_RETRY_AFTER_SECONDS = 60;

/** @returns whether the client of this refused request has been refused too often. A limiter that fails limits nobody. */
export async function isRefusedTooOften(limiter: RateLimiter, { headers }: Request): Promise<boolean> {
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
