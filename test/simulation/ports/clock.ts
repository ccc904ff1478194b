/** Time and chance of one host, as every part of the product gets them. */
import { epochSecondsFromMs } from "../../../shared/identifiers.ts";
import type { EpochSeconds } from "../../../shared/identifiers.ts";

/** Time as one host sees it. All in milliseconds. */
export interface HostClock {
  /** Since the epoch; may be set forward and back. */
  epochMs(): number;
  /** From any origin; never set back. */
  monotonicMs(): number;
  /** Calls back once after a delay, unless the function it returns has been called before. */
  startTimer(delayMs: number, onTime: () => void): () => void;
}

/** At least 0, less than 1. */
export type Random = () => number;

/** What the host's clock reads, in epoch seconds. */
export function secondsOf(clock: HostClock): () => EpochSeconds {
  return () => epochSecondsFromMs(clock.epochMs());
}
