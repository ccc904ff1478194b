/**
 * Cloudflare's limit on all calls of an account together: after 1,200 in five minutes every call is blocked for the next five.
 * https://developers.cloudflare.com/fundamentals/api/reference/limits/
 */
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export const MOST_CALLS = 1200;
const WINDOW_MS = 300_000;

/** @param onBlocked is told of the number of calls when they are too many */
export function limitCalls(
  clock: WorldClock,
  coverage: Coverage,
  onBlocked: (calls: number) => void,
): (serve: Fetch) => Fetch {
  let calls: number[] = [];
  let blockedUntilMs = 0;
  return (serve) => async (url, init) => {
    coverage.count("calls to Cloudflare's API");
    calls = [...calls.filter((atMs) => atMs > clock.nowMs - WINDOW_MS), clock.nowMs];
    coverage.bound("calls to Cloudflare's API in five minutes (a number)", calls.length, MOST_CALLS);
    if (calls.length > MOST_CALLS && clock.nowMs >= blockedUntilMs) {
      blockedUntilMs = clock.nowMs + WINDOW_MS;
      onBlocked(calls.length);
    }
    if (clock.nowMs >= blockedUntilMs) return serve(url, init);
    const headers = { date: new Date(clock.nowMs).toUTCString() };
    return new Response("{}", { status: 429, headers });
  };
}
