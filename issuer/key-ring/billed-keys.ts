/** What a ring's keys cost: AWS bills a key for as long as it is there, disabled ones included. Pure. */
import type { ObservedKey, ObservedRing } from "./model/observed.ts";

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
