/**
 * The part of a plan that concerns keys without an alias: what a crash, a lost race or a removed alias leaves. Pure; each step is due
 * and safe on this observation, whether or not others are carried out.
 */
import { KMS_CONSISTENCY_SECONDS } from "../../../shared/timing.ts";
import type { ObservedKey } from "../model/observed.ts";
import type { Step } from "../model/steps.ts";
import { nameOfRole, parseRole } from "../names.ts";
import type { KeyRole } from "../names.ts";
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

/** Keys that have served: a key set that replaces a lost one has to know them. */
export function giveNamesBack(state: RingState): readonly Step[] {
  const served = new Set(
    state.observed.orphans.flatMap(({ keyArn, tags }) => (tags.kid === undefined ? [] : [keyArn])),
  );
  return cleanOrphans(state).filter((step) => step.kind === "claim_alias" && served.has(step.keyArn));
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
  if (isGiven(state, number) || (tags.kid === undefined && isLost(state, { role: "generation", number }))) return false;
  if (now < createdAt + 2 * KMS_CONSISTENCY_SECONDS) return false;
  if (observed.document.kind === "read" && observed.document.document.keys.some(({ kid }) => kid === tags.kid))
    return true;
  // It signs, and KV has lost the key set that said so.
  if (tags.kid !== undefined && orphan.keyId === observed.active?.keyId) return true;
  const isOvertaken = number < nextNumber(state) || tags.alg !== policy.alg;
  return isOvertaken && tags.managed && tags.kid === undefined && keyState === "Enabled";
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
  const { observed, now } = state;
  const { tags, createdAt, keyState } = orphan;
  const purpose = parseRole(tags.generation);
  if (purpose?.role !== "numbered_root" || !tags.managed || tags.kid !== undefined || keyState !== "Enabled")
    return undefined;
  if (now < createdAt + 2 * KMS_CONSISTENCY_SECONDS) return undefined;
  const { number } = purpose;
  const isTaken = [observed.root, ...observed.otherRoots].some((root) => root?.number === number);
  return !isTaken && !isLost(state, purpose) && number > (observed.root?.number ?? number) ? number : undefined;
}

/**
 * It was made by sealgate, never served (its kid would be among its tags), and what it was made for is done by another key:
 * that is final, as such an alias never moves.
 */
function isUseless(state: RingState, { keyId, keyState, tags }: ObservedKey): boolean {
  const { observed } = state;
  if (!tags.managed || tags.kid !== undefined || keyId === observed.active?.keyId) return false;
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
