/**
 * Isolates of the edge: the real key ladder and token verifier, each isolate with its own memory and clock, over what its
 * location's cache of KV serves. They come and go; a new one knows nothing. And a consumer of the plain JWK Set, which keeps
 * it for as long as it may and never asks again for a kid that it does not know.
 */
import { createEdge } from "./ports.ts";
import type { HostClock, RingPolicy, TrustAnchors } from "./ports.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import type { Removed } from "./guards.ts";
import { createFreezer, createHostClock } from "./host.ts";
import type { Adversity, Skew } from "./host.ts";
import type { KvModel } from "./kv-model.ts";
import type { Rng } from "./rng.ts";
import { AUDIENCE } from "./signer.ts";

export interface IsolateOptions {
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  readonly kv: KvModel;
  readonly policy: RingPolicy;
  readonly anchors: TrustAnchors;
  readonly bootstrap: string | undefined;
  readonly removed: Removed;
  readonly skew: Skew;
  readonly location: number;
  /** It is frozen between two requests, for as long as there are none. */
  readonly isFrozen: boolean;
  readonly adversity: () => Adversity;
}

export interface Answer {
  readonly code: string;
  readonly isAccepted: boolean;
  /** KV answered the read that the key set rests on, and the last one that was made. */
  readonly isKvAnswering: boolean;
  readonly source: string | undefined;
  readonly rev: number | undefined;
  readonly atMs: number;
  /** How long the answerer may have kept what an edge has told it. */
  readonly keptSeconds: number;
  /** By how much the isolate's clock was set back in its life: it may not notice, and take what it holds for so much younger. */
  readonly setBackMs: number;
}

export interface Isolate {
  readonly location: number;
  /** The highest rev that was seen in use. */
  highestRev: number;
  request(token: string): Promise<Answer>;
  /** What a consumer of the plain JWK Set gets from it. */
  plainKids(): Promise<{ readonly kids: readonly string[]; readonly isKvAnswering: boolean } | undefined>;
}

export const READ_DEADLINE_MS = 2000;

/** After a failed read an isolate goes without one for at most this long. */
const LONGEST_BACKOFF_MS = 5000;

/** An isolate's way to KV: slow and failing reads, and until when those that failed may show. */
export interface KvReads {
  read(kv: KvModel, cacheTtlSeconds: number): Promise<string | null>;
  /** A read has failed, or will: the ladder goes without one for its backoff, and once more for its deadline. */
  readonly troubleUntilMs: number;
}

/** @param countsFrozen a read that was frozen past its deadline is one that has failed */
export function createKvReads(
  {
    clock,
    rng,
    coverage,
    location,
    adversity,
  }: Pick<IsolateOptions, "clock" | "rng" | "coverage" | "location" | "adversity">,
  pass: () => Promise<void>,
  countsFrozen = false,
): KvReads {
  let troubleUntilMs = 0;
  const noteTrouble = (endMs: number): void => {
    troubleUntilMs = Math.max(troubleUntilMs, endMs + LONGEST_BACKOFF_MS + READ_DEADLINE_MS);
  };
  return {
    get troubleUntilMs() {
      return troubleUntilMs;
    },
    async read(kv, cacheTtlSeconds) {
      coverage.count("reads of KV by isolates");
      const wait = rng.chance(adversity().slow) ? rng.between(1, 4000) : 0;
      if (wait >= READ_DEADLINE_MS) noteTrouble(clock.nowMs + wait);
      if (wait > 0) await clock.sleep(wait);
      try {
        const text = kv.readAt(location, cacheTtlSeconds);
        if (text !== kv.stored()) coverage.count("stale reads of KV");
        if (text === undefined) coverage.count("reads that found nothing");
        const begunMs = clock.nowMs;
        await pass();
        const isFrozen = clock.nowMs > begunMs + (countsFrozen ? -wait : 0) + READ_DEADLINE_MS;
        if (isFrozen) coverage.count("reads that were frozen");
        if (isFrozen && countsFrozen) noteTrouble(clock.nowMs);
        return text ?? null;
      } catch (error) {
        noteTrouble(clock.nowMs);
        coverage.count("reads during an outage");
        throw error;
      }
    },
  };
}

/** What runs in an isolate, and since when. */
interface EdgeProcess<AnyEdge> {
  readonly edge: AnyEdge;
  readonly madeMs: number;
  /** Before a request: what an isolate without a guard does wrong as time goes on. */
  age(): void;
}

export function createEdgeProcess<AnyEdge>(
  {
    clock,
    skew,
    removed,
  }: Pick<IsolateOptions, "clock" | "skew"> & { readonly removed: Pick<Removed, "edgeRev" | "edgeMemoryTtl"> },
  make: (hostClock: HostClock) => AnyEdge,
): EdgeProcess<AnyEdge> {
  let believesMs: number | undefined;
  const hostClock = createHostClock(clock, (nowMs) => skew(nowMs) + ((believesMs ?? nowMs) - nowMs));
  let edge = make(hostClock);
  let madeMs = clock.nowMs;
  return {
    get edge() {
      return edge;
    },
    get madeMs() {
      return madeMs;
    },
    age() {
      const nowMs = clock.nowMs;
      if (removed.edgeRev === true && nowMs - madeMs >= 30_000) {
        edge = make(hostClock);
        madeMs = nowMs;
      }
      // For an hour the isolate believes that no time passes.
      if (removed.edgeMemoryTtl === true) believesMs = madeMs + Math.floor((nowMs - madeMs) / 3_600_000) * 3_600_000;
    },
  };
}

export function createIsolate(options: IsolateOptions): Isolate {
  const { clock, rng, coverage, kv, policy, anchors, bootstrap, removed, location } = options;
  const freezer = createFreezer();
  const reads = createKvReads(options, () => (options.isFrozen ? freezer.pass() : Promise.resolve()));
  const least = removed.edgeCacheTtl === true ? 3600 : removed.edgeFreshRead === true ? 60 : 0;
  const readKv = (cacheTtlSeconds: number): Promise<string | null> => reads.read(kv, Math.max(cacheTtlSeconds, least));

  const process = createEdgeProcess(options, (hostClock) =>
    createEdge({
      policy,
      anchors,
      audience: AUDIENCE,
      readKv,
      clock: hostClock,
      random: () => rng.next(),
      bootstrap,
      readDeadlineMs: READ_DEADLINE_MS,
    }),
  );
  return {
    location,
    highestRev: 0,
    async request(token) {
      const atMs = clock.nowMs;
      process.age();
      const code = await freezer.run(() => process.edge.verify(token));
      const { source, rev } = process.edge.status();
      coverage.count("requests");
      if (source !== undefined) coverage.count(`requests answered from ${source}`);
      const setBackMs = Math.max(0, options.skew(process.madeMs) - options.skew(atMs));
      const isKvAnswering = atMs > reads.troubleUntilMs + setBackMs;
      return { code, isAccepted: code === "accepted", isKvAnswering, source, rev, atMs, keptSeconds: 0, setBackMs };
    },
    async plainKids() {
      const kids = await freezer.run(() => process.edge.plainKids());
      return kids === undefined ? undefined : { kids, isKvAnswering: clock.nowMs > reads.troubleUntilMs };
    },
  };
}

export interface PlainConsumer {
  /** Whether it has a key for the token; the signature and the claims are an edge's business. */
  request(kid: string): Promise<Answer>;
}

/**
 * @param setBackMs by how much the clock of an isolate may be set back
 * @param isolate where its next request for the JWK Set arrives
 */
export function createPlainConsumer(
  clock: WorldClock,
  keepsSeconds: number,
  setBackMs: number,
  isolate: () => Isolate,
): PlainConsumer {
  let kept: { readonly kids: readonly string[]; readonly atMs: number; readonly isKvAnswering: boolean } | undefined;
  return {
    async request(kid) {
      const atMs = clock.nowMs;
      if (kept === undefined || atMs >= kept.atMs + keepsSeconds * 1000) {
        const fetched = await isolate().plainKids();
        if (fetched !== undefined) kept = { ...fetched, atMs };
      }
      const isKnown = kept?.kids.includes(kid) === true;
      const code = isKnown ? "accepted" : kept === undefined ? "keys_unavailable" : "kid_unknown";
      const isKvAnswering = kept?.isKvAnswering === true && atMs < kept.atMs + keepsSeconds * 1000;
      const answer = { code, isAccepted: isKnown, isKvAnswering, source: "a plain JWK Set", rev: undefined };
      return { ...answer, atMs, keptSeconds: keepsSeconds, setBackMs };
    },
  };
}
