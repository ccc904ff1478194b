/**
 * Bounded retries: one deadline over a whole operation, growing pauses with jitter inside it. Knows nothing of HTTP but
 * the Retry-After header. Time and chance come from a clock that is passed in.
 */

/** Time and chance, as a publisher needs them. */
export interface PublishClock {
  /** Milliseconds since the epoch, as this host believes; compared with the server's Date. */
  epochMs(): number;
  /** Milliseconds from any origin, never set back; measures the deadline. */
  monotonicMs(): number;
  sleep(ms: number): Promise<void>;
  /** Aborts after that time, with a TimeoutError; what a single HTTP call may take. */
  timeoutSignal(ms: number): AbortSignal;
  /** At least 0, less than 1. */
  random(): number;
}

/** The clock of this host, for composition roots. */
export const systemClock: PublishClock = {
  epochMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms) =>
    new Promise((resolve) => {
      setTimeout(resolve, ms);
    }),
  timeoutSignal: (ms) => AbortSignal.timeout(ms),
  random: () => Math.random(),
};

/** One operation under one deadline. */
export interface TimedRun {
  /** Milliseconds until the deadline; zero or less when it has passed. */
  remainingMs(): number;
  /**
   * Waits before the next attempt.
   * @param attempt how many attempts have been made, from 1
   * @param leastMs what the server asked for
   * @returns false, without waiting, when the wait would end after the deadline
   */
  pause(attempt: number, leastMs: number | undefined): Promise<boolean>;
}

/** One write a second per key is KV's limit (https://developers.cloudflare.com/kv/platform/limits/), so not less. */
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 16_000;

export function startTimedRun(clock: PublishClock, deadlineMs: number): TimedRun {
  const deadlineAt = clock.monotonicMs() + deadlineMs;
  const remainingMs = (): number => deadlineAt - clock.monotonicMs();
  return {
    remainingMs,
    pause: async (attempt, leastMs) => {
      const waitMs = Math.max(pauseMs(attempt, clock.random()), leastMs ?? 0);
      if (waitMs >= remainingMs()) return false;
      await clock.sleep(waitMs);
      return true;
    },
  };
}

/**
 * The pause after attempt n, in milliseconds: 2^(n-1) seconds and up to as much again by chance, at most 16 seconds.
 * @param random at least 0, less than 1
 */
export function pauseMs(attempt: number, random: number): number {
  return Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1) * (1 + random), LONGEST_PAUSE_MS);
}

/**
 * Retry-After (RFC 9110 section 10.2.3), as seconds or as a date.
 * @param epochMs what this host's clock shows
 * @returns milliseconds, or undefined when the header is absent or unreadable
 */
export function parseRetryAfterMs(value: string | null, epochMs: number): number | undefined {
  if (value === null) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  // Without a letter it is no date, though Date.parse would make one of it.
  const date = /^[A-Z]/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - epochMs);
}
