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

interface Failure {
  readonly atMs: number;
  readonly backoffMs: number;
}

export function createReadSchedule<Problem = KeyReadProblemCode>({
  readDeadlineMs,
  random,
}: ReadScheduleConfig): ReadSchedule<Problem> {
  let begunAtMs = Number.NEGATIVE_INFINITY;
  let lastEndedBegunAtMs = Number.NEGATIVE_INFINITY;
  let unknownKidAtMs = Number.NEGATIVE_INFINITY;
  let failure: Failure | undefined;
  let problem: Problem | undefined;

  /** A read has ended. One that was overtaken by a later one has nothing to say about KV any more. */
  function endsOvertaken(startedMs: number): boolean {
    if (startedMs === begunAtMs) begunAtMs = Number.NEGATIVE_INFINITY;
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
      failure = undefined;
      problem = found;
    },
    fail(startedMs, found, memoryTtlMs, failedAtMs) {
      if (endsOvertaken(startedMs)) return;
      const atMs = Math.max(failedAtMs, failure?.atMs ?? failedAtMs);
      const longestMs = Math.min(memoryTtlMs / 2, MAX_BACKOFF_MS);
      failure = { atMs, backoffMs: longestMs * (0.5 + 0.5 * random()) };
      problem = found;
    },
    mayRefresh(nowMs) {
      const failedJustNow = failure !== undefined && nowMs - failure.atMs < failure.backoffMs;
      return !failedJustNow && nowMs - begunAtMs >= readDeadlineMs;
    },
    holdsBack(nowMs) {
      if (failure === undefined) return false;
      const backoffEndsMs = failure.atMs + failure.backoffMs;
      if (nowMs < backoffEndsMs) return true;
      const isBeingRetried = begunAtMs >= backoffEndsMs;
      return isBeingRetried && nowMs < backoffEndsMs + readDeadlineMs;
    },
    backoffLeftMs(nowMs) {
      return failure === undefined ? 0 : Math.max(0, failure.atMs + failure.backoffMs - nowMs);
    },
    takeUnknownKidRead(nowMs) {
      if (nowMs - unknownKidAtMs < UNKNOWN_KID_COOLDOWN_MS) return false;
      unknownKidAtMs = nowMs;
      return true;
    },
    reset() {
      begunAtMs = Number.NEGATIVE_INFINITY;
      lastEndedBegunAtMs = Number.NEGATIVE_INFINITY;
      unknownKidAtMs = Number.NEGATIVE_INFINITY;
      failure = undefined;
    },
  };
}

/** M before any document has said otherwise. */
export const DEFAULT_MEMORY_TTL_MS: number = DEFAULT_MEMORY_TTL_SECONDS * 1000;
