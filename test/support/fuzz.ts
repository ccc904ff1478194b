/**
 * How long property tests of parsers run. By default a fixed seed and few runs, so that the suite is fast and says the same
 * each time. `npm run fuzz` makes long runs with a fresh seed.
 *
 *   SEALGATE_FUZZ_RUNS      cases for each property
 *   SEALGATE_FUZZ_SECONDS   time for each property, whichever ends first
 *   SEALGATE_FUZZ_SEED      repeats a run
 */
import { env } from "node:process";
import type { Parameters } from "fast-check";
import { vi } from "vitest";

export interface FuzzSettings extends Pick<Parameters<unknown>, "numRuns" | "seed" | "interruptAfterTimeLimit"> {
  readonly numRuns: number;
  readonly seed: number;
}

const DAY_MS = 86_400_000;

/** @param defaultRuns cases in a run of the normal suite */
export function fuzzSettings(defaultRuns: number): FuzzSettings {
  const runs = env["SEALGATE_FUZZ_RUNS"];
  const timeLimit = env["SEALGATE_FUZZ_SECONDS"];
  const isLong = runs !== undefined || timeLimit !== undefined;
  const seed = Number(env["SEALGATE_FUZZ_SEED"] ?? (isLong ? Date.now() % 2 ** 31 : 1));
  const numRuns = Number(runs ?? (isLong ? Number.MAX_SAFE_INTEGER : defaultRuns));
  // A long run ends by its own limits.
  if (isLong) vi.setConfig({ testTimeout: DAY_MS });
  if (!(numRuns >= 1) || !Number.isInteger(seed)) throw new TypeError("SEALGATE_FUZZ_RUNS and _SEED are whole numbers");
  // A property that was interrupted before its first case counts as failed; one that was cut short does not.
  return timeLimit === undefined
    ? { numRuns, seed }
    : { numRuns, seed, interruptAfterTimeLimit: Number(timeLimit) * 1000 };
}
