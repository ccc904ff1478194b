/**
 * Histories of two rings, one in each Region: Regions that fail and come back, one after the other. A Region's outage takes its KMS
 * and its rotator; the rotator may come back later than KMS, by up to half an hour, and a rotator may be down by itself.
 */
import { LETTERS, policyWith, VARIANTS } from "./policies.ts";
import type { Letters } from "./policies.ts";
import { createRng } from "./rng.ts";
import type { Rng } from "./rng.ts";
import type { SchedulePolicy } from "./schedule.ts";

/** The name that asks for these histories on the command line. */
export const REGION_FAMILY = "a Region's outage";

export const RING_NAMES = ["main", "west"] as const;

export type RegionIndex = 0 | 1;

export interface Outage {
  readonly region: RegionIndex;
  readonly fromSeconds: number;
  /** KMS answers again; not before it was out at all, if only the rotator was down. */
  readonly kmsBackSeconds: number;
  readonly rotatorBackSeconds: number;
  /** `refused`: calls fail at once. `silent`: they end after seconds. */
  readonly kind: "refused" | "silent" | "rotator only";
}

/** KMS of a Region refuses a share of all calls for want of quota. */
export interface Throttling {
  readonly region: RegionIndex;
  readonly fromSeconds: number;
  readonly untilSeconds: number;
}

export interface RegionSchedule {
  readonly seed: string;
  /** Of both rings. */
  readonly policy: SchedulePolicy;
  readonly outages: readonly Outage[];
  readonly throttlings: readonly Throttling[];
  readonly signers: number;
  readonly isLambda: boolean;
  /** Between two tokens of a signer. */
  readonly everySeconds: number;
  readonly locations: number;
  readonly kmsLagSeconds: number;
  readonly rotatorEverySeconds: number;
  readonly rotatesBySeconds: readonly number[];
  readonly lastSeconds: number;
}

/** When a new ring's key and document are known to every edge, and both rotators have noted it. */
export const RIPE_SECONDS = 1800;

/** After an outage: a rotator runs, its document is everywhere, and signers are shown the note; then the other Region may fail. */
const RECOVERED_SECONDS = 2000;

export function drawRegionSchedule(seed: string): RegionSchedule {
  const rng = createRng(`${seed} regions`);
  const policy = drawPolicy({ ...LETTERS, ...rng.pick(VARIANTS) });
  const lifeSeconds = policy.documentLifetimeSeconds ?? 3600;
  const outages: Outage[] = [];
  let atSeconds = RIPE_SECONDS + rng.between(0, 600);
  for (let times = rng.int(1, 3); times > 0; times--) {
    // Home more often than not; the first for longer than its document lives, half of the time.
    const outage = drawOutage(rng, rng.chance(0.7) ? 0 : 1, atSeconds, lifeSeconds);
    outages.push(outage);
    atSeconds = Math.max(outage.kmsBackSeconds, outage.rotatorBackSeconds) + RECOVERED_SECONDS + rng.between(0, 600);
  }
  const throttlings = Array.from({ length: rng.int(0, 3) }, (): Throttling => {
    const fromSeconds = rng.between(RIPE_SECONDS, atSeconds);
    return { region: 0, fromSeconds, untilSeconds: fromSeconds + rng.between(5, 120) };
  });
  return {
    seed,
    policy,
    outages,
    throttlings: throttlings.filter((one) => outages.every((outage) => isApart(one, outage))),
    signers: rng.int(1, 2),
    isLambda: rng.chance(0.3),
    everySeconds: rng.pick([20, 55, 90]),
    locations: rng.int(1, 3),
    kmsLagSeconds: rng.pick([0, 20, 300]),
    rotatorEverySeconds: rng.pick([60, 120, 170]),
    rotatesBySeconds: Array.from({ length: rng.int(0, 4) }, () => rng.between(RIPE_SECONDS, atSeconds)),
    lastSeconds: atSeconds,
  };
}

/** A document that lives long enough for its tokens when its rotator dies: 2(L + 2K + R + A). */
function drawPolicy(letters: Letters): SchedulePolicy {
  const policy = policyWith(letters);
  const { documentLifetimeSeconds = 0, reconcileEverySeconds = 0 } = policy;
  const { L, K, A } = letters;
  return {
    ...policy,
    documentLifetimeSeconds: Math.max(documentLifetimeSeconds, 2 * (L + 2 * K + A + reconcileEverySeconds)),
  };
}

function drawOutage(rng: Rng, region: RegionIndex, fromSeconds: number, lifeSeconds: number): Outage {
  const kind = rng.pick(["refused", "refused", "silent", "rotator only"] as const);
  const forSeconds = rng.chance(0.5) ? lifeSeconds * rng.between(1, 1.4) : rng.between(30, lifeSeconds);
  const kmsBackSeconds = kind === "rotator only" ? fromSeconds : fromSeconds + forSeconds;
  return {
    region,
    fromSeconds,
    kind,
    kmsBackSeconds,
    rotatorBackSeconds: fromSeconds + forSeconds + rng.between(0, 1800),
  };
}

/** Both Regions would be out of work at once: then a token may fail. */
function isApart({ fromSeconds, untilSeconds }: Throttling, outage: Outage): boolean {
  const untilOutage = Math.max(outage.kmsBackSeconds, outage.rotatorBackSeconds) + RECOVERED_SECONDS;
  return untilSeconds < outage.fromSeconds || fromSeconds > untilOutage;
}
