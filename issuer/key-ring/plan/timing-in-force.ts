/**
 * The timing to calculate with while a policy changes. Pure.
 *
 * A duration that is lowered is in use for a while: tokens of the old lifetime are about, edges obey the document they hold,
 * signers the policy they were started with. The last document cannot tell, since publishing the lower values replaces it, and
 * it says nothing of W and A. So the values that may still be in use are noted on the root key, at all times: a rotator that has
 * no document and no memory finds them there. A change goes
 *   1. noted, with the time since when it is wanted -> higher values are published at once, lower ones are not,
 *   2. once tokens issued under the old values have run out, the document carries the lower ones, and every inequality still
 *      uses the larger ones,
 *   3. until no edge can hold a document before the first settled one with the lower values; then the note holds those.
 */
import { addSeconds, parseEpochSeconds } from "../../../shared/identifiers.ts";
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { holdSeconds, largerTiming, leadSeconds, parseTiming, serialiseTiming } from "../../../shared/timing.ts";
import type { EdgeTiming, RingTiming } from "../../../shared/timing.ts";

/** The note on the root key. */
export interface TimingNote {
  /** The values that may still be in use. */
  readonly largest: RingTiming;
  /** The policy's, and since when: another policy begins another wait. */
  readonly wanted: RingTiming;
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

/** What was last published, if it is known. */
export interface PublishedTiming {
  readonly timing: EdgeTiming;
  readonly issuedAt: EpochSeconds;
  /** No edge holds a higher rev: those that do not have this document will. */
  readonly isSettled: boolean;
}

export function timingInForce(
  policy: RingTiming,
  published: PublishedTiming | undefined,
  note: TimingNote | undefined,
  now: EpochSeconds,
): TimingInForce {
  const largest = largerTiming(largerTiming(policy, published?.timing), note?.largest);
  const base = { largest, note: undefined, lowerNotBefore: undefined, forgetNotBefore: undefined };
  const isNoted =
    note !== undefined && isSameRingTiming(note.wanted, policy) && isSameRingTiming(note.largest, largest);
  if (!isNoted) {
    const newNote = { largest, wanted: policy, since: now };
    return { ...base, toPublish: beforeNoting(largest, published, note), note: newNote };
  }
  const lower = edgeTiming(policy);
  if (isSameRingTiming(largest, policy)) return { ...base, toPublish: lower };
  const lowerNotBefore = addSeconds(note.since, holdSeconds(largest));
  if (now < lowerNotBefore) return { ...base, toPublish: edgeTiming(largest), lowerNotBefore };
  if (published === undefined || !isLowered(published, policy, largest, lowerNotBefore)) {
    return { ...base, toPublish: lower };
  }
  const forgetNotBefore = addSeconds(published.issuedAt, leadSeconds(largest));
  if (now < forgetNotBefore) return { ...base, toPublish: lower, forgetNotBefore };
  return { ...base, toPublish: lower, note: { largest: policy, wanted: policy, since: now } };
}

/** A settled document carries the lower values, and is not an old one that was put back. No document carries W and A. */
function isLowered(
  { timing, issuedAt, isSettled }: PublishedTiming,
  policy: RingTiming,
  largest: RingTiming,
  lowerNotBefore: EpochSeconds,
): boolean {
  return isSettled && isSameTiming(timing, policy) && (issuedAt >= lowerNotBefore || isSameTiming(largest, policy));
}

/** What is about already, and nothing higher: that would be forgotten with the document. A new ring has nothing to forget. */
function beforeNoting(
  largest: RingTiming,
  published: PublishedTiming | undefined,
  note: TimingNote | undefined,
): EdgeTiming {
  if (published === undefined && note === undefined) return edgeTiming(largest);
  return edgeTiming(largerTiming(note?.largest ?? NOTHING, published?.timing));
}

function edgeTiming(timing: EdgeTiming): EdgeTiming {
  const { kvCacheTtlSeconds, memoryTtlSeconds, clockSkewSeconds, maxTokenTtlSeconds } = timing;
  return { kvCacheTtlSeconds, memoryTtlSeconds, clockSkewSeconds, maxTokenTtlSeconds };
}

const NOTHING: RingTiming = {
  kvCacheTtlSeconds: 0,
  memoryTtlSeconds: 0,
  clockSkewSeconds: 0,
  maxTokenTtlSeconds: 0,
  kvPropagationSeconds: 0,
  signerLagSeconds: 0,
};

/** The four that a document carries are the same. */
export function isSameTiming(left: EdgeTiming, right: EdgeTiming): boolean {
  return JSON.stringify(serialiseTiming(left)) === JSON.stringify(serialiseTiming(right));
}

function isSameRingTiming(left: RingTiming, right: RingTiming): boolean {
  return serialiseNoteTiming(left) === serialiseNoteTiming(right);
}

/**
 * As a tag's value: largest, wanted and time, each timing as "C/M/K/L/W/A", e.g.
 * "60/30/60/3600/180/360 to 60/30/60/600/180/360 @1800000000".
 */
export function serialiseTimingNote({ largest, wanted, since }: TimingNote): string {
  return `${serialiseNoteTiming(largest)} to ${serialiseNoteTiming(wanted)} @${Math.floor(since)}`;
}

/**
 * Reads a note. One of four values, as earlier versions wrote it, says nothing of W and A.
 * @returns undefined for a text that is no note; then the wait begins again
 */
export function parseTimingNote(text: string | undefined): TimingNote | undefined {
  const match = /^([\d/]{7,80}) to ([\d/]{7,80}) @(\d{1,13})$/.exec(text ?? "");
  if (match === null) return undefined;
  const largest = parseNoteTiming(match[1] ?? "");
  const wanted = parseNoteTiming(match[2] ?? "");
  const since = parseEpochSeconds(Number(match[3]));
  if (largest === undefined || wanted === undefined || since === undefined) return undefined;
  return { largest, wanted, since };
}

function parseNoteTiming(text: string): RingTiming | undefined {
  const values = text.split("/").map(Number);
  if (values.length !== 4 && values.length !== 6) return undefined;
  const [kvCacheTtl, memoryTtl, clockSkew, maxTokenTtl, kvPropagationSeconds = 0, signerLagSeconds = 0] = values;
  const edge = parseTiming({
    kv_cache_ttl: kvCacheTtl,
    memory_ttl: memoryTtl,
    clock_skew: clockSkew,
    max_token_ttl: maxTokenTtl,
  });
  return edge === undefined ? undefined : { ...edge, kvPropagationSeconds, signerLagSeconds };
}

function serialiseNoteTiming(timing: RingTiming): string {
  const { kvPropagationSeconds, signerLagSeconds } = timing;
  return [...Object.values(serialiseTiming(timing)), kvPropagationSeconds, signerLagSeconds].join("/");
}
