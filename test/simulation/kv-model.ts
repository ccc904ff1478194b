/**
 * Workers KV as a model: one entry, its writes in order, and what each location may serve of them. A write reaches a
 * location at some time before its margin has passed; until then the location may serve either value, also the new one
 * and then the old one again. A location caches what it has read, a missing entry too, for `cacheTtl` of the reader.
 * The margin W counts from the moment a document was composed; for all other writes from the write.
 * https://developers.cloudflare.com/kv/concepts/how-kv-works/
 */
import type { WorldClock } from "./clock.ts";
import type { Rng } from "./rng.ts";

/** Which of the values that a location may serve it does serve. */
export type LocationHabit = "oldest" | "newest" | "either";

export interface KvWrite {
  readonly text: string | undefined;
  readonly putMs: number;
  /** When the document was composed; the time of the write for what is no document of a rotator. */
  readonly composedMs: number;
  /** W, as its writer's policy says. */
  readonly marginMs: number;
  /** From now on every location serves this or a later write. */
  readonly forcedMs: number;
  readonly by: "rotator" | "other";
  /** It arrived after its writer had given it up. */
  readonly isLate: boolean;
  /** The process of a rotator that wrote it; compared only. */
  readonly process: object | undefined;
}

export interface KvModelOptions {
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly locations: readonly LocationHabit[];
  /** W of a write whose writer has no policy. */
  readonly marginMs: number;
  /** The world's W over the policy's. */
  readonly propagationFactor: number;
  /** How far behind the REST API may be. */
  readonly apiLagMs: number;
}

/** What is known of a rotator's write besides its text. */
export interface PutDetails {
  readonly composedMs: number;
  /** W, as the writer's policy says. */
  readonly marginMs: number;
  readonly isLate?: boolean;
  readonly process?: object;
}

export interface KvModel {
  readonly locations: number;
  /** Every write, in the order in which the store has taken them. */
  readonly writes: readonly KvWrite[];
  /** @param details of a rotator's document; undefined for a foreign write */
  put(text: string | undefined, details?: PutDetails): void;
  /** As an isolate at a location reads it. @throws while the location's way to the store is cut */
  readAt(location: number, cacheTtlSeconds: number): string | undefined;
  /** As the REST API reads it, which may be behind. */
  readApi(): string | undefined;
  /** The last write, whoever made it. */
  stored(): string | undefined;
  /** Cuts a location, or the API (`"api"`), off for some time. */
  cut(where: number | "api", forMs: number): void;
  isCut(where: number | "api"): boolean;
  /** Is told of each write, after it. */
  onWrite(listener: (write: KvWrite) => void): void;
}

interface Cached {
  readonly text: string | undefined;
  readonly readMs: number;
}

export function createKvModel(options: KvModelOptions): KvModel {
  const { clock, rng, locations, apiLagMs, propagationFactor } = options;
  const writes: KvWrite[] = [];
  const caches = new Map<number, Cached>();
  const cutUntil = new Map<number | "api", number>();
  const listeners: ((write: KvWrite) => void)[] = [];
  const isCut = (where: number | "api"): boolean => clock.nowMs < (cutUntil.get(where) ?? 0);

  /** The writes that a reader may get: from the last one that everybody must see. */
  function choose(habit: LocationHabit, forcedMsOf: (write: KvWrite) => number): string | undefined {
    let oldest = writes.length - 1;
    for (let write = writes[oldest]; write !== undefined && forcedMsOf(write) > clock.nowMs; write = writes[oldest])
      oldest--;
    const newest = writes.length - 1;
    const index = habit === "oldest" ? oldest : habit === "newest" ? newest : rng.int(oldest, newest);
    return writes[index]?.text;
  }

  return {
    locations: locations.length,
    writes,
    put(text, details) {
      const {
        composedMs,
        marginMs,
        isLate = false,
        process,
      } = details ?? { composedMs: clock.nowMs, marginMs: options.marginMs };
      const forcedMs = composedMs + marginMs * propagationFactor;
      const by = details === undefined ? "other" : "rotator";
      const write: KvWrite = { text, putMs: clock.nowMs, composedMs, marginMs, forcedMs, by, isLate, process };
      writes.push(write);
      for (const listener of listeners) listener(write);
    },
    readAt(location, cacheTtlSeconds) {
      const cached = caches.get(location);
      if (cached !== undefined && clock.nowMs < cached.readMs + cacheTtlSeconds * 1000) return cached.text;
      if (isCut(location)) throw new Error("KV GET failed: 500");
      const text = choose(locations[location] ?? "either", ({ forcedMs }) => forcedMs);
      caches.set(location, { text, readMs: clock.nowMs });
      return text;
    },
    readApi: () => choose("either", ({ putMs, forcedMs }) => Math.min(putMs + apiLagMs, Math.max(putMs, forcedMs))),
    stored: () => writes.at(-1)?.text,
    cut(where, forMs) {
      cutUntil.set(where, Math.max(cutUntil.get(where) ?? 0, clock.nowMs + forMs));
    },
    isCut,
    onWrite: (listener) => void listeners.push(listener),
  };
}
