/**
 * A process and what befalls its calls: a slow network, answers that get lost, throttling, a pause (a suspended machine, a
 * long garbage collection), a crash. A crash is a call that never returns: whatever the process would have done next never
 * happens, and what it had done stays done.
 */
import { SealgateError } from "../../issuer/errors.ts";
import type { FaultCode } from "../../issuer/errors.ts";
import type { Kms } from "../../issuer/kms/port.ts";
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

export interface HostOptions {
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  readonly adversity: () => Adversity;
  /** Called once when the process dies. */
  readonly onCrash: () => void;
}

export interface Host {
  readonly isDead: boolean;
  /** The process dies at its nth call from now. */
  crashAfter(calls: number): void;
  /** One call with everything that may befall it. `fail` is what it fails with when it does. */
  call<Value>(work: () => Promise<Value>, faults: readonly FaultCode[]): Promise<Value>;
}

/** KMS's client gives up sooner; nothing takes effect later than that after the call. */
const LONGEST_CALL_MS = 8000;

const never: Promise<never> = new Promise(() => {});

export function createHost({ clock, rng, coverage, adversity, onCrash }: HostOptions): Host {
  let isDead = false;
  let callsLeft = Infinity;

  function crashNow(): Promise<never> {
    if (!isDead) {
      isDead = true;
      coverage.count("crashes");
      onCrash();
    }
    return never;
  }

  return {
    get isDead() {
      return isDead;
    },
    crashAfter(calls) {
      callsLeft = calls;
    },
    async call(work, faults) {
      const { slow, failing, lostAnswer, pausing, longestPauseSeconds } = adversity();
      const isLast = --callsLeft <= 0;
      const diesBefore = isLast && rng.chance(0.5);
      if (isDead || diesBefore) return crashNow();
      if (rng.chance(slow)) await clock.sleep(rng.between(1, LONGEST_CALL_MS));
      if (rng.chance(failing)) {
        coverage.count("failed calls");
        throw new SealgateError(rng.pick(faults), "the call failed", { retryable: true });
      }
      const value = await work();
      if (isLast) return crashNow();
      if (rng.chance(lostAnswer)) {
        coverage.count("lost answers");
        throw new SealgateError(faults.includes("kms_throttled") ? "kms_timeout" : "publish_timeout", "no answer", {
          retryable: true,
        });
      }
      if (rng.chance(pausing)) {
        coverage.count("pauses");
        await clock.sleep(1000 * longestPauseSeconds * rng.next() ** 2);
      }
      return value;
    },
  };
}

const KMS_FAULTS: readonly FaultCode[] = ["kms_throttled", "kms_unreachable", "kms_internal", "kms_timeout"];

/** KMS through a host's calls. `before` is told of each call as it begins. */
export function kmsThrough(host: Host, kms: Kms, before: (operation: keyof Kms) => void): Kms {
  const through =
    <Args extends readonly unknown[], Value>(operation: keyof Kms, call: (...args: Args) => Promise<Value>) =>
    (...args: Args): Promise<Value> => {
      before(operation);
      return host.call(() => call(...args), KMS_FAULTS);
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
