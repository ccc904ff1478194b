/**
 * How short lead and hold could be before the simulator finds a broken promise: the margin is shortened in steps, and each
 * is tried on the same histories. What is found is a lower bound of what is needed, not a recommendation.
 */
import { asking, calmSchedule } from "./draw.ts";
import type { Removed } from "./guards.ts";
import { LETTERS, policyWith } from "./policies.ts";
import type { Schedule } from "./schedule.ts";
import type { InvariantName, Violation } from "./invariants.ts";
import { live } from "./world.ts";

/** A calm history of the default timing, in which a rotation is asked for again and again. */
export function plainSchedule(seed: string): Schedule {
  const calm = calmSchedule(seed);
  return {
    ...calm,
    policy: policyWith(LETTERS),
    rotators: 1,
    forgetful: false,
    rotatorEverySeconds: 60,
    skewSeconds: LETTERS.K / 2,
    deeds: asking(900, 90, 20),
    busySeconds: 3000,
    quietSeconds: 600,
  };
}

/** Everything that makes a lead too short show: signers follow at once, locations lag, somebody activates within seconds. */
export function leadSchedule(seed: string): Schedule {
  return { ...plainSchedule(seed), rotators: 2, rotatorEverySeconds: 15, apiLagSeconds: 0, kmsLagSeconds: 0 };
}

/** Everything that makes a hold too short show: signers follow at the last moment, and a dropped key is gone at once. */
export function holdSchedule(seed: string): Schedule {
  const plain = plainSchedule(seed);
  return {
    ...plain,
    rotators: 2,
    rotatorEverySeconds: 15,
    // Rotators that look so often would repair what the API does not show yet.
    apiLagSeconds: 0,
    locations: ["newest", "newest"],
    kmsLagSeconds: 0,
    signersLagSeconds: 300,
    // Each rotation begins the hold of all keys before it anew.
    deeds: plain.deeds.slice(0, 1),
  };
}

export interface CounterExample {
  readonly seed: string;
  readonly violation: Violation;
}

/**
 * The first seed with a broken promise, or undefined.
 * @param wanted only this promise counts; any, if left out
 */
export async function findCounterExample(
  removed: Removed,
  schedules: Iterable<Schedule>,
  wanted?: InvariantName,
): Promise<CounterExample | undefined> {
  for (const schedule of schedules) {
    const { violations } = await live(schedule, removed, { stopsEarly: wanted === undefined });
    const violation = violations.find(({ invariant }) => wanted === undefined || invariant === wanted);
    if (violation !== undefined) return { seed: schedule.seed, violation };
  }
  return undefined;
}

/** @param first where to begin */
export function* schedulesOf(
  make: (seed: string) => Schedule,
  seed: string,
  times: number,
  first = 0,
): Generator<Schedule> {
  for (let index = 0; index < times; index++) yield make(`${seed}-${first + index}`);
}

export interface ShortestMargin {
  readonly configuredSeconds: number;
  /** The shortest that was tried without a counter-example. */
  readonly shortestSafeSeconds: number;
  readonly counterExample: string | undefined;
}

/** Halves the interval between what is safe and what is not until they are `stepSeconds` apart. */
export async function shortestMargin(
  configuredSeconds: number,
  removedOf: (seconds: number) => Removed,
  make: (seed: string) => Schedule,
  times: number,
  stepSeconds = 10,
): Promise<ShortestMargin> {
  let [safe, unsafe] = [configuredSeconds, 0];
  let counterExample: string | undefined;
  while (safe - unsafe > stepSeconds) {
    const tried = Math.round((safe + unsafe) / 2);
    const found = await findCounterExample(removedOf(configuredSeconds - tried), schedulesOf(make, "margin", times));
    if (found === undefined) safe = tried;
    else [unsafe, counterExample] = [tried, found.seed];
  }
  return { configuredSeconds, shortestSafeSeconds: safe, counterExample };
}
