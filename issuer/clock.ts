/** This host's clock. What tells the time in the issuer gets it from here, unless a caller passes a clock of its own. */
import { epochSecondsFromMs } from "../shared/identifiers.ts";
import type { EpochSeconds } from "../shared/identifiers.ts";

export function systemClock(): EpochSeconds {
  return epochSecondsFromMs(Date.now());
}

/** A clock in epoch seconds over one in epoch milliseconds. */
export function inSeconds(nowMs: () => number): () => EpochSeconds {
  return () => epochSecondsFromMs(nowMs());
}
