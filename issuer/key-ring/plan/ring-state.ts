/** Everything that the parts of a plan look at, worked out once from one observation. Pure. */
import type { EpochSeconds, Kid } from "../../../shared/identifiers.ts";
import { deriveGenerations } from "./phases.ts";
import type { Generation } from "./phases.ts";
import type { ObservedKey, ObservedRing } from "../model/observed.ts";
import type { RingRequest } from "../model/plan.ts";
import { parseRole } from "../names.ts";
import type { RingTags } from "../names.ts";
import type { RingPolicy } from "../policy.ts";
import { isSettled } from "../rev.ts";
import { parseTimingNote, timingInForce } from "./timing-in-force.ts";
import type { TimingInForce, TimingNote } from "./timing-in-force.ts";

export interface RingState {
  readonly observed: ObservedRing;
  readonly policy: RingPolicy;
  readonly now: EpochSeconds;
  readonly timing: TimingInForce;
  readonly generations: readonly Generation[];
  /** The generation that `active` points to, if it is seen. */
  readonly active: Generation | undefined;
  /** The kid that is being revoked by request. */
  readonly revoking: Kid | undefined;
}

export function deriveState(
  observed: ObservedRing,
  policy: RingPolicy,
  now: EpochSeconds,
  request: RingRequest | undefined,
): RingState {
  const note = timingNoteOf(observed);
  // When the store has lost its document, tokens of its lifetime are in use all the same.
  const document = observed.document.kind === "read" ? observed.document.document : observed.newer;
  const published = document && { ...document, isSettled: isSettled(document) };
  const timing = timingInForce(policy.timing, published, note, now);
  const revoking = request?.kind === "revoke" && isOfRing(observed, request.kid) ? request.kid : undefined;
  const generations = deriveGenerations(observed, policy, timing.largest, now, revoking, note?.since);
  const active = generations.find(({ number }) => number === observed.active?.generation);
  return { observed, policy, now, timing, generations, active, revoking };
}

/**
 * The note on the root key. A key that has only just become the root does not show its own yet; then the newest note on
 * another root key tells what earlier documents allowed.
 */
export function timingNoteOf({ root, otherRoots }: ObservedRing): TimingNote | undefined {
  const own = parseTimingNote(root?.tags.timing);
  if (own !== undefined || root === undefined) return own;
  const notes = otherRoots.flatMap(({ tags }) => parseTimingNote(tags.timing) ?? []);
  return notes.toSorted((one, other) => other.since - one.since)[0];
}

/** A kid that this ring has or had: of a generation, or in its last document. */
export function isOfRing({ generations, document }: ObservedRing, kid: Kid): boolean {
  if (generations.some(({ publicKey, tags }) => (publicKey?.kid ?? tags.kid) === kid)) return true;
  return document.kind === "read" && document.document.keys.some((key) => key.kid === kid);
}

/** The generation that the tags of a key of this ring name. */
export function generationNumberOf({ ring, generation }: RingTags): number | undefined {
  const named = parseRole(generation);
  return ring !== undefined && named?.role === "generation" ? named.number : undefined;
}

/** Numbers of keys that have lost their aliases. The kid is tagged once a key has its alias; its number stays its own, listed or not. */
export function lostNumbers({ observed: { orphans } }: Pick<RingState, "observed">): readonly number[] {
  return numbersOf(orphans.filter(({ tags }) => tags.kid !== undefined));
}

/** The number of the next generation. A key that is adopted gets the tag with its number a moment before the alias. */
export function nextNumber(state: RingState): number {
  const { active, generations, orphans } = state.observed;
  const adopted = numbersOf(orphans.filter(({ tags }) => !tags.managed));
  const numbers = generations.map(({ number }) => number);
  return Math.max(0, active?.generation ?? 0, ...numbers, ...lostNumbers(state), ...adopted) + 1;
}

function numbersOf(keys: readonly ObservedKey[]): readonly number[] {
  return keys.flatMap(({ tags }) => generationNumberOf(tags) ?? []);
}

/** A generation waits to take over. One that cannot be seen yet counts. */
export function hasPending({ generations, policy }: RingState): boolean {
  return generations.some(
    ({ phase, alg, keyState }) =>
      phase === "pending" && (alg === policy.alg || (alg === undefined && keyState !== "Enabled")),
  );
}
