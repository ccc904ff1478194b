/**
 * The stated bounds, in seconds, that the simulation holds against what it sees: one table, printed at the end of a run with
 * the longest time observed beside each. docs/simulation.md says where each comes from.
 */
import { COMPOSE_MS, KMS_LAG_MS } from "./facts.ts";
import type { RingPolicy } from "./ports.ts";

const LAG_SECONDS = KMS_LAG_MS / 1000;
const COMPOSE_SECONDS = COMPOSE_MS / 1000;

/** Cloudflare's API may show what is past for a minute. */
const STORE_LAG_SECONDS = 60;

/** A run may come so many times as late as on average. */
export const LATEST_RUN = 1.4;

/** A signer looks again after a second. */
const AGAIN_SECONDS = 4;

export interface Bounds {
  readonly "the active key was withdrawn": number;
  readonly "the active key was withdrawn, and no other was fit": number;
  readonly "people had taken away what signers go by": number;
}

/** @param rotatorEverySeconds on average */
export function createBounds(policy: RingPolicy, rotatorEverySeconds: number): Bounds {
  const seenAndMoved = LAG_SECONDS + LATEST_RUN * rotatorEverySeconds + STORE_LAG_SECONDS + COMPOSE_SECONDS;
  const seenBySigner = LAG_SECONDS + AGAIN_SECONDS;
  return {
    // The rotator is shown the disabled key, moves `active`, and the signer is shown the move.
    "the active key was withdrawn": seenAndMoved + seenBySigner,
    // A new key is created, published and tagged before; each is seen after KMS's lag.
    "the active key was withdrawn, and no other was fit":
      4 * seenAndMoved + policy.publishDeadlineSeconds + seenBySigner,
    // Until people put it back, and KMS shows it.
    "people had taken away what signers go by": Infinity,
  };
}
