/**
 * A process and what befalls its calls: a slow network, answers that get lost, throttling, a pause (a suspended machine, a
 * long garbage collection), a crash. A crash is a call that never returns: what the process would have done next never
 * happens, and what it had done stays done. A frozen process (a Lambda between two invocations) goes on where it stopped.
 */
import { SealgateError } from "./ports.ts";
import type { FaultCode, HostClock, Kms } from "./ports.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import type { Rng } from "./rng.ts";

/** How much goes wrong. Probabilities are per call, unless they say otherwise. */
export interface Adversity {
  readonly slow: number;
  /** Throttled, refused or unreachable, with nothing done. */
  readonly failing: number;
  /** Done, but the answer never arrived. */
  readonly lostAnswer: number;
  /** After a call, for up to `longestPauseSeconds`. */
  readonly pausing: number;
  readonly longestPauseSeconds: number;
  /** Per run of a rotator. */
  readonly crashing: number;
  /** Per write of a document: it fails and arrives later, or never. */
  readonly lateWrite: number;
}

export const CALM: Adversity = {
  slow: 0,
  failing: 0,
  lostAnswer: 0,
  pausing: 0,
  longestPauseSeconds: 0,
  crashing: 0,
  lateWrite: 0,
};

/** Lets a process run only while it has something to do; what it has begun waits until then. */
export interface Freezer {
  /** Thaws, does the work, and freezes again when nothing else is being done. */
  run<Value>(work: () => Promise<Value>): Promise<Value>;
  /** Resolves while the process is not frozen. */
  pass(): Promise<void>;
}

export function createFreezer(): Freezer {
  let running = 0;
  let waiting: (() => void)[] = [];
  return {
    async run(work) {
      running++;
      for (const resume of waiting) resume();
      waiting = [];
      try {
        return await work();
      } finally {
        running--;
      }
    },
    pass: () => (running > 0 ? Promise.resolve() : new Promise((resolve) => void waiting.push(resolve))),
  };
}

/** A process that is never frozen. */
export const ALWAYS_AWAKE: Freezer = { run: (work) => work(), pass: () => Promise.resolve() };

/** What a host's clock is off by at a true time, both in milliseconds. */
export type Skew = (nowMs: number) => number;

/** The clock and the timers of a host. */
export function createHostClock(clock: WorldClock, skew: Skew, freezer: Freezer = ALWAYS_AWAKE): HostClock {
  return {
    epochMs: () => clock.nowMs + skew(clock.nowMs),
    monotonicMs: () => clock.nowMs,
    startTimer: (delayMs, onTime) => clock.at(clock.nowMs + delayMs, () => void freezer.pass().then(onTime)),
  };
}

export interface HostOptions {
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  readonly adversity: () => Adversity;
  readonly freezer?: Freezer;
  /** Called once when the process dies. */
  readonly onCrash: () => void;
}

export interface Host {
  readonly isDead: boolean;
  /** When the last call began that failed, was late or lost its answer; what happened in the world, not what was made of it. */
  readonly lastTroubleMs: number;
  /** The process dies at its nth call from now. */
  crashAfter(calls: number): void;
  /**
   * One call with all that may befall it.
   * @param fail what it is refused with, and what it looks like when the answer is lost
   */
  call<Value>(work: () => Promise<Value>, fail: (kind: "refused" | "lost") => Error): Promise<Value>;
}

/** KMS's client gives up sooner; nothing takes effect later than that after the call. */
const LONGEST_CALL_MS = 8000;

/** What takes longer is trouble. */
const LATE_MS = 1000;

export function createHost(options: HostOptions): Host {
  const { clock, rng, coverage, adversity, freezer = ALWAYS_AWAKE, onCrash } = options;
  let isDead = false;
  let callsLeft = Infinity;
  let lastTroubleMs = -Infinity;

  /** A promise of its own for each call: what waits for it can be forgotten together with it. */
  function crashNow(): Promise<never> {
    if (!isDead) {
      isDead = true;
      coverage.count("crashes");
      onCrash();
    }
    return new Promise(() => {});
  }

  return {
    get isDead() {
      return isDead;
    },
    get lastTroubleMs() {
      return lastTroubleMs;
    },
    crashAfter(calls) {
      callsLeft = calls;
    },
    async call(work, fail) {
      const { slow, failing, lostAnswer, pausing, longestPauseSeconds } = adversity();
      const begunMs = clock.nowMs;
      const noteTrouble = (): void => {
        lastTroubleMs = Math.max(lastTroubleMs, begunMs);
      };
      const isLast = --callsLeft <= 0;
      const diesBefore = isLast && rng.chance(0.5);
      if (isDead || diesBefore) return crashNow();
      if (rng.chance(slow)) {
        const ms = rng.between(1, LONGEST_CALL_MS);
        if (ms > LATE_MS) noteTrouble();
        await clock.sleep(ms);
      }
      if (rng.chance(failing)) {
        coverage.count("failed calls");
        noteTrouble();
        throw fail("refused");
      }
      const value = await work();
      if (isLast) return crashNow();
      await freezer.pass();
      if (clock.nowMs > begunMs + LONGEST_CALL_MS) coverage.count("calls that were frozen");
      if (rng.chance(lostAnswer)) {
        coverage.count("lost answers");
        noteTrouble();
        throw fail("lost");
      }
      if (rng.chance(pausing)) {
        coverage.count("pauses");
        noteTrouble();
        await clock.sleep(1000 * longestPauseSeconds * rng.next() ** 2);
      }
      return value;
    },
  };
}

const KMS_FAULTS: readonly FaultCode[] = ["kms_throttled", "kms_unreachable", "kms_internal", "kms_timeout"];

/** KMS through a host's calls. `before` is told of each call as it begins. */
export function kmsThrough(host: Host, kms: Kms, rng: Rng, before: (operation: keyof Kms) => void): Kms {
  const fail = (kind: "refused" | "lost"): Error =>
    new SealgateError(kind === "lost" ? "kms_timeout" : rng.pick(KMS_FAULTS), "the call failed", { retryable: true });
  const through =
    <Args extends readonly unknown[], Value>(operation: keyof Kms, call: (...args: Args) => Promise<Value>) =>
    (...args: Args): Promise<Value> => {
      before(operation);
      return host.call(() => call(...args), fail);
    };
  return {
    describeKey: through("describeKey", (...args: Parameters<Kms["describeKey"]>) => kms.describeKey(...args)),
    getPublicKey: through("getPublicKey", (...args: Parameters<Kms["getPublicKey"]>) => kms.getPublicKey(...args)),
    sign: through("sign", (...args: Parameters<Kms["sign"]>) => kms.sign(...args)),
    verify: through("verify", (...args: Parameters<Kms["verify"]>) => kms.verify(...args)),
    createKey: through("createKey", (...args: Parameters<Kms["createKey"]>) => kms.createKey(...args)),
    listKeys: through("listKeys", (...args: Parameters<Kms["listKeys"]>) => kms.listKeys(...args)),
    tagKey: through("tagKey", (...args: Parameters<Kms["tagKey"]>) => kms.tagKey(...args)),
    listTags: through("listTags", (...args: Parameters<Kms["listTags"]>) => kms.listTags(...args)),
    disableKey: through("disableKey", (...args: Parameters<Kms["disableKey"]>) => kms.disableKey(...args)),
    scheduleKeyDeletion: through("scheduleKeyDeletion", (...args: Parameters<Kms["scheduleKeyDeletion"]>) =>
      kms.scheduleKeyDeletion(...args),
    ),
    createAlias: through("createAlias", (...args: Parameters<Kms["createAlias"]>) => kms.createAlias(...args)),
    updateAlias: through("updateAlias", (...args: Parameters<Kms["updateAlias"]>) => kms.updateAlias(...args)),
    listAliases: through("listAliases", (...args: Parameters<Kms["listAliases"]>) => kms.listAliases(...args)),
  };
}
