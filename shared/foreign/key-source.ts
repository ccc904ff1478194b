/**
 * The keys of one foreign issuer, held in memory: when they are read, how long they may be used, and whether a request waits.
 *
 *   - read at most every 300 s (to 360 s, so that isolates do not ask at once), behind the answer of a request that needs them
 *   - past 420 s, in an isolate that was idle, a request waits for its own read: an issuer that answers is never believed longer
 *   - once more in 300 s for a kid that is not among them: a key that signs at once is known at once
 *   - used up to `max_stale` while they cannot be read; after that, requests that need them are answered 503
 *   - an answer that lists no key is believed: the issuer has withdrawn all of them
 *
 * Requests share settled values only. One that finds another's first read under way looks again every few milliseconds, on a
 * timer of its own: a promise of another request would hang it in Workers.
 */
import type { KeysUnavailable, WaitUntil } from "../keys/held-key-set.ts";
import { startPlatformTimer } from "../keys/deadline.ts";
import type { StartTimer } from "../keys/deadline.ts";
import { err, ok } from "../result.ts";
import type { Result } from "../result.ts";
import { FOREIGN_READ_DEADLINE_MS, readJwkSet } from "./fetch-keys.ts";
import type { JwkSetFetch } from "./fetch-keys.ts";
import type { ForeignIssuer } from "./issuer.ts";
import { importForeignKeys, parseJwkSet } from "./jwk-set.ts";
import type { ForeignKeySet, ParsedJwkSet } from "./jwk-set.ts";
import type { ForeignKeysProblemCode } from "./problems.ts";

/** Between two reads, at least. */
export const FOREIGN_INTERVAL_MS = 300_000;

/** As much is added at random. */
const JITTER_MS = 60_000;

/** Older keys are used only while they cannot be read again. */
export const FOREIGN_FRESH_MS = 420_000;

/** After a failed read, at least; at most twice that. */
const BACKOFF_MS = 10_000;

/** For so long after a failed read nothing waits for another one, which is made behind an answer. */
const FAILURE_COUNTS_MS = 30_000;

const POLL_MS = 20;

/** What a read came to, whenever that changes. For an operator's log: no part of a token or a key is in it. */
export interface ForeignKeysEvent {
  readonly event: "foreign_keys";
  readonly issuer: string;
  /** undefined: the keys were read. */
  readonly problem: ForeignKeysProblemCode | undefined;
  /** Usable keys that are held now; one that serves several algorithms counts once. 0 without a problem: the issuer has withdrawn all of them. */
  readonly keys: number;
  readonly skipped: ParsedJwkSet["skipped"];
}

export interface ForeignKeySource {
  /** Keys that can be used without waiting. Reads behind the answer when that is due and `mayRead` allows it. */
  ready(nowMs: number, waitUntil: WaitUntil, mayRead: boolean): ForeignKeySet | undefined;
  /** The same, or the keys that this request's own read brings. */
  current(nowMs: number, waitUntil: WaitUntil): Promise<Result<ForeignKeySet, KeysUnavailable<ForeignKeysProblemCode>>>;
  /** @returns a set other than `used`, or undefined; reads at most once in {@link FOREIGN_INTERVAL_MS} */
  refreshForUnknownKid(used: ForeignKeySet, nowMs: number, waitUntil: WaitUntil): Promise<ForeignKeySet | undefined>;
}

export interface ForeignKeySourceConfig {
  readonly issuer: ForeignIssuer;
  readonly fetch: JwkSetFetch;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** What it throws is dropped. */
  readonly report: (event: ForeignKeysEvent) => void;
  readonly startTimer?: StartTimer;
}

export function createForeignKeySource(config: ForeignKeySourceConfig): ForeignKeySource {
  const { issuer, fetch, random, report, startTimer = startPlatformTimer } = config;
  let held: { readonly set: ForeignKeySet; readonly readAtMs: number } | undefined;
  let dueAtMs = Number.NEGATIVE_INFINITY;
  let begunAtMs = Number.NEGATIVE_INFINITY;
  let unknownKidAtMs = Number.NEGATIVE_INFINITY;
  let latestMs = Number.NEGATIVE_INFINITY;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  let problem: ForeignKeysProblemCode | undefined;
  let reported = "";

  /** Keys that are fresh, or that cannot be read again and are not too old for that. */
  function usable(nowMs: number): ForeignKeySet | undefined {
    const hasJustFailed = nowMs - failedAtMs < FAILURE_COUNTS_MS;
    const oldestMs = hasJustFailed ? Math.max(issuer.maxStaleSeconds * 1000, FOREIGN_FRESH_MS) : FOREIGN_FRESH_MS;
    return held !== undefined && nowMs - held.readAtMs < oldestMs ? held.set : undefined;
  }

  /** A clock that goes back would keep old keys; what it was compared with means nothing any more. */
  function noticeClock(nowMs: number): void {
    if (nowMs < latestMs - FOREIGN_READ_DEADLINE_MS * 2) {
      if (held !== undefined) held = { ...held, readAtMs: nowMs - FOREIGN_INTERVAL_MS };
      dueAtMs = begunAtMs = unknownKidAtMs = failedAtMs = Number.NEGATIVE_INFINITY;
      latestMs = nowMs;
    }
    latestMs = Math.max(latestMs, nowMs);
  }

  function isReading(nowMs: number): boolean {
    return nowMs - begunAtMs < FOREIGN_READ_DEADLINE_MS;
  }

  /** Never rejects. */
  async function read(startedMs: number): Promise<void> {
    begunAtMs = startedMs;
    const octets = await readJwkSet(issuer.jwksUri, fetch, startTimer);
    const parsed = octets.ok ? parseJwkSet(octets.value, issuer) : octets;
    const set = parsed.ok ? await importForeignKeys(parsed.value.keys, held?.set) : undefined;
    if (begunAtMs === startedMs) begunAtMs = Number.NEGATIVE_INFINITY;
    problem = parsed.ok ? undefined : parsed.error;
    failedAtMs = parsed.ok
      ? Number.NEGATIVE_INFINITY
      : startedMs + (problem === "jwk_set_timeout" ? FOREIGN_READ_DEADLINE_MS : 0);
    if (set !== undefined && startedMs >= (held?.readAtMs ?? startedMs)) held = { set, readAtMs: startedMs };
    dueAtMs = parsed.ok
      ? startedMs + FOREIGN_INTERVAL_MS + JITTER_MS * random()
      : failedAtMs + BACKOFF_MS * (1 + random());
    tell(parsed.ok ? parsed.value.skipped : []);
  }

  function tell(skipped: ParsedJwkSet["skipped"]): void {
    const event = {
      event: "foreign_keys",
      issuer: issuer.issuer,
      problem,
      keys: new Set([...(held?.set.keys ?? [])].map(({ thumbprint }) => thumbprint)).size,
      skipped,
    } as const;
    const text = JSON.stringify(event);
    if (text === reported) return;
    reported = text;
    try {
      report(event);
    } catch {
      // An answer never depends on the log.
    }
  }

  /** Waits on timers of its own until the read that is under way has ended, or should have. */
  async function waitForOther(startedMs: number): Promise<void> {
    for (let waitedMs = 0; isReading(startedMs) && waitedMs < FOREIGN_READ_DEADLINE_MS; waitedMs += POLL_MS) {
      const { promise, resolve } = Promise.withResolvers<void>();
      startTimer(POLL_MS, resolve);
      await promise;
    }
  }

  return {
    ready(nowMs, waitUntil, mayRead) {
      noticeClock(nowMs);
      const set = usable(nowMs);
      if (set !== undefined && mayRead && nowMs >= dueAtMs && !isReading(nowMs)) waitUntil(read(nowMs));
      return set;
    },
    async current(nowMs, waitUntil) {
      noticeClock(nowMs);
      if (usable(nowMs) === undefined) {
        if (isReading(nowMs)) await waitForOther(nowMs);
        else if (nowMs >= dueAtMs) {
          const work = read(nowMs);
          waitUntil(work);
          await work;
        }
      }
      const set = usable(nowMs);
      if (set !== undefined) return ok(set);
      const retryAfterSeconds = Math.max(1, Math.ceil((dueAtMs - nowMs) / 1000));
      return err({ code: "keys_unavailable", retryAfterSeconds, problem: problem ?? "jwk_set_timeout" });
    },
    async refreshForUnknownKid(used, nowMs, waitUntil) {
      if (isReading(nowMs)) await waitForOther(nowMs);
      else if (usable(nowMs) === used && nowMs - unknownKidAtMs >= FOREIGN_INTERVAL_MS) {
        unknownKidAtMs = nowMs;
        const work = read(nowMs);
        waitUntil(work);
        await work;
      }
      const set = usable(nowMs);
      return set === used ? undefined : set;
    },
  };
}
