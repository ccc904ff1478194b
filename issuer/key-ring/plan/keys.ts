/**
 * The part of a plan that concerns KMS keys and aliases: withdrawing, taking over, waiting, retiring, cleaning up. Pure;
 * each function answers steps that are due and safe on this observation, whether or not other steps are carried out.
 */
import { addSeconds } from "../../../shared/identifiers.ts";
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import { KMS_CONSISTENCY_SECONDS } from "../../../shared/timing.ts";
import { settlingOf } from "./document.ts";
import { isDroppable, isHoldOver, isKnown, isRipe, liveDocument } from "./phases.ts";
import type { Generation } from "./phases.ts";
import type { ObservedKey } from "../model/observed.ts";
import type { Step } from "../model/steps.ts";
import { nameOfRole, parseRole } from "../names.ts";
import type { KeyRole } from "../names.ts";
import { graceSeconds, plannedLeadSeconds } from "../policy.ts";
import { repeatedSeconds, settleAfterSeconds } from "../rev.ts";
import { generationNumberOf, nextNumber } from "./ring-state.ts";
import type { RingState } from "./ring-state.ts";
import type { TimingInForce } from "./timing-in-force.ts";

/** The shortest that KMS allows, for keys that were never used (AWS KMS API Reference, ScheduleKeyDeletion). */
const ORPHAN_DELETION_DAYS = 7;

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
    active.tags.supersededAt !== undefined &&
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

function hasPending({ generations, policy }: RingState): boolean {
  return generations.some(
    ({ phase, alg, keyState }) =>
      phase === "pending" && (alg === policy.alg || (alg === undefined && keyState !== "Enabled")),
  );
}

export function createGeneration({ observed, policy }: RingState, number: number): Step {
  const { alg, keySpec } = policy;
  const named = { role: "generation", number } as const;
  const orphan = findOrphan(observed.orphans, named, (key) => key.tags.alg === alg);
  return { kind: "create_key", ...named, alg, keySpec, orphan: orphan?.keyArn };
}

/** A key that was made for this purpose and has not got its alias. The same one for every rotator that looks. */
export function findOrphan(
  orphans: readonly ObservedKey[],
  purpose: KeyRole,
  fits: (key: ObservedKey) => boolean,
): ObservedKey | undefined {
  return orphans
    .filter((key) => key.tags.generation === nameOfRole(purpose) && key.keyState === "Enabled" && fits(key))
    .toSorted((left, right) => (left.keyArn < right.keyArn ? -1 : 1))[0];
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

/**
 * Keys without an alias: those of a generation of the document get it back, one that was made for the next generation becomes
 * it, those that lost a race are deleted. A key whose number no other key is seen to have may have the alias already, claimed
 * late and not shown yet. Claiming it once more decides that; a key that may be signing is never deleted.
 */
export function cleanOrphans(state: RingState): readonly Step[] {
  const spare = sparePending(state);
  return state.observed.orphans.flatMap((orphan): readonly Step[] => {
    const { keyArn, tags } = orphan;
    const number = generationNumberOf(tags);
    if (number !== undefined && (orphan === spare || isUnnamed(state, orphan, number))) {
      return [{ kind: "claim_alias", role: "generation", number, keyArn }];
    }
    const root = preparedRootNumber(state, orphan);
    if (root !== undefined) return [{ kind: "claim_alias", role: "numbered_root", number: root, keyArn }];
    if (!isUseless(state, orphan)) return [];
    return [
      { kind: "schedule_deletion", keyArn, generation: undefined, reason: "orphan", pendingDays: ORPHAN_DELETION_DAYS },
    ];
  });
}

/** Left behind by a crash, and overtaken by events: a pending key is there. It gets its alias and waits its turn. */
function sparePending(state: RingState): ObservedKey | undefined {
  const { active, observed, policy } = state;
  if (active === undefined || !hasPending(state)) return undefined;
  return findOrphan(
    observed.orphans,
    { role: "generation", number: nextNumber(state) },
    ({ tags }) => tags.alg === policy.alg,
  );
}

/**
 * Its number is free as far as can be seen, it is so old that an alias from its creation would be seen, and it does not wait
 * for its turn: the key set lists it, or later generations or a change of the algorithm have overtaken it.
 */
function isUnnamed(state: RingState, orphan: ObservedKey, number: number): boolean {
  const { observed, policy, now } = state;
  const { tags, createdAt, keyState } = orphan;
  if (observed.generations.some((generation) => generation.number === number)) return false;
  if (now < createdAt + 2 * KMS_CONSISTENCY_SECONDS) return false;
  if (observed.document.kind === "read" && observed.document.document.keys.some(({ kid }) => kid === tags.kid))
    return true;
  const isOvertaken = number < nextNumber(state) || tags.alg !== policy.alg;
  return isOvertaken && tags.managed && tags.kid === undefined && keyState === "Enabled";
}

/**
 * A coming root key that a preparation has left behind: what was asked for is finished, once an alias from the key's creation
 * would be seen. Of two such keys one gets the alias, and the other is useless then.
 */
function preparedRootNumber({ observed, now }: RingState, orphan: ObservedKey): number | undefined {
  const { tags, createdAt, keyState } = orphan;
  const purpose = parseRole(tags.generation);
  if (purpose?.role !== "numbered_root" || !tags.managed || tags.kid !== undefined || keyState !== "Enabled")
    return undefined;
  if (now < createdAt + 2 * KMS_CONSISTENCY_SECONDS) return undefined;
  const { number } = purpose;
  const isTaken = [observed.root, ...observed.otherRoots].some((root) => root?.number === number);
  return !isTaken && number > (observed.root?.number ?? number) ? number : undefined;
}

/**
 * It was made by sealgate, never served (its kid would be among its tags), and what it was made for is done by another key:
 * that is final, as such an alias never moves.
 */
function isUseless({ observed }: RingState, { keyId, keyState, tags }: ObservedKey): boolean {
  if (!tags.managed || tags.kid !== undefined) return false;
  if (keyState !== "Enabled" && keyState !== "Disabled") return false;
  const purpose = parseRole(tags.generation);
  if (purpose?.role === "root") return observed.root !== undefined && observed.root.keyId !== keyId;
  if (purpose?.role === "numbered_root") {
    return [observed.root, ...observed.otherRoots].some((root) => root?.number === purpose.number);
  }
  return purpose?.role === "generation" && observed.generations.some(({ number }) => number === purpose.number);
}
