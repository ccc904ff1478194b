/** A clock for tests that moves only when somebody sleeps, so that a minute of retries takes no time. */
import type { PublishClock } from "../../issuer/publish/retry.ts";

export interface VirtualClock extends PublishClock {
  /** Every sleep so far, in milliseconds. */
  readonly sleeps: readonly number[];
  /** Lets time pass without a sleep. */
  advance(ms: number): void;
}

/** @param random what chance always says; at least 0, less than 1 */
export function createVirtualClock(startEpochMs = 1_800_000_000_000, random = 0): VirtualClock {
  const sleeps: number[] = [];
  let elapsedMs = 0;
  return {
    sleeps,
    advance: (ms) => {
      elapsedMs += ms;
    },
    epochMs: () => startEpochMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    sleep: (ms) => {
      sleeps.push(ms);
      elapsedMs += ms;
      return Promise.resolve();
    },
    random: () => random,
  };
}
