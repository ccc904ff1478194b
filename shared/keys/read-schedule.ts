/**
 * When to ask KV and when to leave it alone: pure bookkeeping over times that are passed in. Everything that is remembered
 * about a running read is the time it began, so a read that dies with its request leaves nothing behind that would stop
 * the next one.
 */
import { DEFAULT_MEMORY_TTL_SECONDS } from "../timing.ts";
import type { KeyReadProblemCode } from "./held-key-set.ts";

/** After a failed read, requests do not wait for KV for this long at most, and for no longer than half of M. */
export const MAX_BACKOFF_MS = 5000;

/** How often a token with an unknown kid may cause a read, per isolate. */
const UNKNOWN_KID_COOLDOWN_MS = 30_000;

/** When something happened that has not, in epoch milliseconds. */
export const NEVER: number = Number.NEGATIVE_INFINITY;

export interface ReadScheduleConfig {
  /** How long a request waits for its own read. */
  readonly readDeadlineMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

export interface ReadSchedule<Problem = KeyReadProblemCode> {
  /** What the last read came to; undefined when it went well or none has ended. */
  readonly problem: Problem | undefined;
  /** A read begins. */
  begin(nowMs: number): void;
  /** The read that began at `startedMs` gave an answer that can be used; `problem` is reported all the same. */
  succeed(startedMs: number, problem: Problem | undefined): void;
  /**
   * The read that began at `startedMs` gave nothing.
   * @param failedAtMs the backoff counts from here: from the start, when no later time is known, or from the deadline
   */
  fail(startedMs: number, problem: Problem, memoryTtlMs: number, failedAtMs: number): void;
  /** Whether a background refresh may begin: no read that may still end is under way, and none failed a moment ago. */
  mayRefresh(nowMs: number): boolean;
  /**
   * Whether a request goes without a read of its own: one failed a moment ago, or one is trying again after that. Bounded
   * by backoff plus deadline after the last failure, also if that attempt never ends.
   */
  holdsBack(nowMs: number): boolean;
  /** How long until the backoff ends, in milliseconds; 0 when there is none. */
  backoffLeftMs(nowMs: number): number;
  /** Whether an unknown kid may cause a read now; if so, the cooldown begins. */
  takeUnknownKidRead(nowMs: number): boolean;
  /** Forgets all times: the clock went back. */
  reset(): void;
}

export function createReadSchedule<Problem = KeyReadProblemCode>({
  readDeadlineMs,
  random,
}: ReadScheduleConfig): ReadSchedule<Problem> {
  let begunAtMs = NEVER;
  let lastEndedBegunAtMs = NEVER;
  let unknownKidAtMs = NEVER;
  let failedAtMs = NEVER;
  let backoffEndsMs = NEVER;
  let problem: Problem | undefined;

  /** A read has ended. One that was overtaken by a later one has nothing to say about KV any more. */
  function endsOvertaken(startedMs: number): boolean {
    if (startedMs === begunAtMs) begunAtMs = NEVER;
    if (startedMs < lastEndedBegunAtMs) return true;
    lastEndedBegunAtMs = startedMs;
    return false;
  }

  return {
    get problem() {
      return problem;
    },
    begin(nowMs) {
      begunAtMs = nowMs;
    },
    succeed(startedMs, found) {
      if (endsOvertaken(startedMs)) return;
      failedAtMs = NEVER;
      backoffEndsMs = NEVER;
      problem = found;
    },
    fail(startedMs, found, memoryTtlMs, endedMs) {
      if (endsOvertaken(startedMs)) return;
      failedAtMs = Math.max(failedAtMs, endedMs);
      backoffEndsMs = failedAtMs + Math.min(memoryTtlMs / 2, MAX_BACKOFF_MS) * (0.5 + 0.5 * random());
      problem = found;
    },
    mayRefresh: (nowMs) => nowMs >= backoffEndsMs && nowMs - begunAtMs >= readDeadlineMs,
    holdsBack(nowMs) {
      const isBeingRetried = begunAtMs >= backoffEndsMs;
      return nowMs < backoffEndsMs || (isBeingRetried && nowMs < backoffEndsMs + readDeadlineMs);
    },
    backoffLeftMs: (nowMs) => Math.max(0, backoffEndsMs - nowMs),
    takeUnknownKidRead(nowMs) {
      if (nowMs - unknownKidAtMs < UNKNOWN_KID_COOLDOWN_MS) return false;
      unknownKidAtMs = nowMs;
      return true;
    },
    reset() {
      begunAtMs = NEVER;
      lastEndedBegunAtMs = NEVER;
      unknownKidAtMs = NEVER;
      failedAtMs = NEVER;
      backoffEndsMs = NEVER;
    },
  };
}

/** M before any document has said otherwise. */
export const DEFAULT_MEMORY_TTL_MS: number = DEFAULT_MEMORY_TTL_SECONDS * 1000;
