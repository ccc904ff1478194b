/**
 * Runs the rotator because a token was taken back: at once, and again once the pause between two lists is over, so that what was
 * added during the pause needs no later event to be published.
 */
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { ReconcileReport } from "./reconcile.ts";
import { secondsToNextTry } from "./revocations/plan-list.ts";

export interface ListingRuns {
  readonly run: () => Promise<ReconcileReport>;
  readonly clock: () => EpochSeconds;
  readonly sleep: (ms: number) => Promise<void>;
  /** Milliseconds that are left for all of it. */
  readonly leftMs: () => number;
}

/** A run that is cut off does no harm, but it would count as a failure. */
const RUN_MS = 15_000;

/**
 * @returns the last run's report: its list says what the table says, or has failed, or the time was too short to wait
 * @throws SealgateError with a `kms_…` code when the ring cannot be observed
 */
export async function runUntilListed({ run, clock, sleep, leftMs }: ListingRuns): Promise<ReconcileReport> {
  for (;;) {
    const report = await run();
    const seconds = secondsToNextTry(report.list, clock());
    if (seconds === undefined || report.list?.result === "failed") return report;
    const waitMs = Math.ceil(seconds * 1000);
    if (waitMs + RUN_MS > leftMs()) return report;
    await sleep(waitMs);
  }
}
