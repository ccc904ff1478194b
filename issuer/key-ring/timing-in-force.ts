/**
 * The timing to calculate with while a policy changes. Pure.
 *
 * Raising a duration takes effect at once. Lowering one does not: tokens of the old lifetime are in use, and edges still
 * obey the document they hold. The last document alone cannot tell, since publishing the lower values replaces it. So the
 * values that may still be in use are noted on the root key (a tag, with the time since when less is wanted), and go
 *   1. noted -> the document keeps the larger values until tokens issued under them have run out,
 *   2. then the document carries the lower values, and every inequality still uses the larger ones,
 *   3. until no edge can hold the document before; then the note is set to the policy's values.
 */
import { addSeconds, parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { largerTiming, parseTiming, serialiseTiming } from "../../shared/timing.ts";
import type { EdgeTiming, RingTiming } from "../../shared/timing.ts";
import { holdSeconds, leadSeconds } from "./policy.ts";

/** The note on the root key. */
export interface TimingNote {
  /** The values that may still be in use. */
  readonly largest: EdgeTiming;
  /** The policy's, and since when: another policy begins another wait. */
  readonly wanted: EdgeTiming;
  readonly since: EpochSeconds;
}

export interface TimingInForce {
  /** For every inequality: the largest values that may still be in use. */
  readonly largest: RingTiming;
  /** For the next document. */
  readonly toPublish: EdgeTiming;
  /** The note to write, if another one is needed. */
  readonly note: TimingNote | undefined;
  /** When the document may carry the lower values; undefined when nothing is to be lowered. */
  readonly lowerNotBefore: EpochSeconds | undefined;
  /** When the larger values are out of use; undefined unless that is all that is waited for. */
  readonly forgetNotBefore: EpochSeconds | undefined;
}

/** What was last published, if it is a document that edges may hold. */
export interface PublishedTiming {
  readonly timing: EdgeTiming;
  readonly issuedAt: EpochSeconds;
}

export function timingInForce(
  policy: RingTiming,
  published: PublishedTiming | undefined,
  note: TimingNote | undefined,
  now: EpochSeconds,
): TimingInForce {
  const largest = largerTiming(largerTiming(policy, published?.timing), note?.largest);
  const settled: TimingInForce = {
    largest,
    toPublish: edgeTiming(policy),
    note: undefined,
    lowerNotBefore: undefined,
    forgetNotBefore: undefined,
  };
  const newNote: TimingNote = { largest: edgeTiming(largest), wanted: edgeTiming(policy), since: now };
  const isNoted =
    note !== undefined && isSameTiming(note.wanted, policy) && isSameTiming(note.largest, largest) ? note : undefined;
  if (isSameTiming(largest, policy)) {
    // A note about another policy would let a later lowering skip its wait.
    return note === undefined || isNoted !== undefined ? settled : { ...settled, note: newNote };
  }
  if (isNoted === undefined) return { ...settled, toPublish: edgeTiming(largest), note: newNote };
  const lowerNotBefore = addSeconds(isNoted.since, holdSeconds(largest));
  if (now < lowerNotBefore) return { ...settled, toPublish: edgeTiming(largest), lowerNotBefore };
  if (published === undefined || !isSameTiming(published.timing, policy)) return settled;
  const forgetNotBefore = addSeconds(published.issuedAt, leadSeconds(largest));
  if (now < forgetNotBefore) return { ...settled, forgetNotBefore };
  return { ...settled, note: { ...newNote, largest: edgeTiming(policy) } };
}

export function isSameTiming(left: EdgeTiming, right: EdgeTiming): boolean {
  return serialiseNoteTiming(left) === serialiseNoteTiming(right);
}

/** As a tag's value: largest, wanted and time, each timing as "C/M/K/L", e.g. "60/30/60/3600 to 60/30/60/600 @1800000000". */
export function serialiseTimingNote({ largest, wanted, since }: TimingNote): string {
  return `${serialiseNoteTiming(largest)} to ${serialiseNoteTiming(wanted)} @${Math.floor(since)}`;
}

/** @returns undefined for a text that is no note; then the wait begins again */
export function parseTimingNote(text: string | undefined): TimingNote | undefined {
  const match = /^([\d/]{7,40}) to ([\d/]{7,40}) @(\d{1,13})$/.exec(text ?? "");
  if (match === null) return undefined;
  const largest = parseNoteTiming(match[1] ?? "");
  const wanted = parseNoteTiming(match[2] ?? "");
  const since = parseEpochSeconds(Number(match[3]));
  if (largest === undefined || wanted === undefined || since === undefined) return undefined;
  return { largest, wanted, since };
}

function parseNoteTiming(text: string): EdgeTiming | undefined {
  const [kvCacheTtl, memoryTtl, clockSkew, maxTokenTtl, ...more] = text.split("/").map(Number);
  if (more.length > 0) return undefined;
  return parseTiming({
    kv_cache_ttl: kvCacheTtl,
    memory_ttl: memoryTtl,
    clock_skew: clockSkew,
    max_token_ttl: maxTokenTtl,
  });
}

function serialiseNoteTiming(timing: EdgeTiming): string {
  return Object.values(serialiseTiming(timing)).join("/");
}

function edgeTiming(timing: EdgeTiming): EdgeTiming {
  const { kvCacheTtlSeconds, memoryTtlSeconds, clockSkewSeconds, maxTokenTtlSeconds } = timing;
  return { kvCacheTtlSeconds, memoryTtlSeconds, clockSkewSeconds, maxTokenTtlSeconds };
}
