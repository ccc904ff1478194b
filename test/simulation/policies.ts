/** Policies for histories: short enough that one of two hours sees a rotation, with every duration varied. */
import type { SchedulePolicy } from "./schedule.ts";

/** The letters of docs/key-lifecycle.md, in seconds. */
export interface Letters {
  readonly W: number;
  readonly C: number;
  readonly M: number;
  readonly K: number;
  readonly L: number;
  readonly A: number;
  /** How long consumers of the plain JWK Set may keep it. */
  readonly P: number;
}

export const LETTERS: Letters = { W: 180, C: 60, M: 30, K: 60, L: 600, A: 360, P: 120 };

/** How often a rotator is expected to run, at the least. */
const RECONCILE_EVERY_SECONDS = 240;

/** From a key's creation until the next one may follow: settling, R, lead, hold, grace. */
function leastRotation({ W, C, M, K, L, A, P }: Letters): number {
  return 4 * K + 20 + RECONCILE_EVERY_SECONDS + (W + C + M + K + 1 + P) + (A + L + 2 * K) + (300 + 30 + K);
}

/** @param others letters that the policy changes to, or from: its period has to fit them too */
export function policyWith(letters: Letters, others: readonly Letters[] = []): SchedulePolicy {
  const all = [letters, ...others];
  const lifetimes = all.map(({ W, C, M, K }) => 2 * (2 * RECONCILE_EVERY_SECONDS + W + C + M + K + 1));
  const policy = {
    timing: {
      kvPropagationSeconds: letters.W,
      kvCacheTtlSeconds: letters.C,
      memoryTtlSeconds: letters.M,
      clockSkewSeconds: letters.K,
      maxTokenTtlSeconds: letters.L,
      signerLagSeconds: letters.A,
    },
    downstreamCacheSeconds: letters.P,
    reconcileEverySeconds: RECONCILE_EVERY_SECONDS,
    rotateEverySeconds: Math.max(...all.map(leastRotation)),
    documentLifetimeSeconds: Math.max(3600, ...lifetimes),
  };
  return policy;
}

/** Ways in which one letter is lowered, or with the two exchanged raised. */
export const CHANGES: readonly (readonly [high: Partial<Letters>, low: Partial<Letters>])[] = [
  [{ W: 300 }, { W: 160 }],
  [{ A: 600 }, { A: 330 }],
  [{ L: 900 }, { L: 60 }],
  [
    { C: 240, M: 60, P: 120 },
    { C: 30, M: 5 },
  ],
  [{ C: 240 }, { C: 30 }],
  [{ M: 120, P: 120 }, { M: 5 }],
  [{ K: 60 }, { K: 20 }],
];

/** Timings other than the defaults; C below 60 and M below 30 among them. */
export const VARIANTS: readonly Partial<Letters>[] = [
  {},
  {},
  { C: 30, M: 5, P: 60 },
  { C: 30, M: 30 },
  { C: 45, M: 10 },
  { C: 60, M: 5, P: 30 },
  { C: 240, M: 60, P: 300 },
  { K: 20, W: 150 },
  { A: 330, L: 300 },
  { L: 1200, P: 600 },
];
