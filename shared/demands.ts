/** What types demand, checked at run time, for functions that a program in JavaScript may call. Pure. */
import { parseEpochSeconds } from "./identifiers.ts";
import type { EpochSeconds } from "./identifiers.ts";

/** @throws {TypeError} with the rule, unless it holds */
export function demand(holds: boolean, rule: string): void {
  if (!holds) throw new TypeError(rule);
}

/** @throws {TypeError} for a time that is left out, NaN, or in another unit than seconds by far */
export function requireNow(now: EpochSeconds): void {
  demand(parseEpochSeconds(now) !== undefined, "now must be epoch seconds");
}

/** @throws {TypeError} for a duration that is left out, NaN, endless or negative */
export function requireSeconds(name: string, seconds: number): void {
  demand(Number.isFinite(seconds) && seconds >= 0, `${name} must be a number of seconds, at least 0`);
}
