/** Compares this host's clock with KMS's, by the `Date` of an answer. */
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { SealgateError } from "../errors.ts";

/** An answer of KMS, and this host's clock just before the call and just after it, epoch seconds. */
export interface TimedAnswer {
  /** The `Date` of the answer; undefined when it carried none, and then nothing can be compared. */
  readonly serverTime: EpochSeconds | undefined;
  readonly startedAt: EpochSeconds;
  readonly endedAt: EpochSeconds;
}

/**
 * KMS's answer was written between `startedAt` and `endedAt`, so a slow answer is not taken for a slow clock. `Date` has
 * whole seconds.
 * @param danger a sentence for the message: what a clock that is off would lead to
 * @throws SealgateError `kms_clock_skewed`
 */
export function requireSameTime(answer: TimedAnswer, maxSkewSeconds: number, danger: string): void {
  const { serverTime, startedAt, endedAt } = answer;
  if (serverTime === undefined) return;
  const aheadSeconds = startedAt - (serverTime + 1);
  const behindSeconds = serverTime - (endedAt + 1);
  const skewSeconds = Math.ceil(Math.max(aheadSeconds, behindSeconds));
  if (skewSeconds <= maxSkewSeconds) return;
  const direction = aheadSeconds > behindSeconds ? "ahead of" : "behind";
  throw new SealgateError(
    "kms_clock_skewed",
    `This host's clock is ${skewSeconds} s ${direction} KMS's; ${maxSkewSeconds} s are allowed. ${danger} Set the clock (NTP).`,
  );
}
