/**
 * DynamoDB as a model, at the port of the revocation store: one table, in which a write takes effect at once, at some time after its
 * writer has given it up, or never; a conditional write, two calls with anything in between; readings that are consistent, in pages,
 * or, without that guard, of some seconds ago; outages; a backup that is put back. Failing and slow calls are the caller's business
 * (`host.ts`).
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.ReadConsistency.html
 */
import { SealgateError } from "./ports.ts";
import type { RevocationStore } from "./ports.ts";
import { entryKey, parseEntryKey, timeKey } from "../../issuer/revocations/entry.ts";
import type { StoredRevocation } from "../../issuer/revocations/entry.ts";
import type { ListNote } from "../../issuer/revocations/store.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import type { Adversity, Host } from "./host.ts";
import type { Rng } from "./rng.ts";

/** Guards that a table gives its users. */
export interface TableGuards {
  /** A reading may be this many seconds old. */
  readonly staleSeconds?: number;
  /** A rev is written whatever the table holds. */
  readonly condition?: boolean;
}

export interface TableEntry {
  readonly key: string;
  readonly entry: StoredRevocation;
  readonly sinceMs: number;
}

export interface TableModel {
  readonly name: string;
  /** Every entry that was ever stored, in the order of time, whether a backup has lost it or not. */
  readonly history: readonly TableEntry[];
  /** When a rev was taken. */
  takenMs(rev: number): number | undefined;
  /** The table as a process sees it. */
  store(host: Host, adversity: () => Adversity): RevocationStore;
  /** When the table was put back to a backup, and to which time. What one of them has lost, no later one brings back. */
  readonly restores: readonly { readonly thenMs: number; readonly nowMs: number }[];
  restore(ageSeconds: number): void;
  cut(forMs: number): void;
  readonly cutUntilMs: number;
  /** Is told of each entry that is new, after it: what a stream shows. */
  onEntry(listener: (entry: TableEntry) => void): void;
}

/** The SDK gives a call up after this time; what it has sent may arrive until then. */
const LATEST_WRITE_MS = 10_000;

/** A page of a reading holds 1 MB; here, a few entries. */
const PAGE_ENTRIES = 8;

export function createTableModel(
  name: string,
  { clock, rng, coverage }: { readonly clock: WorldClock; readonly rng: Rng; readonly coverage: Coverage },
  removed: TableGuards = {},
): TableModel {
  let entries = new Map<string, TableEntry>();
  const history: TableEntry[] = [];
  const revs: { readonly rev: number; readonly sinceMs: number }[] = [];
  const takenMs = new Map<number, number>();
  const notes = new Map<string, ListNote>();
  const listeners: ((entry: TableEntry) => void)[] = [];
  let cutUntilMs = 0;
  const restores: TableModel["restores"][number][] = [];

  const fault = (kind: "refused" | "lost"): SealgateError =>
    new SealgateError(
      kind === "refused"
        ? rng.pick(["revocation_table_throttled", "revocation_table_unreachable"])
        : "revocation_table_unreachable",
      "the call failed",
      { retryable: true },
    );

  function requireReachable(): void {
    if (clock.nowMs >= cutUntilMs) return;
    coverage.count("calls while the table was out");
    throw fault("refused");
  }

  function put(entry: StoredRevocation): void {
    const key = entryKey(entry);
    if (entries.has(key)) return;
    const stored = { key, entry, sinceMs: clock.nowMs };
    entries.set(key, stored);
    history.push(stored);
    for (const listener of listeners) listener(stored);
  }

  /** At once, later than its writer waits, or never. */
  function write(adversity: Adversity, effect: () => void): void {
    requireReachable();
    if (!rng.chance(adversity.lateWrite)) return effect();
    const isLost = rng.chance(0.3);
    coverage.count(isLost ? "lost writes of the table" : "late writes of the table");
    if (!isLost) clock.at(clock.nowMs + rng.between(500, LATEST_WRITE_MS), effect);
    throw fault("lost");
  }

  function keep(rev: number): void {
    revs.push({ rev, sinceMs: clock.nowMs });
    takenMs.set(rev, clock.nowMs);
  }

  const visibleFromMs = (): number => clock.nowMs - 1000 * rng.between(0, removed.staleSeconds ?? 0);

  return {
    name,
    history,
    takenMs: (rev) => takenMs.get(rev),
    restores,
    get cutUntilMs() {
      return cutUntilMs;
    },
    cut(forMs) {
      cutUntilMs = Math.max(cutUntilMs, clock.nowMs + forMs);
    },
    restore(ageSeconds) {
      const thenMs = clock.nowMs - ageSeconds * 1000;
      restores.push({ thenMs, nowMs: clock.nowMs });
      entries = new Map([...entries].filter(([, { sinceMs }]) => sinceMs <= thenMs));
      const left = revs.filter(({ sinceMs }) => sinceMs <= thenMs);
      revs.splice(0, revs.length, ...left);
      coverage.count("tables put back to a backup");
    },
    onEntry: (listener) => void listeners.push(listener),
    store(host, adversity) {
      const call = <Value>(work: () => Value): Promise<Value> => host.call(async () => work(), fault);
      const read = <Value>(work: () => Value): Promise<Value> =>
        call(() => {
          requireReachable();
          return work();
        });
      return {
        table: name,
        add: (_issuer, entry) => call(() => write(adversity(), () => put(entry))),
        readCounts: () => read(() => [...notes.values()].at(-1)?.counts),
        async load(_issuer, since) {
          const found: StoredRevocation[] = [];
          // By sort key: what is written before the place that the reading has come to is not seen.
          for (let after = since === undefined ? "" : timeKey(since); ;) {
            const page = await read(() => {
              const seenMs = visibleFromMs();
              const seen = [...entries.values()].filter(({ key, sinceMs }) => key > after && sinceMs <= seenMs);
              return seen.toSorted((left, right) => (left.key < right.key ? -1 : 1)).slice(0, PAGE_ENTRIES);
            });
            found.push(...page.flatMap(({ key }) => parseEntryKey(key) ?? []));
            const last = page.at(-1);
            if (last === undefined || page.length < PAGE_ENTRIES) return { entries: found, unreadable: 0 };
            after = last.key;
          }
        },
        async takeRev(_issuer, propose) {
          for (;;) {
            const known = await read(() => revs.at(-1)?.rev);
            const rev = propose(known);
            const isTaken = await call(() => {
              const isHigher = removed.condition === true || rev > (revs.at(-1)?.rev ?? 0);
              if (isHigher)
                write(adversity(), () =>
                  rev > (revs.at(-1)?.rev ?? 0) || removed.condition === true ? keep(rev) : undefined,
                );
              return isHigher;
            });
            if (isTaken) return rev;
            coverage.count("revs that another rotator had taken");
          }
        },
        readNote: (_issuer, ring) => read(() => notes.get(ring)),
        writeNote: (_issuer, ring, note) => call(() => write(adversity(), () => void notes.set(ring, note))),
      };
    },
  };
}
