/** Points in time as people type them: epoch seconds, or UTC as "2026-11-28T01:09:59Z". Pure. */
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { UsageError } from "./exit-codes.ts";

/** RFC 3339, in UTC: what other zones mean in summer is not for us to guess. */
const UTC = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

/** @throws UsageError naming the option */
export function takeTime(option: string, text: string): EpochSeconds {
  const seconds = UTC.test(text) ? Date.parse(text) / 1000 : /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  const time = parseEpochSeconds(seconds);
  if (time !== undefined) return time;
  throw new UsageError(`${option} must be epoch seconds, or a time in UTC such as 2026-11-28T01:09:59Z`);
}
