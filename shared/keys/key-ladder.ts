/**
 * The key ladder: which key set a request may use, and whether it has to wait for it.
 *
 *   1. isolate memory, younger than M; from half of M on, one background refresh (jittered)
 *   2. past M, the request's own KV read, under a deadline
 *   3. the last good document, until its `exp`
 *   4. the bootstrap document, until its `exp`
 *   5. none: the request is answered 503 with Retry-After
 *
 * A failed read is followed by a short backoff (at most 5 s and half of M) in which requests take rungs 3 to 5 at once;
 * after it, one request tries again. While reads fail, a key set may therefore be used for backoff plus deadline after KV
 * has recovered; while they succeed, never past M.
 *
 * What one read brings into the location's cache is served to all isolates behind it for `cacheTtl`. Only the refresh of a
 * copy that KV confirmed less than M ago asks with C, as its document says; every other read knows of no C that is in force
 * now, and asks with the least that KV takes (30 s). Otherwise the bound S = W + C + M would not hold.
 *
 * Requests share settled values only: no promise is stored, so none is ever awaited by another request, which on Workers
 * would hang it. There is no clock and, but for the deadline, no timer: times are passed in.
 */
import type { EpochSeconds, IssuerUrl, Kid, RingName } from "../identifiers.ts";
import type { SkippedKey } from "../key-set.ts";
import { err, ok } from "../result.ts";
import type { Result } from "../result.ts";
import type { TrustAnchors } from "../signed-key-set.ts";
import { MIN_KV_CACHE_TTL_SECONDS } from "../timing.ts";
import type { ImportedKeySet } from "../verification-keys.ts";
import { endsWithin, startPlatformTimer } from "./deadline.ts";
import type { StartTimer } from "./deadline.ts";
import type { HeldKeySet, KeyReadProblemCode, KeySetSource, KeysUnavailable, WaitUntil } from "./held-key-set.ts";
import type { KeySetReader } from "./key-set-reader.ts";
import { createKeySetStore } from "./key-set-store.ts";
import type { StoredKeySet } from "./key-set-store.ts";
import { createReadSchedule, DEFAULT_MEMORY_TTL_MS, MAX_BACKOFF_MS } from "./read-schedule.ts";

export interface KeyLadderConfig {
  readonly reader: KeySetReader;
  /** The pinned root keys. */
  readonly anchors: TrustAnchors;
  readonly issuer: IssuerUrl;
  readonly ring: RingName;
  /** Whether a document that names no ring is taken for this one's. With several rings it could be the other's. */
  readonly acceptsUnnamed: boolean;
  /** Documents with a lower `rev` are refused, the bootstrap document included. Use 1 when there is no floor. */
  readonly minRev: number;
  /** `BOOTSTRAP_KEY_SET`: a signed document bundled at deploy, or undefined. */
  readonly bootstrap: string | undefined;
  /** How long a request waits for its own KV read. */
  readonly readDeadlineMs: number;
  /** Uniform in [0, 1); spreads refreshes and retries of many isolates. */
  readonly random: () => number;
  /** The timer of the deadline, the platform's when left out; a simulation passes its own. */
  readonly startTimer?: StartTimer;
}

/** The document names root keys that are not pinned here. Once one of them signs, no document is accepted any more. */
export interface LadderWarning {
  readonly code: "anchor_missing";
  readonly kids: readonly Kid[];
}

/** For the health endpoint. Holds no secret. */
export interface LadderStatus {
  /** undefined: no key set can be used. */
  readonly source: KeySetSource | undefined;
  readonly rev: number | undefined;
  readonly ageSeconds: number | undefined;
  readonly expiresAt: EpochSeconds | undefined;
  /** The pinned root keys. */
  readonly anchors: readonly Kid[];
  /** Keys of the document that cannot be used. */
  readonly skipped: readonly SkippedKey[];
  /** What will stop the verifier from following the ring unless it is mended; tokens are verified all the same. */
  readonly warnings: readonly LadderWarning[];
  /** What went wrong with the last read of KV; undefined when it went well or none was made. */
  readonly problem: KeyReadProblemCode | undefined;
  /** Why the bootstrap document was refused when it was last needed. */
  readonly bootstrapProblem: KeyReadProblemCode | undefined;
}

export interface KeyLadder {
  /**
   * Keys that can be used without waiting, or undefined when {@link KeyLadder.current} has to be asked. Starts the
   * background refresh when it is due.
   * @param nowMs epoch milliseconds, taken when the request arrived
   */
  ready(nowMs: number, waitUntil: WaitUntil): HeldKeySet | undefined;
  /** Like {@link KeyLadder.ready}, but begins nothing and makes no object. */
  peek(nowMs: number): ImportedKeySet | undefined;
  /** Begins the background refresh if one is due. Returns whether it has begun. */
  refreshIfDue(nowMs: number, waitUntil: WaitUntil): boolean;
  /** The keys that are held, however old, until their document expires. For after a wait: others may have asked meanwhile. */
  usable(nowMs: number): ImportedKeySet | undefined;
  /** Why there are no keys, if there are none. */
  missing(nowMs: number): KeysUnavailable | undefined;
  /** There are no keys, and to wait would bring none: the last read has failed a moment ago. */
  isOut(nowMs: number): boolean;
  /**
   * The keys for this request, by the first rung that holds. Waits for at most one KV read, and no longer than the
   * deadline.
   * @param nowMs epoch milliseconds, taken when the request arrived
   */
  current(nowMs: number, waitUntil: WaitUntil): Promise<Result<HeldKeySet, KeysUnavailable>>;
  /**
   * Looks for a newer key set because a token's kid is not in `used`. At most one KV read per cooldown (30 s) in this
   * isolate, so that invented kids cost next to nothing; requests with known kids never wait for it.
   * @returns a key set other than `used`, or undefined
   */
  refreshForUnknownKid(used: ImportedKeySet, nowMs: number, waitUntil: WaitUntil): Promise<HeldKeySet | undefined>;
  /** What the ladder stands on. No I/O. */
  status(nowMs: number): LadderStatus;
}

/**
 * A clock that goes back by more than the deadline plus this is taken for a changed clock; requests that waited a while
 * before asking stay below it.
 */
const CLOCK_TOLERANCE_MS = 5000;

export function createKeyLadder(config: KeyLadderConfig): KeyLadder {
  const { reader, readDeadlineMs } = config;
  const startTimer = config.startTimer ?? startPlatformTimer;
  const store = createKeySetStore(config);
  const schedule = createReadSchedule(config);
  const anchors = config.anchors.map(({ kid }) => kid);
  let latestNowMs = Number.NEGATIVE_INFINITY;
  let bootstrapRefusal: { readonly atMs: number; readonly problem: KeyReadProblemCode } | undefined;

  function noticeClock(nowMs: number): void {
    if (nowMs >= latestNowMs) {
      latestNowMs = nowMs;
    } else if (nowMs < latestNowMs - readDeadlineMs - CLOCK_TOLERANCE_MS) {
      latestNowMs = nowMs;
      store.forgetAge();
      schedule.reset();
      bootstrapRefusal = undefined;
    }
  }

  /** One read from start to published key set. Never rejects. */
  async function readOnce(startedMs: number, cacheTtlSeconds: number): Promise<void> {
    let problem: KeyReadProblemCode = "key_set_read_failed";
    try {
      const reading = await reader.read(cacheTtlSeconds, store.latest?.text);
      problem = reading === null ? "key_set_missing" : "key_set_check_failed";
      if (reading !== null) {
        const found = await store.accept(reading, startedMs);
        if (found === undefined || found === "key_set_rev_conflict") return schedule.succeed(startedMs, found);
        problem = found;
      }
    } catch {
      // What was thrown may quote what was read; the code says which step it was.
    }
    schedule.fail(startedMs, problem, store.latest?.memoryTtlMs ?? DEFAULT_MEMORY_TTL_MS);
  }

  /** A read that is waited for no longer than the deadline. It goes on after that, and what it brings is used. */
  async function readWithinDeadline(startedMs: number, cacheTtlSeconds: number, waitUntil: WaitUntil): Promise<void> {
    schedule.begin(startedMs);
    const work = readOnce(startedMs, cacheTtlSeconds);
    waitUntil(work);
    if (await endsWithin(work, readDeadlineMs, startTimer)) return;
    schedule.fail(startedMs, "key_set_read_timeout", store.latest?.memoryTtlMs ?? DEFAULT_MEMORY_TTL_MS);
  }

  /** Offers the bootstrap document, at most once per longest backoff while it is refused. */
  async function tryBootstrap(nowMs: number): Promise<void> {
    if (config.bootstrap === undefined) return;
    if (bootstrapRefusal !== undefined && nowMs - bootstrapRefusal.atMs < MAX_BACKOFF_MS) return;
    let problem: KeyReadProblemCode | undefined = "key_set_check_failed";
    try {
      problem = await store.acceptBootstrap(config.bootstrap, nowMs);
    } catch {
      // As above.
    }
    bootstrapRefusal = problem === undefined ? undefined : { atMs: nowMs, problem };
  }

  /** What can be used without waiting. */
  function look(nowMs: number): StoredKeySet | undefined {
    noticeClock(nowMs);
    const stored = store.usable(nowMs);
    if (stored === undefined) return undefined;
    return nowMs - stored.readAtMs < stored.memoryTtlMs || schedule.holdsBack(nowMs) ? stored : undefined;
  }

  function refreshIfDue(nowMs: number, waitUntil: WaitUntil): boolean {
    const stored = store.usable(nowMs);
    if (stored === undefined) return false;
    const ageMs = nowMs - stored.readAtMs;
    const isDue = ageMs >= stored.refreshAfterMs && ageMs < stored.memoryTtlMs && schedule.mayRefresh(nowMs);
    if (isDue) {
      waitUntil(readWithinDeadline(nowMs, stored.keySet.document.timing.kvCacheTtlSeconds, waitUntil));
    }
    return isDue;
  }

  function unavailable(nowMs: number): KeysUnavailable {
    const retryAfterSeconds = Math.max(1, Math.ceil(schedule.backoffLeftMs(nowMs) / 1000));
    return { code: "keys_unavailable", retryAfterSeconds, problem: schedule.problem ?? "key_set_expired" };
  }

  function ready(nowMs: number, waitUntil: WaitUntil): HeldKeySet | undefined {
    const stored = look(nowMs);
    if (stored === undefined) return undefined;
    refreshIfDue(nowMs, waitUntil);
    return toHeld(stored, nowMs);
  }

  return {
    ready,
    peek: (nowMs) => look(nowMs)?.keySet,
    usable: (nowMs) => store.usable(nowMs)?.keySet,
    refreshIfDue,
    missing: (nowMs) => (store.usable(nowMs) === undefined ? unavailable(nowMs) : undefined),
    isOut: (nowMs) =>
      store.usable(nowMs) === undefined &&
      schedule.holdsBack(nowMs) &&
      (config.bootstrap === undefined || bootstrapRefusal !== undefined),
    async current(nowMs, waitUntil) {
      const without = ready(nowMs, waitUntil);
      if (without !== undefined) return ok(without);
      if (!schedule.holdsBack(nowMs)) await readWithinDeadline(nowMs, MIN_KV_CACHE_TTL_SECONDS, waitUntil);
      if (store.usable(nowMs) === undefined) await tryBootstrap(nowMs);
      const stored = store.usable(nowMs);
      if (stored !== undefined) return ok(toHeld(stored, nowMs, "kv"));
      return err(unavailable(nowMs));
    },
    async refreshForUnknownKid(used, nowMs, waitUntil) {
      if (store.usable(nowMs)?.keySet === used && schedule.takeUnknownKidRead(nowMs)) {
        await readWithinDeadline(nowMs, MIN_KV_CACHE_TTL_SECONDS, waitUntil);
      }
      const stored = store.usable(nowMs);
      return stored === undefined || stored.keySet === used ? undefined : toHeld(stored, nowMs);
    },
    status(nowMs) {
      const stored = store.usable(nowMs);
      const held = stored === undefined ? undefined : toHeld(stored, nowMs);
      return {
        source: held?.source,
        rev: held?.keySet.document.rev,
        ageSeconds: held?.ageSeconds,
        expiresAt: held?.keySet.document.expiresAt,
        anchors,
        skipped: held?.keySet.skipped ?? [],
        warnings: held === undefined ? [] : warningsOf(held.keySet, anchors),
        problem: schedule.problem,
        bootstrapProblem: bootstrapRefusal?.problem,
      };
    },
  };
}

function warningsOf({ document }: ImportedKeySet, anchors: readonly Kid[]): readonly LadderWarning[] {
  const kids = document.roots.filter((root) => !anchors.includes(root));
  return kids.length === 0 ? [] : [{ code: "anchor_missing", kids }];
}

/** @param ifConfirmedNow the source to report when the set was confirmed by a read that began at `nowMs` or later */
function toHeld(stored: StoredKeySet, nowMs: number, ifConfirmedNow: KeySetSource = "memory"): HeldKeySet {
  const { keySet, confirmedAtMs, memoryTtlMs } = stored;
  const { issuedAt, revoked } = keySet.document;
  const ageMs = nowMs - stored.readAtMs;
  const knownSinceMs = Number.isFinite(confirmedAtMs) ? confirmedAtMs : issuedAt * 1000;
  const ageSeconds = Math.max(0, nowMs - knownSinceMs) / 1000;
  let source: KeySetSource = ageMs <= 0 ? ifConfirmedNow : "memory";
  if (ageMs >= memoryTtlMs) source = stored.fromBootstrap ? "bootstrap" : "last_good";
  return { keySet, source, ageSeconds, text: revoked.length === stored.statedTombstones ? stored.text : undefined };
}
