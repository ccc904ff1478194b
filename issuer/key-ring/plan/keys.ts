/**
 * The part of a plan that concerns KMS keys and aliases: withdrawing, taking over, waiting, retiring. Pure;
 * each function answers steps that are due and safe on this observation, whether or not other steps are carried out.
 */
import { addSeconds } from "../../../shared/identifiers.ts";
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import { settlingOf } from "./document.ts";
import { isDroppable, isHoldOver, isKnown, isRipe, liveDocument } from "./phases.ts";
import type { Generation } from "./phases.ts";
import type { Step } from "../model/steps.ts";
import { graceSeconds, plannedLeadSeconds } from "../policy.ts";
import { repeatedSeconds, settleAfterSeconds } from "../rev.ts";
import { findOrphan } from "./orphans.ts";
import { hasPending, nextNumber } from "./ring-state.ts";
import type { RingState } from "./ring-state.ts";
import type { TimingInForce } from "./timing-in-force.ts";

/** A revoked key must not be able to sign, even if it was enabled again. */
export function disableRevoked({ generations }: RingState): readonly Step[] {
  return generations
    .filter(({ phase, keyState }) => phase === "revoked" && keyState === "Enabled")
    .map(({ keyArn, number }) => ({
      kind: "disable_key",
      keyArn,
      generation: number,
      reason: "revoked",
    }));
}

type MoveActive = Extract<Step, { kind: "move_active" }>;

/** The active key is revoked: another one that edges know signs from now on, the best known one first. */
export function replaceRevokedActive({ active, generations, now }: RingState): readonly MoveActive[] {
  if (active?.phase !== "revoked") return [];
  const [best] = generations
    .filter(({ phase, isUsable, isListed }) => isListed && isUsable && isVerifying(phase))
    .filter((generation) => !isHoldOver(generation, now))
    .toSorted((left, right) => compareForEmergency(left, right, now));
  if (
    best === undefined ||
    (!isKnown(best, now) && generations.some((generation) => mayHaveTakenOver(generation, now)))
  )
    return [];
  const { number, keyArn } = best;
  return [{ kind: "move_active", from: active.number, generation: number, keyArn, reason: "revoked" }];
}

/**
 * Its hold has just ended. It may have become the active one before, by another rotator or an earlier run, without being seen:
 * nothing that edges do not know takes its place until that would show.
 */
function mayHaveTakenOver(generation: Generation, now: EpochSeconds): boolean {
  const isListed = generation.isListed || generation.newerEntry !== undefined;
  return generation.isUsable && isListed && isHoldOver(generation, now) && !isDroppable(generation, now);
}

/**
 * The best first: the oldest pending key that every edge knows; then the newest retiring key that every edge knows; then the
 * oldest pending key that is only just published, and a retiring one that was listed anew. Edges may refuse some of its tokens
 * for up to S, which is better than issuing no tokens.
 */
function compareForEmergency(left: Generation, right: Generation, now: EpochSeconds): number {
  const rankOf = (one: Generation): number => (one.phase === "retiring" ? 1 : 0) + (isKnown(one, now) ? 0 : 2);
  const byAge = left.phase === "retiring" ? right.number - left.number : left.number - right.number;
  return rankOf(left) - rankOf(right) || byAge;
}

function isVerifying(phase: Generation["phase"]): boolean {
  return phase === "pending" || phase === "retiring";
}

/** The pending key that takes over next: the oldest one of the policy's algorithm. */
export function nextToActivate({ generations, policy }: RingState): Generation | undefined {
  return generations.find(({ phase, isUsable, alg }) => phase === "pending" && isUsable && alg === policy.alg);
}

/**
 * The earliest time at which a pending key may sign: known if a settled document has been seen to list it, otherwise what it will be
 * if every run is in time.
 * @param next undefined for one that is only to be made
 */
export function ripeNotBefore(next: Generation | undefined, state: RingState): EpochSeconds {
  const { observed, policy, timing, now } = state;
  if (next?.ripeAt !== undefined) return next.ripeAt;
  const document = next?.entry === undefined ? undefined : liveDocument(observed, now);
  const settles = document === undefined ? settleAfterSeconds(timing.largest.clockSkewSeconds) : 0;
  const settlesAt = (document && settlingOf(document)) ?? addSeconds(now, settles);
  return addSeconds(settlesAt > now ? settlesAt : now, plannedLeadSeconds(timing.largest, policy));
}

/** When the active generation has signed long enough. */
export function rotationDueAt(state: RingState): EpochSeconds | undefined {
  const { observed, policy, generations, active } = state;
  if (observed.active === undefined || active === undefined) return undefined;
  // A revocation has brought an older generation back: it signs no longer than until the pending key is ripe. One that has never
  // handed over signs its full time: what was revoked after it has never signed.
  const isStopgap =
    (active.tags.signsAgain || active.tags.supersededAt !== undefined) &&
    generations.some(({ phase, number }) => phase === "revoked" && number > active.number);
  return isStopgap ? observed.active.updatedAt : addSeconds(observed.active.updatedAt, policy.rotateEverySeconds);
}

/** The rotation by schedule, once it is due and the pending key is known to every edge. */
export function rotateWhenDue(state: RingState): readonly Step[] {
  const { active, now } = state;
  const dueAt = rotationDueAt(state);
  const next = nextToActivate(state);
  if (active?.phase !== "active" || next === undefined || dueAt === undefined) return [];
  if (hasHandedOver(active, state)) return [];
  return now >= dueAt && isRipe(next, now) ? [moveTo(active, next, "due")] : [];
}

/**
 * Its tag says that another key has taken over since `active` was last seen to move: KMS shows an older state of the alias. A
 * rotator with another policy may have moved it to another key than this one would.
 */
function hasHandedOver({ tags: { supersededAt } }: Generation, { observed, policy, timing, now }: RingState): boolean {
  if (supersededAt === undefined || observed.active === undefined) return false;
  const isShownBy = addSeconds(supersededAt, graceSeconds(timing.largest, policy));
  return supersededAt > observed.active.updatedAt && now < isShownBy;
}

export function moveTo(active: Generation, next: Generation, reason: "due" | "requested"): Step {
  const { number, keyArn } = next;
  return { kind: "move_active", from: active.number, generation: number, keyArn, reason };
}

/** One pending key is always there. A key left behind by a crash is used before another one is made. */
export function ensurePending(state: RingState): readonly Step[] {
  if (state.active === undefined || hasPending(state)) return [];
  return [createGeneration(state, nextNumber(state))];
}

export function createGeneration({ observed, policy }: RingState, number: number): Step {
  const { alg, keySpec } = policy;
  const named = { role: "generation", number } as const;
  const orphan = findOrphan(observed.orphans, named, (key) => key.tags.alg === alg);
  return { kind: "create_key", ...named, alg, keySpec, orphan: orphan?.keyArn };
}

/** A rotator that still reads the document before would take the disabling of a key that it lists for a revocation. */
export function disableNotBefore(document: KeySetDocument, { largest }: TimingInForce): EpochSeconds {
  const { kvPropagationSeconds, clockSkewSeconds } = largest;
  return addSeconds(document.issuedAt, kvPropagationSeconds + clockSkewSeconds - repeatedSeconds(document));
}

/** Keys that have been out of the key set for so long that every rotator must have seen it. */
export function disableRetired({ observed, timing, generations, now }: RingState): readonly Step[] {
  const document = liveDocument(observed, now);
  if (document === undefined || now < disableNotBefore(document, timing)) return [];
  const needed = new Set(
    [...generations.filter(({ phase }) => phase === "pending" || phase === "active"), observed.root].map(
      (key) => key?.keyId,
    ),
  );
  return generations
    .filter(
      (generation) => isDroppable(generation, now) && generation.kid !== undefined && generation.entry === undefined,
    )
    .filter(({ keyState }) => keyState === "Enabled")
    .filter(({ keyId }) => !needed.has(keyId) && keyId !== observed.active?.keyId)
    .map(({ keyArn, number }) => ({
      kind: "disable_key",
      keyArn,
      generation: number,
      reason: "retired",
    }));
}

/** Only on request (the policy's), and only keys that sealgate has made and whose absence from the document is certain. */
export function deleteRetired({ observed, policy, generations, now }: RingState): readonly Step[] {
  const document = liveDocument(observed, now);
  const { deleteAfterDays } = policy;
  if (deleteAfterDays === undefined || document === undefined) return [];
  const isGone = ({ phase, kid, entry }: Generation): boolean =>
    kid !== undefined &&
    entry === undefined &&
    (phase === "retired" || (phase === "revoked" && document.revoked.some((tombstone) => tombstone.kid === kid)));
  return generations
    .filter((generation) => isGone(generation) && generation.keyState === "Disabled" && generation.tags.managed)
    .map(({ keyArn, number }) => ({
      kind: "schedule_deletion",
      keyArn,
      generation: number,
      reason: "retired",
      pendingDays: deleteAfterDays,
    }));
}
