/**
 * The part of a plan that concerns keys without an alias: what a crash, a lost race or a removed alias leaves. Pure; each step is due
 * and safe on this observation, whether or not others are carried out.
 */
import { addSeconds } from "../../../shared/identifiers.ts";
import { holdSeconds, KMS_CONSISTENCY_SECONDS } from "../../../shared/timing.ts";
import type { ObservedKey } from "../model/observed.ts";
import type { Step } from "../model/steps.ts";
import { listedBy, nameOfRole, parseRole } from "../names.ts";
import type { KeyRole } from "../names.ts";
import { graceSeconds } from "../policy.ts";
import { liveDocument, newerDocument } from "./phases.ts";
import { generationNumberOf, hasPending, nextNumber } from "./ring-state.ts";
import type { RingState } from "./ring-state.ts";

/** The shortest that KMS allows, for keys that were never used (AWS KMS API Reference, ScheduleKeyDeletion). */
const ORPHAN_DELETION_DAYS = 7;

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

/**
 * Keys that have been a generation, as their tag with the kid says, and have lost the alias get it back. That comes before a key set
 * is published: one that replaces a lost key set lists only the generations that are seen. A number that no other key is seen to have
 * may be given already and not be shown yet; claiming it once more decides that.
 */
export function giveNamesBack(state: RingState): readonly Step[] {
  return state.observed.orphans.flatMap((orphan): readonly Step[] => {
    const { keyArn, keyState, tags } = orphan;
    const number = generationNumberOf(tags);
    if (tags.kid === undefined || number === undefined || isGiven(state, number)) return [];
    // KMS makes no alias for it (AWS KMS Developer Guide, "Key states of AWS KMS keys").
    if (keyState === "PendingDeletion") return [];
    if (!isShown(orphan, state) || !isInUse(orphan, state)) return [];
    return [{ kind: "claim_alias", role: "generation", number, keyArn }];
  });
}

/** The key set lists it, it signs, or, where no key set is left to say so, its tags do: its tokens may be about. */
function isInUse({ keyId, keyState, tags }: ObservedKey, { observed, policy, timing, now }: RingState): boolean {
  const { document, active } = observed;
  if (document.kind === "read" && document.document.keys.some(({ kid }) => kid === tags.kid)) return true;
  if (keyId === active?.keyId) return true;
  const isKeySetLost =
    document.kind !== "unknown" && (liveDocument(observed, now) ?? newerDocument(observed, now)) === undefined;
  const timeSeconds = holdSeconds(timing.largest) + graceSeconds(timing.largest, policy);
  const isOver = tags.supersededAt !== undefined && now >= addSeconds(tags.supersededAt, timeSeconds);
  return (
    isKeySetLost && keyState === "Enabled" && listedBy(tags) !== undefined && tags.revokedAt === undefined && !isOver
  );
}

/** An alias from its creation would be seen. */
function isShown({ createdAt }: ObservedKey, { now }: RingState): boolean {
  return now >= createdAt + 2 * KMS_CONSISTENCY_SECONDS;
}

/** Keys that have never been a generation: one that was made for the next one becomes it, those that lost a race are deleted. */
export function cleanOrphans(state: RingState): readonly Step[] {
  const spare = sparePending(state);
  return state.observed.orphans.flatMap((orphan): readonly Step[] => {
    const { keyArn, tags } = orphan;
    if (tags.kid !== undefined) return [];
    const number = generationNumberOf(tags);
    if (number !== undefined && (orphan === spare || isOvertaken(state, orphan, number))) {
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
 * Its number is free as far as can be seen, and it does not wait for its turn: later generations or a change of the algorithm have
 * overtaken it. It may have been claimed late and not be shown yet; a key that may be signing is never deleted.
 */
function isOvertaken(state: RingState, orphan: ObservedKey, number: number): boolean {
  const { tags, keyState } = orphan;
  if (isGiven(state, number) || isLost(state, { role: "generation", number }) || !isShown(orphan, state)) return false;
  return (number < nextNumber(state) || tags.alg !== state.policy.alg) && tags.managed && keyState === "Enabled";
}

function isGiven({ observed }: RingState, number: number): boolean {
  return observed.generations.some((generation) => generation.number === number);
}

/** Another key has been this, as its tag with the kid says, and has lost its alias. The name is still that key's. */
function isLost({ observed }: RingState, purpose: KeyRole): boolean {
  return observed.orphans.some(({ tags }) => tags.kid !== undefined && tags.generation === nameOfRole(purpose));
}

/**
 * A coming root key that a preparation has left behind: what was asked for is finished, once an alias from the key's creation
 * would be seen. Of two such keys one gets the alias, and the other is useless then.
 */
function preparedRootNumber(state: RingState, orphan: ObservedKey): number | undefined {
  const { observed } = state;
  const { tags, keyState } = orphan;
  const purpose = parseRole(tags.generation);
  if (purpose?.role !== "numbered_root" || !tags.managed || keyState !== "Enabled") return undefined;
  if (!isShown(orphan, state)) return undefined;
  const { number } = purpose;
  const isTaken = [observed.root, ...observed.otherRoots].some((root) => root?.number === number);
  return !isTaken && !isLost(state, purpose) && number > (observed.root?.number ?? number) ? number : undefined;
}

/**
 * It was made by sealgate, and what it was made for is done by another key: that is final, as such an alias never moves.
 */
function isUseless(state: RingState, { keyId, keyState, tags }: ObservedKey): boolean {
  const { observed } = state;
  if (!tags.managed || keyId === observed.active?.keyId) return false;
  if (keyState !== "Enabled" && keyState !== "Disabled") return false;
  const purpose = parseRole(tags.generation);
  if (purpose?.role === "root") return observed.root !== undefined && observed.root.keyId !== keyId;
  if (purpose === undefined || purpose.role === "active") return false;
  const isTaken =
    purpose.role === "generation"
      ? isGiven(state, purpose.number)
      : [observed.root, ...observed.otherRoots].some((root) => root?.number === purpose.number);
  return isTaken || isLost(state, purpose);
}
