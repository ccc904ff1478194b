/**
 * What stands in for KV's faults and for time in tests of the key ladder. A healthy KV is not played here: where no fault
 * is needed, tests use the real binding.
 */
import type { StartTimer } from "../../shared/keys/deadline.ts";
import type { KeySetReader } from "../../shared/keys/key-set-reader.ts";

/** What a read comes to: a value, a throw, or nothing until the test says so. */
type Answer = () => Promise<string | null>;

/** A reader whose next answers are chosen by the test; every read is recorded. */
export interface ScriptedReader extends KeySetReader {
  /** The `cacheTtl` of each read so far, in seconds. */
  readonly reads: readonly number[];
  /** All following reads return this. */
  answer(text: string | null): void;
  /** All following reads throw. */
  fail(): void;
  /** All following reads stay open until the function that is returned is called; then all of them return its argument. */
  hang(): (text: string | null) => void;
}

export function createScriptedReader(text: string | null): ScriptedReader {
  const reads: number[] = [];
  let next: Answer = async () => text;
  return {
    reads,
    async read(cacheTtlSeconds) {
      reads.push(cacheTtlSeconds);
      const text = await next();
      return text === null ? null : { text, ageSeconds: 0 };
    },
    answer(value) {
      next = async () => value;
    },
    fail() {
      next = async () => {
        throw new Error("KV GET failed: 500 Internal Server Error");
      };
    },
    hang() {
      const { promise, resolve } = Promise.withResolvers<string | null>();
      next = () => promise;
      return resolve;
    },
  };
}

/** A timer that goes off when the test says so. */
export interface ManualTimer {
  readonly start: StartTimer;
  /** Delays of the timers that are running, in milliseconds. */
  readonly running: readonly number[];
  /** Lets every running timer go off. */
  fire(): void;
}

export function createManualTimer(): ManualTimer {
  const timers = new Map<() => void, number>();
  return {
    start(delayMs, onTime) {
      const timer = (): void => onTime();
      timers.set(timer, delayMs);
      return () => timers.delete(timer);
    },
    get running() {
      return [...timers.values()];
    },
    fire() {
      const due = [...timers.keys()];
      timers.clear();
      for (const onTime of due) onTime();
    },
  };
}

/** Collects what is handed to `waitUntil`. */
export interface BackgroundWork {
  readonly waitUntil: (work: Promise<unknown>) => void;
  readonly promises: readonly Promise<unknown>[];
  /** Waits for all of them, those added meanwhile included. */
  settle(): Promise<void>;
}

export function collectBackgroundWork(): BackgroundWork {
  const all: Promise<unknown>[] = [];
  return {
    waitUntil: (work) => void all.push(work),
    promises: all,
    async settle() {
      for (let done = 0; done < all.length; done = all.length) await Promise.all(all.slice(done));
    },
  };
}
