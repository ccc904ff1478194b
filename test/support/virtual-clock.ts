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
    timeoutSignal: (ms) => AbortSignal.timeout(ms),
    random: () => random,
  };
}

/**
 * A clock that also runs by itself, for tests with processes of their own, which go by the host's clock. It may begin in the
 * past, to let something be old, and catch up.
 */
export interface RunningClock extends VirtualClock {
  /** From now on it shows the present. */
  catchUp(): void;
}

export function createRunningClock(startEpochMs: number = Date.now()): RunningClock {
  const sleeps: number[] = [];
  let aheadMs = startEpochMs - Date.now();
  return {
    sleeps,
    advance: (ms) => {
      aheadMs += ms;
    },
    catchUp: () => {
      aheadMs = 0;
    },
    epochMs: () => Date.now() + aheadMs,
    monotonicMs: () => performance.now(),
    sleep: (ms) => {
      sleeps.push(ms);
      aheadMs += ms;
      return Promise.resolve();
    },
    timeoutSignal: (ms) => AbortSignal.timeout(ms),
    random: () => 0,
  };
}
