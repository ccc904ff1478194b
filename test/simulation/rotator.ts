/**
 * A machine that runs the rotator every so often: the real reconciliation over the models, in a process that may pause,
 * crash at any call and be started again without its memory. Operators' requests wait here until a run has done them.
 */
import { createPublisher, createRotator as createRealRotator, SealgateError } from "./ports.ts";
import type { AuditEntry, Kms, RingPolicy, Wish } from "./ports.ts";
import { BASE_URL, NAMESPACE_ID, createCloudflareModel } from "./cloudflare-model.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { changesPlans, policyWithout } from "./guards.ts";
import type { Removed } from "./guards.ts";
import { createHost, createHostClock, kmsThrough } from "./host.ts";
import type { Adversity, Host, Skew } from "./host.ts";
import type { KvModel } from "./kv-model.ts";
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
}

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
  /** Something was thrown that no caller should have to expect. */
  readonly onDefect: (error: unknown) => void;
}

export interface Rotator {
  /** The first run is at this time. */
  start(atMs: number): void;
  /** Returns what takes the wish back. */
  ask(wish: Wish): () => void;
  setPolicy(policy: RingPolicy): void;
  /** No run begins before this time. */
  rest(untilMs: number): void;
}

/** Wishes are given up after so many runs, as a person would. */
const MOST_TRIES = 30;

export function createRotator(options: RotatorOptions): Rotator {
  const { clock, rng, coverage, kv, removed, adversity, onDefect } = options;
  let { policy } = options;
  let wishes: { readonly wish: Wish; tries: number }[] = [];
  let restsUntilMs = 0;

  function boot(atMs: number): void {
    const host = createHost({
      clock,
      rng,
      coverage,
      adversity,
      onCrash: () => boot(clock.nowMs + rng.between(1, 120) * 1000),
    });
    const rotator = makeRotator(host);
    const loop = async (): Promise<void> => {
      if (host.isDead) return;
      if (clock.nowMs < restsUntilMs) return void clock.at(restsUntilMs + rng.between(0, 60_000), () => void loop());
      if (rng.chance(adversity().crashing)) host.crashAfter(rng.int(1, 60));
      if (options.forgetful) rotator.forget();
      const begunMs = clock.nowMs;
      await runOnce(host, rotator);
      const everyMs = 1000 * options.everySeconds * (options.isPunctual ? 1 : rng.between(0.6, 1.4));
      // A punctual one keeps to its times, as under cron.
      const nextMs = options.isPunctual ? begunMs + everyMs : clock.nowMs + everyMs;
      clock.at(nextMs, () => void loop());
    };
    clock.at(atMs, () => void loop());
  }

  function makeRotator(host: Host): ReturnType<typeof createRealRotator> {
    const composed = new Map<string, number>();
    let composedMs = 0;
    const hostClock = createHostClock(clock, options.skew);
    const random = (): number => rng.next();
    const kms = kmsThrough(host, options.kms, rng, (operation) => {
      // A rotator signs nothing but documents, and signs one in the moment in which it is composed.
      if (operation === "sign") composedMs = clock.nowMs;
    });
    const real = createPublisher({
      policy,
      clock: hostClock,
      random,
      baseUrl: BASE_URL,
      namespaceId: NAMESPACE_ID,
      apiToken: "token",
      fetch: createCloudflareModel({
        clock,
        rng,
        coverage,
        kv,
        host,
        adversity,
        detailsOf: (text) => ({
          composedMs: composed.get(text) ?? clock.nowMs,
          marginMs: policy.timing.kvPropagationSeconds * 1000,
        }),
      }),
    });
    const publisher: typeof real = {
      read: (ring) => real.read(ring),
      async publish(ring, text, rev) {
        composed.set(text, composedMs);
        const published = await real.publish(ring, text, rev);
        options.onConfirmed(host, text);
        return published;
      },
    };
    const ports = { kms, publisher, clock: hostClock, random, actor: options.name, onAudit: options.onAudit };
    return changesPlans(removed) ? createRotatorWithout(ports, removed) : createRealRotator(ports);
  }

  async function runOnce(host: Host, rotator: ReturnType<typeof createRealRotator>): Promise<void> {
    coverage.count("runs of a rotator");
    // Nobody who withdraws a key waits for a rotation that somebody has asked for before.
    const first = wishes.find(({ wish }) => wish.request?.kind === "revoke") ?? wishes[0];
    const begunMs = clock.nowMs;
    let wasCut = kv.isCut("api");
    try {
      const report = await rotator.run(policyWithout(policy, removed), first?.wish);
      wasCut ||= kv.isCut("api") || report.faults.some((code) => code.startsWith("publish_"));
      const isKmsCalm = host.lastTroubleMs < begunMs;
      options.onRun({ begunMs, endedMs: clock.nowMs, isKmsCalm, isStoreCalm: isKmsCalm && !wasCut });
      if (first !== undefined && (report.isRequestDone === true || ++first.tries > MOST_TRIES)) {
        wishes = wishes.filter((one) => one !== first);
      }
    } catch (error) {
      if (error instanceof SealgateError) coverage.count("runs that could not observe");
      else onDefect(error);
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
    rest: (untilMs) => {
      restsUntilMs = untilMs;
    },
  };
}
