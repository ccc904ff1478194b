/**
 * One signed document of a place, kept fresh: the rungs that key sets and revocation lists have in common.
 *
 *   1. isolate memory, younger than M; from half of M on, one background refresh (jittered)
 *   2. past M, the request's own read, under a deadline
 *   3. after a failed read, for a short backoff (at most 5 s and half of M), the last good document at once; after it, one request
 *      tries again
 *
 * While reads fail, a document may therefore be used for backoff plus deadline after its place has recovered; while they succeed,
 * never past M.
 *
 * What one read brings into the location's cache is served to all isolates behind it for `cacheTtl`. Only the refresh of a
 * copy that KV confirmed less than M ago asks with C, as the ring's key set says; every other read knows of no C that is in force
 * now, and asks with the least that KV takes (30 s). Otherwise the bound S = W + C + M would not hold.
 *
 * Requests share settled values only: no promise is stored, so none is ever awaited by another request, which on Workers
 * would hang it. There is no clock and, but for the deadline, no timer: times are passed in.
 */
import { MIN_KV_CACHE_TTL_SECONDS } from "../timing.ts";
import { endsWithin, startPlatformTimer } from "./deadline.ts";
import type { StartTimer } from "./deadline.ts";
import type { WaitUntil } from "./held-key-set.ts";
import type { KeySetReader, KeySetReading } from "./key-set-reader.ts";
import { createReadSchedule, DEFAULT_MEMORY_TTL_MS, NEVER } from "./read-schedule.ts";
import type { ReadSchedule } from "./read-schedule.ts";

/** What a document that is held looks like from here; times in epoch milliseconds. */
export interface StoredDocument {
  /** As it was read, to recognise the same bytes. */
  readonly text: string;
  /** Start of the latest read that found KV's answer, at most M old then; -Infinity when there was none. M counts from here. */
  readonly readAtMs: number;
  /** M. */
  readonly memoryTtlMs: number;
  /** C. */
  readonly kvCacheTtlSeconds: number;
  /** Age at which the background refresh is due: half of M, and up to a quarter of M later by chance. */
  readonly refreshAfterMs: number;
}

export interface DocumentStore<Stored extends StoredDocument, Problem> {
  /** What is held, usable or not. */
  readonly latest: Stored | undefined;
  /** What is held, unless it has expired. */
  usable(nowMs: number): Stored | undefined;
  /**
   * Offers what a read has returned.
   * @param startedMs when the read began; ages count from here
   * @returns what is to be reported. After `undefined` and `…_rev_conflict` what is held is confirmed.
   */
  accept(reading: KeySetReading, startedMs: number): Promise<Problem | undefined>;
  /** The clock went back: the age of what is held is unknown, so it counts as old. */
  forgetAge(): void;
}

/** How the codes of a family of documents begin. */
export type DocumentFamily = "key_set" | "revocations";

/** What can be wrong with a read, beside what can be wrong with the document that it brings. */
export type ReadProblem<Family extends DocumentFamily> =
  /** The place threw. */
  | `${Family}_read_failed`
  /** It did not answer before the deadline. */
  | `${Family}_read_timeout`
  /** It holds no document. */
  | `${Family}_missing`
  /** The platform failed while the document was checked. */
  | `${Family}_check_failed`
  /** Another document with the `rev` of the one held, which is kept. */
  | `${Family}_rev_conflict`;

export interface DocumentLadderConfig<Stored extends StoredDocument, Family extends DocumentFamily, Problem> {
  readonly family: Family;
  readonly reader: KeySetReader;
  readonly store: DocumentStore<Stored, Problem>;
  /** How long a request waits for its own read. */
  readonly readDeadlineMs: number;
  /** Uniform in [0, 1); spreads refreshes and retries of many isolates. */
  readonly random: () => number;
  /** The timer of the deadline, the platform's when left out; a simulation passes its own. */
  readonly startTimer?: StartTimer;
}

export interface DocumentLadder<Stored, Problem> {
  readonly schedule: ReadSchedule<Problem>;
  /** What can be used without waiting. */
  look(nowMs: number): Stored | undefined;
  /** Begins the background refresh if one is due. Returns whether it has begun. */
  readonly refreshIfDue: (nowMs: number, waitUntil: WaitUntil) => boolean;
  /** A read that is waited for no longer than the deadline. It goes on after that, and what it brings is used. Never rejects. */
  read(startedMs: number, cacheTtlSeconds: number, waitUntil: WaitUntil): Promise<void>;
  /** The request's own read, for what {@link DocumentLadder.look} does not give; none while another has failed a moment ago. */
  readUnlessHeldBack(nowMs: number, waitUntil: WaitUntil): Promise<void>;
  /** To be told of each request's time. Returns whether the clock was found to have gone back. */
  noticeClock(nowMs: number): boolean;
}

/**
 * A clock that goes back by more than the deadline plus this is taken for a changed clock; requests that waited a while
 * before asking stay below it.
 */
const CLOCK_TOLERANCE_MS = 5000;

export function createDocumentLadder<Stored extends StoredDocument, Family extends DocumentFamily, Problem>(
  config: DocumentLadderConfig<Stored, Family, Problem>,
): DocumentLadder<Stored, Problem | ReadProblem<Family>> {
  const { family, reader, store, readDeadlineMs, startTimer = startPlatformTimer } = config;
  const schedule = createReadSchedule<Problem | ReadProblem<Family>>(config);
  let latestNowMs = NEVER;

  function noticeClock(nowMs: number): boolean {
    const wentBack = nowMs < latestNowMs - readDeadlineMs - CLOCK_TOLERANCE_MS;
    if (wentBack || nowMs > latestNowMs) latestNowMs = nowMs;
    if (wentBack) {
      store.forgetAge();
      schedule.reset();
    }
    return wentBack;
  }

  function fail(startedMs: number, problem: Problem | ReadProblem<Family>, endedMs: number): void {
    schedule.fail(startedMs, problem, store.latest?.memoryTtlMs ?? DEFAULT_MEMORY_TTL_MS, endedMs);
  }

  /** One read from start to published document. Never rejects. */
  async function readOnce(startedMs: number, cacheTtlSeconds: number): Promise<void> {
    let problem: Problem | ReadProblem<Family> = `${family}_read_failed` as const;
    try {
      const reading = await reader.read(cacheTtlSeconds, store.latest?.text);
      problem = reading === null ? (`${family}_missing` as const) : (`${family}_check_failed` as const);
      if (reading !== null) {
        const found = await store.accept(reading, startedMs);
        if (found === undefined || found === `${family}_rev_conflict`) return schedule.succeed(startedMs, found);
        problem = found;
      }
    } catch {
      // What was thrown may quote what was read; the code says which step it was.
    }
    fail(startedMs, problem, startedMs);
  }

  /** @param failedAtMs when it counts as failed, if it is late */
  async function read(
    startedMs: number,
    cacheTtlSeconds: number,
    waitUntil: WaitUntil,
    failedAtMs = startedMs + readDeadlineMs,
  ): Promise<void> {
    schedule.begin(startedMs);
    const work = readOnce(startedMs, cacheTtlSeconds);
    waitUntil(work);
    if (await endsWithin(work, readDeadlineMs, startTimer)) return;
    fail(startedMs, `${family}_read_timeout` as const, failedAtMs);
  }

  return {
    schedule,
    noticeClock,
    read,
    look(nowMs) {
      const stored = store.usable(nowMs);
      if (stored === undefined) return undefined;
      return nowMs - stored.readAtMs < stored.memoryTtlMs || schedule.holdsBack(nowMs) ? stored : undefined;
    },
    refreshIfDue(nowMs, waitUntil) {
      const stored = store.usable(nowMs);
      if (stored === undefined) return false;
      const ageMs = nowMs - stored.readAtMs;
      const isDue = ageMs >= stored.refreshAfterMs && ageMs < stored.memoryTtlMs && schedule.mayRefresh(nowMs);
      // It may have been frozen with its isolate, and says nothing of KV then: the next request asks for itself.
      if (isDue) waitUntil(read(nowMs, stored.kvCacheTtlSeconds, waitUntil, NEVER));
      return isDue;
    },
    async readUnlessHeldBack(nowMs, waitUntil) {
      if (!schedule.holdsBack(nowMs)) await read(nowMs, MIN_KV_CACHE_TTL_SECONDS, waitUntil);
    },
  };
}
