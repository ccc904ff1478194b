/**
 * The part of a plan that concerns KMS keys and aliases: withdrawing, taking over, standing by, retiring, cleaning up. Pure;
 * each function answers steps that are due and safe on this observation, whether or not other steps are carried out.
 */
import { addSeconds } from "../../../shared/identifiers.ts";
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import { KMS_CONSISTENCY_SECONDS } from "../../../shared/timing.ts";
import { settlingOf } from "./document.ts";
import { isDroppable, isHoldOver, isKnown, isRipe, isWithdrawn, liveDocument } from "./phases.ts";
import type { GenerationView } from "./phases.ts";
import type { ObservedKey, Step } from "../model.ts";
import { plannedLeadSeconds } from "../policy.ts";
import { repeatedSeconds, settleAfterSeconds } from "../rev.ts";
import { nextNumber } from "./ring-state.ts";
import type { Situation } from "./ring-state.ts";
import type { TimingInForce } from "./timing-in-force.ts";

/** The shortest that KMS allows, for keys that were never used (AWS KMS API Reference, ScheduleKeyDeletion). */
const ORPHAN_DELETION_DAYS = 7;

/** A revoked key must not be able to sign, even if somebody has enabled it again. */
export function disableRevoked({ views }: Situation): readonly Step[] {
  return views
    .filter(({ phase, generation }) => phase === "revoked" && generation.keyState === "Enabled")
    .map(({ generation: { keyArn, number } }) => ({
      kind: "disable_key",
      keyArn,
      generation: number,
      reason: "revoked",
    }));
}

/** The active key is revoked: another one that edges know signs from now on, the best known one first. */
export function replaceRevokedActive({ active, views, now }: Situation): readonly Step[] {
  if (active?.phase !== "revoked") return [];
  const [best] = views
    .filter(({ phase, isUsable, isListed }) => isListed && isUsable && isVerifying(phase))
    .filter((view) => !isHoldOver(view, now))
    .toSorted((left, right) => fallbackRank(left, now) - fallbackRank(right, now));
  if (best === undefined || (isUnknown(best, now) && views.some((view) => mayHaveTakenOver(view, now)))) return [];
  const { number, keyArn } = best.generation;
  return [{ kind: "move_active", from: active.generation.number, generation: number, keyArn, reason: "revoked" }];
}

/** Some edges may refuse its tokens. */
function isUnknown(view: GenerationView, now: EpochSeconds): boolean {
  return view.phase === "pending" && !isKnown(view, now);
}

/**
 * Its hold has just ended. It may have become the active one before, by another rotator or an earlier run, without being seen:
 * nothing that edges do not know takes its place until that would show.
 */
function mayHaveTakenOver(view: GenerationView, now: EpochSeconds): boolean {
  const isListed = view.isListed || view.newerEntry !== undefined;
  return view.isUsable && isListed && isHoldOver(view, now) && !isDroppable(view, now);
}

/**
 * A standby that every edge knows; then the newest key that has signed before, which every edge knows too; then a standby
 * that is only just published, some of whose tokens may be refused for up to S: better than issuing none.
 */
function fallbackRank(view: GenerationView, now: EpochSeconds): number {
  const { number } = view.generation;
  const byNumber = number / 1_000_000_000;
  if (view.phase === "retiring") return 1 - byNumber;
  return (isKnown(view, now) ? 0 : 1) + byNumber;
}

function isVerifying(phase: GenerationView["phase"]): boolean {
  return phase === "pending" || phase === "retiring";
}

/** The standby that takes over next: the oldest pending one of the policy's algorithm. */
export function nextToActivate({ views, policy }: Situation): GenerationView | undefined {
  return views.find(
    ({ phase, isUsable, generation }) => phase === "pending" && isUsable && generation.alg === policy.alg,
  );
}

/**
 * The earliest time at which a standby may sign: known if a settled document has been seen to list it, otherwise what it will be
 * if every run is in time.
 * @param next undefined for one that is only to be made
 */
export function ripeNotBefore(next: GenerationView | undefined, situation: Situation): EpochSeconds {
  const { observed, policy, timing, now } = situation;
  if (next?.ripeAt !== undefined) return next.ripeAt;
  const document = next?.entry === undefined ? undefined : liveDocument(observed, now);
  const settles = document === undefined ? settleAfterSeconds(timing.largest.clockSkewSeconds) : 0;
  const settlesAt = (document && settlingOf(document)) ?? addSeconds(now, settles);
  return addSeconds(settlesAt > now ? settlesAt : now, plannedLeadSeconds(timing.largest, policy));
}

/** When the active generation has signed long enough. */
export function rotationDueAt(situation: Situation): EpochSeconds | undefined {
  const { observed, policy, views, active } = situation;
  if (observed.active === undefined || active === undefined) return undefined;
  // A revocation has brought an older generation back: it signs no longer than until the standby is ripe. One that has never
  // handed over signs its full time: what was revoked after it has never signed.
  const isStopgap =
    active.generation.tags.supersededAt !== undefined &&
    views.some(({ phase, generation }) => phase === "revoked" && generation.number > active.generation.number);
  return isStopgap ? observed.active.updatedAt : addSeconds(observed.active.updatedAt, policy.rotateEverySeconds);
}

/** The rotation by schedule, once it is due and the standby is known to every edge. */
export function rotateWhenDue(situation: Situation): readonly Step[] {
  const { active, now } = situation;
  const dueAt = rotationDueAt(situation);
  const next = nextToActivate(situation);
  if (active?.phase !== "active" || next === undefined || dueAt === undefined) return [];
  return now >= dueAt && isRipe(next, now) ? [moveTo(active, next, "due")] : [];
}

export function moveTo(active: GenerationView, next: GenerationView, reason: "due" | "requested"): Step {
  const { number, keyArn } = next.generation;
  return { kind: "move_active", from: active.generation.number, generation: number, keyArn, reason };
}

/** One generation always stands by. A key left behind by a crash is used before another one is made. */
export function ensureStandby(situation: Situation): readonly Step[] {
  if (situation.active === undefined || hasStandby(situation)) return [];
  return [createGeneration(situation, nextNumber(situation))];
}

function hasStandby({ views, policy }: Situation): boolean {
  return views.some(
    ({ phase, generation: { alg, keyState } }) =>
      phase === "pending" && (alg === policy.alg || (alg === undefined && keyState !== "Enabled")),
  );
}

export function createGeneration({ observed, policy }: Situation, number: number): Step {
  const { alg, keySpec } = policy;
  const orphan = findOrphan(observed.orphans, String(number), (key) => key.tags.alg === alg);
  return { kind: "create_key", role: "generation", number, alg, keySpec, orphan: orphan?.keyArn };
}

/** A key that was made for this purpose and has not got its alias. The same one for every rotator that looks. */
export function findOrphan(
  orphans: readonly ObservedKey[],
  purpose: string,
  fits: (key: ObservedKey) => boolean,
): ObservedKey | undefined {
  return orphans
    .filter((key) => key.tags.generation === purpose && key.keyState === "Enabled" && fits(key))
    .toSorted((left, right) => (left.keyArn < right.keyArn ? -1 : 1))[0];
}

/** A rotator that still reads the document before would take the disabling of a key that it lists for a revocation. */
export function disableNotBefore(document: KeySetDocument, { largest }: TimingInForce): EpochSeconds {
  const { kvPropagationSeconds, clockSkewSeconds } = largest;
  return addSeconds(document.issuedAt, kvPropagationSeconds + clockSkewSeconds - repeatedSeconds(document));
}

/** Keys that have been out of the key set for so long that every rotator must have seen it. */
export function disableRetired({ observed, timing, views, now }: Situation): readonly Step[] {
  const document = liveDocument(observed, now);
  if (document === undefined || now < disableNotBefore(document, timing)) return [];
  const needed = new Set(
    [
      ...views.filter(({ phase }) => phase === "pending" || phase === "active").map(({ generation }) => generation),
      observed.root,
    ].map((key) => key?.keyId),
  );
  return views
    .filter((view) => isDroppable(view, now) && view.kid !== undefined && view.entry === undefined)
    .filter(({ generation }) => generation.keyState === "Enabled")
    .filter(({ generation }) => !needed.has(generation.keyId) && generation.keyId !== observed.active?.keyId)
    .map(({ generation: { keyArn, number } }) => ({
      kind: "disable_key",
      keyArn,
      generation: number,
      reason: "retired",
    }));
}

/** Only on request (the policy's), and only keys that sealgate has made and whose absence from the document is certain. */
export function deleteRetired({ observed, policy, views, now }: Situation): readonly Step[] {
  const document = liveDocument(observed, now);
  const { deleteAfterDays } = policy;
  if (deleteAfterDays === undefined || document === undefined) return [];
  const isGone = ({ phase, kid, entry }: GenerationView): boolean =>
    kid !== undefined &&
    entry === undefined &&
    (phase === "retired" || (phase === "revoked" && document.revoked.some((tombstone) => tombstone.kid === kid)));
  return views
    .filter((view) => isGone(view) && view.generation.keyState === "Disabled" && view.generation.tags.managed)
    .map(({ generation: { keyArn, number } }) => ({
      kind: "schedule_deletion",
      keyArn,
      generation: number,
      reason: "retired",
      pendingDays: deleteAfterDays,
    }));
}

/**
 * Keys without an alias: those of a generation of the document get it back, one that was made for the next generation becomes
 * it, those that lost a race are deleted.
 */
export function cleanOrphans(situation: Situation): readonly Step[] {
  const spare = spareStandby(situation);
  return situation.observed.orphans.flatMap((orphan): readonly Step[] => {
    const { keyArn, tags } = orphan;
    if (orphan === spare || isLostGeneration(situation, orphan)) {
      return [{ kind: "claim_alias", role: "generation", number: Number(tags.generation), keyArn }];
    }
    if (!isUseless(situation, orphan)) return [];
    return [
      { kind: "schedule_deletion", keyArn, generation: undefined, reason: "orphan", pendingDays: ORPHAN_DELETION_DAYS },
    ];
  });
}

/** Left behind by a crash, and overtaken by events: a standby is there. It waits its turn, rather than without a name. */
function spareStandby(situation: Situation): ObservedKey | undefined {
  const { active, observed, policy } = situation;
  if (active === undefined || !hasStandby(situation)) return undefined;
  return findOrphan(observed.orphans, String(nextNumber(situation)), ({ tags }) => tags.alg === policy.alg);
}

function isLostGeneration({ observed, now }: Situation, { tags, createdAt }: ObservedKey): boolean {
  const isListed = liveDocument(observed, now)?.keys.some(({ kid }) => kid === tags.kid) === true;
  const isTaken = observed.generations.some(({ number }) => String(number) === tags.generation);
  return (
    isListed && !isTaken && /^[1-9]\d*$/.test(tags.generation ?? "") && now >= createdAt + 2 * KMS_CONSISTENCY_SECONDS
  );
}

/**
 * It was made by sealgate, never served (its kid would be among its tags), and what it was made for is done by another key:
 * that is final, as such an alias never moves.
 */
function isUseless(situation: Situation, { keyId, keyState, tags, createdAt }: ObservedKey): boolean {
  const { observed, now } = situation;
  if (!tags.managed || tags.kid !== undefined) return false;
  if (isWithdrawn(keyState) ? keyState !== "Disabled" : keyState !== "Enabled") return false;
  const { generation: purpose } = tags;
  if (purpose === "root") return observed.root !== undefined && observed.root.keyId !== keyId;
  const isTaken =
    observed.generations.some(({ number }) => String(number) === purpose) ||
    observed.otherRoots.some(({ number }) => `root-${number}` === purpose) ||
    `root-${observed.root?.number}` === purpose;
  if (isTaken) return true;
  // Overtaken by later generations, or by a change of the algorithm; old enough that its alias would be seen if it had one.
  const isOvertaken = Number(purpose) < nextNumber(situation) || tags.alg !== situation.policy.alg;
  return /^[1-9]\d*$/.test(purpose ?? "") && isOvertaken && now >= createdAt + 2 * KMS_CONSISTENCY_SECONDS;
}
