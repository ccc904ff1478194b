/**
 * The rings of one issuer, as a configuration names them, and what it says about each: anchors, floor and bootstrap document
 * are a ring's own, because its root keys and its `rev` are. Pure.
 */
import { parseRingName } from "./identifiers.ts";
import type { RingName } from "./identifiers.ts";
import { isJsonObject } from "./json.ts";

export const DEFAULT_RING = "main";

/** What names of rings are. */
export const RING_NAMES = "names of 1 to 63 of a-z, 0-9 and inner -";

/** @param value names separated by commas, or an array of them */
export function parseRingNames(value: unknown): readonly RingName[] | undefined {
  const parts: readonly unknown[] = typeof value === "string" ? value.split(",") : Array.isArray(value) ? value : [];
  const names = parts.map((part) => parseRingName(typeof part === "string" ? part.trim() : part));
  const valid = names.filter((name) => name !== undefined);
  return valid.length > 0 && new Set(valid).size === parts.length ? valid : undefined;
}

/** Takes what is wrong with an option, as the predicate of a sentence. */
export type ReportProblem = (name: string, problem: string) => undefined;

/** What an option says about one ring. */
export interface RingOption {
  /** Undefined if it says nothing. */
  readonly value: unknown;
  /** For the report: "anchors", or "anchors.west" where there are several rings. */
  readonly name: string;
}

/**
 * Reads an option that is an object from ring to value, or, where there is one ring only, may be the plain value.
 * @param name of the option
 * @returns one for each ring, in their order; none if the option has the wrong form, which is reported
 */
export function readByRing(
  name: string,
  option: unknown,
  rings: readonly string[],
  report: ReportProblem,
): readonly RingOption[] {
  const isSeveral = rings.length > 1;
  const byRing = isJsonObject(option) ? option : undefined;
  const isWrong =
    byRing === undefined
      ? isSeveral && option !== undefined
      : Object.keys(byRing).some((ring) => !rings.includes(ring));
  if (isWrong) {
    report(name, "must have a member for each ring, and no other");
    return [];
  }
  return rings.map((ring) => ({
    value: byRing === undefined ? option : Object.hasOwn(byRing, ring) ? byRing[ring] : undefined,
    name: isSeveral ? `${name}.${ring}` : name,
  }));
}
