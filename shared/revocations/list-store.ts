/**
 * The one list of a ring that an isolate holds: which lists may replace it, how old it is, until when it may be used. Knows nothing
 * of KV, deadlines or requests. What it holds is settled values only, so that requests share it safely.
 */
import { epochSecondsFromMs } from "../identifiers.ts";
import type { DocumentStore, StoredDocument } from "../keys/document-ladder.ts";
import type { EdgeTiming } from "../timing.ts";
import type { RevocationsReadProblemCode } from "./problems.ts";
import { openRevocations } from "./signed-list.ts";
import type { RevocationList, RevocationsRules } from "./signed-list.ts";

/** What the ring's key set says about the list. */
export interface ListTerms {
  /** C and M. */
  readonly timing: Pick<EdgeTiming, "kvCacheTtlSeconds" | "memoryTtlSeconds">;
  /** Of `revocations`; 1 when the key set has none. A list with a lower `rev` is refused, also one that is held. */
  readonly leastRev: number;
}

export interface ListStoreConfig extends Omit<RevocationsRules, "leastRev"> {
  /** By the key set that is held now. */
  readonly terms: (nowMs: number) => ListTerms;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The list held, with its times in epoch milliseconds. `text` is the KV value. */
export interface StoredList extends StoredDocument {
  readonly list: RevocationList;
  /** The latest time at which KV was known to hold this list; -Infinity when that is not known. */
  readonly confirmedAtMs: number;
  /** Of which {@link StoredDocument.memoryTtlMs} and the like are made. */
  readonly timing: ListTerms["timing"];
}

/**
 * What is held, usable or not: what it takes back stays taken back. It is usable unless it has expired or the key set asks for a
 * newer one. A copy that was older than M is held, but not taken for confirmed.
 */
export type ListStore = DocumentStore<StoredList, RevocationsReadProblemCode>;

export function createListStore({ terms, random, ...rules }: ListStoreConfig): ListStore {
  let held: StoredList | undefined;

  /** Also of a list that has expired: an older one does not follow it. */
  function leastRev(nowMs: number): number {
    return Math.max(held?.list.rev ?? 1, terms(nowMs).leastRev);
  }

  function agesBy(timing: ListTerms["timing"]): Omit<StoredList, "text" | "list" | "readAtMs" | "confirmedAtMs"> {
    const memoryTtlMs = timing.memoryTtlSeconds * 1000;
    const refreshAfterMs = memoryTtlMs * (0.5 + 0.25 * random());
    return { timing, memoryTtlMs, kvCacheTtlSeconds: timing.kvCacheTtlSeconds, refreshAfterMs };
  }

  /** A copy that was older than the new M when it was read is not taken for confirmed. */
  function agedBy(timing: ListTerms["timing"], stored: StoredList): StoredList {
    const ages = agesBy(timing);
    const isConfirmed = stored.readAtMs - stored.confirmedAtMs <= ages.memoryTtlMs;
    return { ...stored, ...ages, readAtMs: isConfirmed ? stored.readAtMs : NEVER.readAtMs };
  }

  function keep(
    text: string,
    list: RevocationList,
    ageSeconds: number,
    startedMs: number,
  ): "revocations_stale" | undefined {
    const { timing } = terms(startedMs);
    const isConfirmed = ageSeconds <= timing.memoryTtlSeconds;
    // The times of earlier reads of the same list stand if they are later.
    const { readAtMs, confirmedAtMs } = held?.list === list ? held : NEVER;
    held = {
      text,
      list,
      readAtMs: isConfirmed ? Math.max(readAtMs, startedMs) : readAtMs,
      confirmedAtMs: Math.max(confirmedAtMs, startedMs - ageSeconds * 1000),
      ...agesBy(timing),
    };
    return isConfirmed ? undefined : "revocations_stale";
  }

  return {
    get latest() {
      return held;
    },
    usable(nowMs) {
      const { leastRev, timing } = terms(nowMs);
      if (held === undefined || held.list.rev < leastRev) return undefined;
      // A list that was read together with the first key set was kept before the ring's own C and M were known.
      if (held.timing !== timing) held = agedBy(timing, held);
      return nowMs < held.list.expiresAt * 1000 ? held : undefined;
    },
    async accept({ text, ageSeconds }, startedMs) {
      if (held?.text === text) {
        if (held.list.rev < leastRev(startedMs)) return "revocations_rev_too_low";
        if (held.list.expiresAt * 1000 <= startedMs) return "revocations_expired";
        return keep(text, held.list, ageSeconds, startedMs);
      }
      const opened = await openRevocations(
        text,
        { ...rules, leastRev: leastRev(startedMs) },
        epochSecondsFromMs(startedMs),
      );
      if (!opened.ok) return opened.error.code;
      // From here on without a pause, because another read may have changed what is held while this one was being checked.
      const { rev, sha256 } = opened.value;
      if (rev < leastRev(startedMs)) return "revocations_rev_too_low";
      // A list that was signed twice (ECDSA signatures differ each time) has the same body.
      const isConflict = held?.list.rev === rev && held.list.sha256 !== sha256;
      if (held === undefined || !isConflict) return keep(text, opened.value, ageSeconds, startedMs);
      return keep(held.text, held.list, ageSeconds, startedMs) ?? "revocations_rev_conflict";
    },
    forgetAge() {
      if (held !== undefined) held = { ...held, ...NEVER };
    },
  };
}

const NEVER = { readAtMs: Number.NEGATIVE_INFINITY, confirmedAtMs: Number.NEGATIVE_INFINITY };
