/**
 * What is different between one history and another, drawn from a seed: how many hosts, how far off their clocks are, how
 * bad the network is, who does what and when. Each kind of trouble is absent from about half of all histories, so that
 * each is also seen alone.
 */
import type { RingPolicyInput } from "../../issuer/key-ring/policy.ts";
import { CALM } from "./host.ts";
import type { Adversity } from "./host.ts";
import type { LocationHabit } from "./kv-model.ts";
import { createRng } from "./rng.ts";
import type { Rng } from "./rng.ts";

export type Deed =
  | {
      readonly kind: "outage";
      readonly atSeconds: number;
      readonly forSeconds: number;
      readonly where: "api" | "location" | "everywhere";
    }
  | { readonly kind: "strike"; readonly atSeconds: number }
  | {
      readonly kind: "revoke";
      readonly atSeconds: number;
      readonly how: "request" | "disable" | "delete";
      readonly whom: "active" | "standby" | "retiring";
      readonly enabledAgain: boolean;
    }
  | { readonly kind: "rotate"; readonly atSeconds: number }
  | { readonly kind: "adopt"; readonly atSeconds: number }
  | { readonly kind: "hand_move"; readonly atSeconds: number; readonly forSeconds: number }
  | { readonly kind: "policy"; readonly atSeconds: number; readonly change: Partial<RingPolicyInput> }
  | { readonly kind: "restart_signer"; readonly atSeconds: number }
  | { readonly kind: "change_root"; readonly atSeconds: number }
  | { readonly kind: "loss_and_revocation"; readonly atSeconds: number };

export interface Schedule {
  readonly seed: string;
  readonly policy: Omit<RingPolicyInput, "ring" | "issuer">;
  readonly rotators: number;
  readonly rotatorEverySeconds: number;
  /** Each run is a new process, as under cron or in a function. */
  readonly forgetful: boolean;
  readonly signers: number;
  readonly locations: readonly LocationHabit[];
  /** The longest that KV's API shows what is past. */
  readonly apiLagSeconds: number;
  /** The longest that KMS shows what is past. */
  readonly kmsLagSeconds: number;
  /** Signers see KMS always so late; undefined: as everybody does. */
  readonly signersLagSeconds: number | undefined;
  /** Two hosts differ by at most twice this. */
  readonly skewSeconds: number;
  readonly rotatorAdversity: Adversity;
  readonly signerAdversity: Adversity;
  readonly edgeAdversity: Adversity;
  readonly bootstrap: boolean;
  readonly deeds: readonly Deed[];
  /** When troubles end; then comes a quiet time. */
  readonly busySeconds: number;
  readonly quietSeconds: number;
  /** The world's W over the policy's. */
  readonly propagationFactor: number;
}

/** Short, so that a history of two hours sees several rotations; W, A and K are the defaults. */
export const TIMING = {
  kvCacheTtlSeconds: 60,
  memoryTtlSeconds: 30,
  clockSkewSeconds: 60,
  maxTokenTtlSeconds: 600,
} as const;

/** Room for one to three rotations. */
const BUSY_SECONDS = [2400, 3600, 5400] as const;

export function drawSchedule(seed: string): Schedule {
  const rng = createRng(seed);
  const has = (): boolean => rng.chance(0.5);
  const habits = rng.pick([
    ["oldest"],
    ["either"],
    ["oldest", "newest", "either"],
  ] as const satisfies readonly LocationHabit[][]);
  const changesPolicy = rng.chance(0.3);
  const busySeconds = rng.pick(BUSY_SECONDS);
  const deeds = [...drawDeeds(rng, busySeconds, changesPolicy), ...drawRootChange(seed)];
  return {
    seed,
    policy: {
      timing: TIMING,
      rotateEverySeconds: changesPolicy ? 3100 : 2450,
      documentLifetimeSeconds: 3600,
      downstreamCacheSeconds: 60,
    },
    rotators: rng.int(1, 3),
    rotatorEverySeconds: rng.int(60, 240),
    // Drawn from the seed's own stream, so that all else stays as it was for each seed.
    forgetful: createRng(`${seed} forgetful`).chance(0.3),
    signers: rng.int(1, 3),
    locations: Array.from({ length: rng.int(2, 6) }, () => rng.pick<LocationHabit>(habits)),
    apiLagSeconds: 60,
    kmsLagSeconds: rng.pick([0, 20, 300, 300]),
    signersLagSeconds: undefined,
    skewSeconds: has() ? TIMING.clockSkewSeconds / 2 : 0,
    rotatorAdversity: {
      slow: has() ? 0.05 : 0,
      failing: has() ? 0.01 : 0,
      lostAnswer: has() ? 0.005 : 0,
      pausing: has() ? 0.01 : 0,
      longestPauseSeconds: rng.pick([30, 120, 900]),
      crashing: has() ? 0.1 : 0,
      lateWrite: has() ? 0.1 : 0,
    },
    signerAdversity: { ...CALM, slow: has() ? 0.1 : 0, failing: has() ? rng.pick([0.05, 0.5]) : 0 },
    edgeAdversity: { ...CALM, slow: has() ? 0.05 : 0 },
    bootstrap: rng.chance(0.2),
    deeds,
    busySeconds,
    quietSeconds: 1500,
    propagationFactor: 1,
  };
}

function drawDeeds(rng: Rng, busySeconds: number, changesPolicy: boolean): readonly Deed[] {
  const deeds: Deed[] = [];
  const some = (probability: number, most: number, make: (atSeconds: number) => Deed): void => {
    if (!rng.chance(probability)) return;
    for (let times = rng.int(1, most); times > 0; times--) deeds.push(make(rng.between(700, busySeconds)));
  };
  some(0.4, 3, (atSeconds) => ({
    kind: "outage",
    atSeconds,
    forSeconds: rng.between(5, 900),
    where: rng.pick(["api", "location", "everywhere"]),
  }));
  some(0.35, 4, (atSeconds) => ({ kind: "strike", atSeconds }));
  some(0.5, 2, (atSeconds) => ({
    kind: "revoke",
    atSeconds,
    how: rng.pick(["request", "request", "disable", "delete"]),
    whom: rng.pick(["active", "active", "standby", "retiring"]),
    enabledAgain: rng.chance(0.2),
  }));
  some(0.3, 2, (atSeconds) => ({ kind: "rotate", atSeconds }));
  some(0.15, 1, (atSeconds) => ({ kind: "adopt", atSeconds }));
  some(0.1, 1, (atSeconds) => ({ kind: "hand_move", atSeconds, forSeconds: rng.between(60, 600) }));
  some(0.3, 3, (atSeconds) => ({ kind: "restart_signer", atSeconds }));
  if (changesPolicy) some(1, 1, (atSeconds) => ({ kind: "policy", atSeconds, change: drawChange(rng) }));
  return deeds.toSorted((left, right) => left.atSeconds - right.atSeconds);
}

/** Early, as all its steps take half an hour. From a stream of its own, like `forgetful`. */
function drawRootChange(seed: string): readonly Deed[] {
  const rng = createRng(`${seed} root`);
  return rng.chance(0.15) ? [{ kind: "change_root", atSeconds: rng.between(700, 1500) }] : [];
}

function drawChange(rng: Rng): Partial<RingPolicyInput> {
  return rng.pick<Partial<RingPolicyInput>>([
    { alg: "EdDSA" },
    { alg: "ES384" },
    { timing: { ...TIMING, maxTokenTtlSeconds: 60 } },
    { timing: { ...TIMING, maxTokenTtlSeconds: 1200 } },
    { timing: { ...TIMING, kvCacheTtlSeconds: 30, memoryTtlSeconds: 5 } },
    { timing: { ...TIMING, kvCacheTtlSeconds: 240, memoryTtlSeconds: 60 } },
    { rotateEverySeconds: 3600 },
  ]);
}
