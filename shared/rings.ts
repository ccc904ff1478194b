/**
 * The rings of one issuer, as a configuration names them, and what it says about each: anchors, floor and bootstrap document
 * are a ring's own, because its root keys and its `rev` are. Pure.
 */
import { parseRingName } from "./identifiers.ts";
import type { RingName } from "./identifiers.ts";
import { isJsonObject } from "./json.ts";
import type { JsonObject } from "./json.ts";

export const DEFAULT_RING = "main";

/** What {@link parseRingNames} takes, as the predicate of a sentence. */
export const RING_NAMES = "must be one or more names, each once, of 1 to 63 of a-z, 0-9 and inner -";

/** @param value names separated by commas, or an array of them */
export function parseRingNames(value: unknown): readonly RingName[] | undefined {
  const parts: readonly unknown[] = typeof value === "string" ? value.split(",") : Array.isArray(value) ? value : [];
  const names = parts.map((part) => parseRingName(typeof part === "string" ? part.trim() : part));
  const valid = names.filter((name) => name !== undefined);
  return valid.length > 0 && new Set(valid).size === parts.length ? valid : undefined;
}

/** Takes what is wrong with an option, as the predicate of a sentence. */
export type ReportProblem = (name: string, problem: string) => undefined;

/**
 * Reads what an option says about one ring.
 * @param value undefined if it is left out for this ring
 * @param name for the report: "anchors", or "anchors.west" where the option has a member for each ring
 */
export type RingValueReader<Value> = (value: unknown, name: string, report: ReportProblem) => Value;

/**
 * Reads an option for each ring: an object from ring to value, or, where there is one ring only, the plain value.
 * @param name of the option
 * @returns what was read of each ring; nothing if the option has the wrong form, which is reported
 */
export function readByRing<Value>(
  name: string,
  option: unknown,
  rings: readonly RingName[],
  read: RingValueReader<Value>,
  report: ReportProblem,
): ReadonlyMap<RingName, Value> {
  const byRing = isJsonObject(option) ? option : undefined;
  const members = Object.keys(byRing ?? {});
  if (byRing !== undefined && !(members.length > 0 && members.every((key) => rings.some((ring) => ring === key)))) {
    report(name, "must have one or more members, each with the name of one of the rings");
  } else if (byRing === undefined && option !== undefined && rings.length > 1) {
    report(name, "must be an object with a member for each ring, because there are several");
  } else {
    return new Map(
      rings.map((ring) => [
        ring,
        byRing === undefined ? read(option, name, report) : read(ownMember(byRing, ring), `${name}.${ring}`, report),
      ]),
    );
  }
  return new Map();
}

/** "constructor" is the name of a ring as well as any. */
function ownMember(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}
