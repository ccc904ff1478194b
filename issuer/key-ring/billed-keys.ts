/** What a ring's keys cost: AWS bills a key for as long as it is there, disabled ones included. Pure. */
import type { ObservedKey, ObservedRing } from "./model/observed.ts";
import type { RingPolicy } from "./policy.ts";

/** aws.amazon.com/kms/pricing: US dollars a month for a key that is not waiting for its deletion. */
export const DOLLARS_PER_KEY_AND_MONTH = 1;

export interface BilledKeys {
  readonly keys: number;
  /** Of these, the ones that cannot sign any more. */
  readonly disabled: number;
}

export function billedKeysOf({ root, otherRoots, generations, orphans }: ObservedRing): BilledKeys {
  const kept: readonly ObservedKey[] = [
    ...(root === undefined ? [] : [root]),
    ...otherRoots,
    ...generations,
    ...orphans,
  ];
  // A key may be behind two aliases.
  const states = new Map(kept.map(({ keyArn, keyState }) => [keyArn, keyState]));
  const billed = [...states.values()].filter((state) => state !== "PendingDeletion" && state !== "NotFound");
  return { keys: billed.length, disabled: billed.filter((state) => state === "Disabled").length };
}

const SECONDS_PER_YEAR = 365 * 86_400;

/** What the rotations of one year leave behind where retired keys are kept: disabled keys, and what these cost in each later year. */
export function keptKeysOfYear({ rotateEverySeconds }: Pick<RingPolicy, "rotateEverySeconds">): {
  readonly keys: number;
  readonly dollarsPerYear: number;
} {
  const keys = Math.floor(SECONDS_PER_YEAR / rotateEverySeconds);
  return { keys, dollarsPerYear: keys * DOLLARS_PER_KEY_AND_MONTH * 12 };
}
