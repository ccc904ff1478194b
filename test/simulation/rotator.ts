/**
 * A machine that runs the rotator every so often: the real reconciliation over the models, in a process that may pause,
 * crash at any call and be started again without its memory. Operators' requests wait here until a run has done them.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { createPublisher, createRotator as createRealRotator, SealgateError } from "./ports.ts";
import type { AuditEntry, HostClock, Kms, RingPolicy, RotatorRun, Wish } from "./ports.ts";
import { BASE_URL, NAMESPACE_ID, createCloudflareModel } from "./cloudflare-model.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { secondsToNextTry } from "../../issuer/key-ring/revocations/plan-list.ts";
import { secondsOf } from "./ports/clock.ts";
import { changesPlans, policyWithout } from "./guards.ts";
import type { Removed } from "./guards.ts";
import { createHost, createHostClock, kmsThrough } from "./host.ts";
import type { Adversity, Host, Skew } from "./host.ts";
import type { KvModel } from "./kv-model.ts";
import { isOfList, noticing } from "./rotator-lists.ts";
import type { Fetch, RotatorLists } from "./rotator-lists.ts";
import { createRotatorWithout } from "./rotator-without.ts";
import type { Rng } from "./rng.ts";

/** A run of a rotator as it was, not as it says of itself. */
export interface Run {
  readonly begunMs: number;
  readonly endedMs: number;
  /** KMS has answered each call at once. */
  readonly isKmsCalm: boolean;
  /** So has Cloudflare's API, and what it showed was the truth. */
  readonly isStoreCalm: boolean;
  /** So has the table of taken-back tokens, and no run before has failed so lately that a list has to wait. */
  readonly isListCalm: boolean;
  /** Milliseconds from the first reading of the table until the end; undefined without one. */
  readonly listMs: number | undefined;
}

/** When a run read the table for the first and the last time. */
interface Readings {
  firstMs: number | undefined;
  lastMs: number | undefined;
}

type ListReport = NonNullable<RotatorRun["list"]>;

export interface RotatorOptions {
  readonly name: string;
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  readonly kms: Kms;
  readonly kv: KvModel;
  readonly skew: Skew;
  readonly everySeconds: number;
  /** All runs are as far apart. */
  readonly isPunctual: boolean;
  /** Nothing is remembered from one run to the next. */
  readonly forgetful: boolean;
  readonly policy: RingPolicy;
  readonly removed: Removed;
  readonly adversity: () => Adversity;
  readonly onAudit: (entry: AuditEntry) => void;
  /** A process has seen the store hold what it published. */
  readonly onConfirmed: (process: object, text: string) => void;
  readonly onRun: (run: Run) => void;
  /** Where single tokens can be taken back. */
  readonly lists?: RotatorLists;
  /** Something was thrown that no caller should have to expect. */
  readonly onDefect: (error: unknown) => void;
}

export interface Rotator {
  /** The first run is at this time. */
  start(atMs: number): void;
  /** Returns what takes the wish back. */
  ask(wish: Wish): () => void;
  setPolicy(policy: RingPolicy): void;
  /** It has this policy, and no run on another one is under way. */
  follows(policy: RingPolicy): boolean;
  /** No run begins before this time. */
  rest(untilMs: number): void;
  /** The table has changed: a run at once, or right after the one that is under way; again while the list has to wait. */
  wake(): void;
}

/** After a failed attempt, no list is published for so long. */
const HOLD_MS = 10_000;

/** The same after an outage of the table, or once Cloudflare's API has refused to take more calls. */
const LONGEST_HOLD_MS = 70_000;

/** Wishes are given up after so many runs, as a person would. */
const MOST_TRIES = 30;

export function createRotator(options: RotatorOptions): Rotator {
  const { clock, rng, coverage, kv, removed, adversity, onDefect } = options;
  let { policy } = options;
  let wishes: { readonly wish: Wish; tries: number }[] = [];
  const underWay = new Set<{ readonly host: Host; readonly policy: RingPolicy }>();
  let restsUntilMs = 0;
  /** The end of the last run in which KMS or Cloudflare's API was in trouble. */
  let troubledMs = -Infinity;
  let isWoken = false;
  /** Of the run that reads: one that was given up, or whose process is thought dead, may go on reading beside the next. */
  const readings = new AsyncLocalStorage<Readings>();
  let wake = (): void => {};

  function boot(atMs: number): void {
    const host = createHost({
      clock,
      rng,
      coverage,
      adversity,
      onCrash: () => boot(clock.nowMs + rng.between(1, 120) * 1000),
    });
    const ownClock = createHostClock(clock, options.skew);
    const hostClock = options.lists?.clockOf(ownClock) ?? ownClock;
    const rotator = makeRotator(host, hostClock);
    let isRunning = false;
    let cancelAgain = (): void => {};
    let isWanted = false;
    const loop = async (): Promise<void> => {
      if (host.isDead) return;
      if (clock.nowMs < restsUntilMs) return void clock.at(restsUntilMs + rng.between(0, 60_000), () => void loop());
      if (isRunning) return void clock.at(clock.nowMs + 1000, () => void loop());
      const begunMs = clock.nowMs;
      await run();
      const everyMs = 1000 * options.everySeconds * (options.isPunctual ? 1 : rng.between(0.6, 1.4));
      // A punctual one keeps to its times, as under cron.
      const nextMs = options.isPunctual ? begunMs + everyMs : clock.nowMs + everyMs;
      clock.at(nextMs, () => void loop());
    };
    const run = async (): Promise<void> => {
      if (rng.chance(adversity().crashing)) host.crashAfter(rng.int(1, 60));
      if (options.forgetful) rotator.forget();
      isRunning = true;
      isWanted = false;
      const list = await runOnce(host, rotator);
      isRunning = false;
      const waitSeconds = secondsToNextTry(list, secondsOf(hostClock)());
      cancelAgain();
      if (isWoken && waitSeconds !== undefined) cancelAgain = clock.at(clock.nowMs + waitSeconds * 1000, wakeThis);
      else if (isWanted) cancelAgain = clock.at(clock.nowMs, wakeThis);
    };
    const wakeThis = (): void => {
      isWoken = true;
      if (host.isDead || clock.nowMs < restsUntilMs) return;
      if (isRunning) isWanted = true;
      else void run();
    };
    wake = wakeThis;
    clock.at(atMs, () => void loop());
  }

  function makeRotator(host: Host, hostClock: HostClock): ReturnType<typeof createRealRotator> {
    const composed = new Map<string, number>();
    let composedMs = 0;
    const random = (): number => rng.next();
    const kms = kmsThrough(host, options.kms, rng, (operation) => {
      // A rotator signs nothing but documents, and signs one in the moment in which it is composed.
      if (operation === "sign") composedMs = clock.nowMs;
    });
    const { lists } = options;
    const modelOf = (entry: KvModel): Fetch =>
      createCloudflareModel({
        clock,
        rng,
        coverage,
        kv: entry,
        host,
        adversity,
        detailsOf: (text) => ({
          composedMs: composed.get(text) ?? clock.nowMs,
          marginMs: policy.timing.kvPropagationSeconds * 1000,
        }),
      });
    const [forKeySets, forLists] = [modelOf(kv), lists && modelOf(lists.kv)];
    const serve: Fetch = (url, init) =>
      (forLists !== undefined && isOfList(url, init) ? forLists : forKeySets)(url, init);
    const real = createPublisher({
      policy,
      clock: hostClock,
      random,
      baseUrl: BASE_URL,
      namespaceId: NAMESPACE_ID,
      apiToken: "token",
      fetch: lists === undefined ? serve : lists.through(serve),
    });
    const onLoad = (): void => {
      const its = readings.getStore();
      if (its === undefined) return;
      its.firstMs ??= clock.nowMs;
      its.lastMs = clock.nowMs;
    };
    async function noting<Outcome>(text: string, atMs: number, put: () => Promise<Outcome>): Promise<Outcome> {
      composed.set(text, atMs);
      const published = await put();
      options.onConfirmed(host, text);
      return published;
    }
    const publisher: typeof real = {
      read: (ring) => real.read(ring),
      publish: (ring, text, rev) => noting(text, composedMs, () => real.publish(ring, text, rev)),
      readRevocations: (ring) => real.readRevocations(ring),
      publishRevocations: (ring, text, rev) =>
        noting(text, readings.getStore()?.lastMs ?? clock.nowMs, () => real.publishRevocations(ring, text, rev)),
    };
    const revocations = lists && { store: noticing(lists.storeOf(host), onLoad), publisher };
    const ports = {
      kms,
      publisher,
      clock: hostClock,
      random,
      actor: options.name,
      onAudit: options.onAudit,
      revocations,
    };
    return changesPlans(removed) ? createRotatorWithout(ports, removed) : createRealRotator(ports);
  }

  async function runOnce(host: Host, rotator: ReturnType<typeof createRealRotator>): Promise<ListReport | undefined> {
    coverage.count("runs of a rotator");
    // Nobody who withdraws a key waits for a rotation that somebody has asked for before.
    const first = wishes.find(({ wish }) => wish.request?.kind === "revoke") ?? wishes[0];
    const begunMs = clock.nowMs;
    const its: Readings = { firstMs: undefined, lastMs: undefined };
    let wasCut = kv.isCut("api");
    const run = { host, policy };
    underWay.add(run);
    try {
      const report = await readings.run(its, () => rotator.run(policyWithout(policy, removed), first?.wish));
      // A process that has crashed waits for ever in its last call; only a timer of its own can have ended this run.
      if (host.isDead) return undefined;
      wasCut ||= kv.isCut("api") || report.faults.some((code) => code.startsWith("publish_"));
      const isKmsCalm = host.lastTroubleMs < begunMs;
      const isTableCalm = options.lists?.isTroubledSince(begunMs - LONGEST_HOLD_MS) !== true;
      const isListCalm = isTableCalm && troubledMs <= begunMs - HOLD_MS;
      const isStoreCalm = isKmsCalm && !wasCut;
      const endedMs = clock.nowMs;
      if (!isStoreCalm) troubledMs = endedMs;
      options.onRun({
        begunMs,
        endedMs,
        isKmsCalm,
        isStoreCalm,
        isListCalm,
        listMs: its.firstMs && endedMs - its.firstMs,
      });
      if (first !== undefined && (report.isRequestDone === true || ++first.tries > MOST_TRIES)) {
        wishes = wishes.filter((one) => one !== first);
      }
      return report.list;
    } catch (error) {
      if (error instanceof SealgateError) coverage.count("runs that could not observe");
      else onDefect(error);
      return undefined;
    } finally {
      underWay.delete(run);
    }
  }

  return {
    start: boot,
    ask(wish) {
      const asked = { wish, tries: 0 };
      wishes.push(asked);
      return () => {
        wishes = wishes.filter((one) => one !== asked);
      };
    },
    setPolicy: (changed) => {
      policy = changed;
    },
    follows: (wanted) => policy === wanted && [...underWay].every((run) => run.host.isDead || run.policy === wanted),
    rest: (untilMs) => {
      restsUntilMs = untilMs;
    },
    wake: () => wake(),
  };
}
