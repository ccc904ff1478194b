/**
 * Histories that have broken a promise, as data: what a seed stands for changes with the generator, these do not. Each is lived
 * again by the test suite and has to keep every promise.
 */
import { readFileSync } from "node:fs";
import type { InvariantName } from "./invariants.ts";
import type { RegionSchedule } from "./regions-schedule.ts";
import type { ListSchedule } from "./revocations-schedule.ts";
import type { Schedule } from "./schedule.ts";

export interface BrokenOnce {
  readonly name: string;
  /** The promise that it broke when it was found. */
  readonly broke: InvariantName;
  readonly schedule: Schedule | RegionSchedule | ListSchedule;
}

/** All of them, in the order in which they were found. */
export function readHistories(): readonly BrokenOnce[] {
  const text = readFileSync(new URL("histories.json", import.meta.url), "utf8");
  const parsed: unknown = JSON.parse(text);
  if (!Array.isArray(parsed)) throw new TypeError("histories.json holds a list");
  return parsed.filter(isBrokenOnce);
}

function isBrokenOnce(value: unknown): value is BrokenOnce {
  return typeof value === "object" && value !== null && "name" in value && "broke" in value && "schedule" in value;
}
