/**
 * The phase of each generation, derived from what was observed: where `active` points, the state of the KMS key, the last
 * document. Pure, and the only place that decides it. Nothing is remembered: the same observation gives the same phases.
 */
import type { EpochSeconds, Kid } from "../../../shared/identifiers.ts";
import type { KeySetDocument, KeySetKey, RevokedKid } from "../../../shared/key-set.ts";
import { addSeconds } from "../../../shared/identifiers.ts";
import { holdSeconds, leadSeconds } from "../../../shared/timing.ts";
import type { RingTiming } from "../../../shared/timing.ts";
import { algsOfKeySpec } from "../../kms/algorithms.ts";
import type { ObservedGeneration, ObservedRing } from "../model/observed.ts";
import { listedBy, nameOfRole, settledSince } from "../names.ts";
import { graceSeconds, plannedLeadSeconds } from "../policy.ts";
import type { RingPolicy } from "../policy.ts";
import { settleAfterSeconds } from "../rev.ts";

/**
 * `pending`: verifies, does not sign yet. `active`: signs. `retiring`: verifies only. `retired`: out of the key set, its KMS
 * key disabled. `revoked`: withdrawn while it could verify.
 */
export type Phase = "pending" | "active" | "retiring" | "retired" | "revoked";

/** A generation, and what follows from how it was observed. */
export interface Generation extends ObservedGeneration {
  readonly phase: Phase;
  readonly kid: Kid | undefined;
  /** Its entry in the document that edges may hold. */
  readonly entry: KeySetKey | undefined;
  /** Its entry in a newer document, which the store does not show. */
  readonly newerEntry: KeySetKey | undefined;
  /**
   * The key set lists it. While the store cannot be asked, memory or the key's tags tell: an emergency must not wait for it. By its tags
   * alone, one that has handed over and had its time has been dropped since.
   */
  readonly isListed: boolean;
  /** It can sign: enabled, and its public key is known. */
  readonly isUsable: boolean;
  /** Its tags say all that has to be known once the key is disabled. */
  readonly isTagged: boolean;
  /** A document has listed it, live or expired, or a tag says that one has; and for which algorithm is no guess. */
  readonly wasListed: boolean;
  /** When its tombstone was set; undefined for one that is only about to be. */
  readonly revokedAt: EpochSeconds | undefined;
  /** When every edge knows it; undefined while no settled document lists it. */
  readonly knownAt: EpochSeconds | undefined;
  /** When it may sign: consumers of the plain JWK Set know it as well. Undefined as long as `knownAt` is. */
  readonly ripeAt: EpochSeconds | undefined;
  /** H: until when it may take over again; undefined unless it is retiring. */
  readonly holdUntil: EpochSeconds | undefined;
  /** When it may be dropped: at H + G, but not before 2G after the timing was last noted. Undefined unless it is retiring. */
  readonly dropAt: EpochSeconds | undefined;
  /** The same since its tag says that it handed over first: `active` may have moved between others since. */
  readonly leftAt: EpochSeconds | undefined;
}

/**
 * States of a key that was taken away. The others that are not "Enabled" ("Creating", "Updating",
 * "Unavailable", "NotFound" for a key too new to be seen) pass by themselves and say nothing about the key's worth.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
 */
const WITHDRAWN_STATES: readonly string[] = ["Disabled", "PendingDeletion", "PendingReplicaDeletion", "PendingImport"];

export function isWithdrawn(keyState: string): boolean {
  return WITHDRAWN_STATES.includes(keyState);
}

/** The document that edges may hold: verified, neither expired nor from the future. */
export function liveDocument(observed: ObservedRing, now: EpochSeconds): KeySetDocument | undefined {
  if (observed.document.kind !== "read") return undefined;
  return whileLive(observed.document.document, now);
}

/** What edges may hold besides: a document that was published and that the store does not show, or not any more. */
export function newerDocument({ newer }: ObservedRing, now: EpochSeconds): KeySetDocument | undefined {
  return newer === undefined ? undefined : whileLive(newer, now);
}

function whileLive(document: KeySetDocument, now: EpochSeconds): KeySetDocument | undefined {
  const isFromFuture = document.issuedAt > now + document.timing.clockSkewSeconds;
  return document.expiresAt <= now || isFromFuture ? undefined : document;
}

/** What was last published, as far as it is known: the newest first, expired or not. */
function lastDocuments({ document, newer }: ObservedRing): readonly KeySetDocument[] {
  return [newer, document.kind === "read" ? document.document : undefined].filter((one) => one !== undefined);
}

/** Tombstones of keys that could bear no tag themselves, by the tags of the others. */
export function notedTombstones({ root, otherRoots, generations }: ObservedRing): readonly RevokedKid[] {
  const roots = root === undefined ? otherRoots : [root, ...otherRoots];
  return [...roots, ...generations].flatMap(({ tags }) => tags.revokedOthers);
}

/** Every tombstone of the last documents, expired or not, and those that are still to be published: by memory or by tags. */
export function knownTombstones(observed: ObservedRing): ReadonlyMap<Kid, EpochSeconds> {
  const noted = notedTombstones(observed).map(({ kid, at }) => [kid, at] as const);
  const published = lastDocuments(observed)
    .flatMap(({ revoked }) => revoked)
    .map(({ kid, at }) => [kid, at] as const);
  return new Map([...noted, ...observed.withdrawn, ...published]);
}

/**
 * All generations with their phases.
 * @param timing the largest in force
 * @param revoking a kid that is being revoked; KMS may show its key as enabled still
 * @param notedAt when the timing was last noted. A larger one may have been forgotten then: rotators that see the note late hold keys
 *   for longer, and their moves are seen late as well
 */
export function deriveGenerations(
  observed: ObservedRing,
  policy: RingPolicy,
  timing: RingTiming,
  now: EpochSeconds,
  revoking: Kid | undefined,
  notedAt: EpochSeconds | undefined,
): readonly Generation[] {
  const document = liveDocument(observed, now);
  const newer = newerDocument(observed, now);
  const isStoreSilent = observed.document.kind === "unknown";
  const tombstones = knownTombstones(observed);
  const grace = graceSeconds(timing, policy);
  return observed.generations.map((generation): Generation => {
    const kid = generation.publicKey?.kid ?? generation.tags.kid;
    const entry = document?.keys.find((key) => key.kid === kid);
    const newerEntry = newer?.keys.find((key) => key.kid === kid);
    const revokedAt = earliest(kid === undefined ? undefined : tombstones.get(kid), generation.tags.revokedAt);
    const isActive = observed.active?.generation === generation.number;
    const isRevoked = revokedAt !== undefined || (kid !== undefined && kid === revoking);
    // Where no document is left to say that edges need the key, its tag does: it has handed over, and its time is not over.
    const isLost = document === undefined && newer === undefined;
    const timeUntil = plus(generation.tags.supersededAt, holdSeconds(timing) + grace);
    const isOver = isPast(timeUntil, now);
    // One that was listed and has not handed over has not had its time.
    const mayBeNeeded = timeUntil === undefined ? listedBy(generation.tags) !== undefined : !isOver;
    const isInUse = (entry ?? newerEntry) !== undefined || isActive || (isLost && mayBeNeeded);
    const phase = phaseOf(generation, observed.active?.generation, isRevoked, isInUse);
    const settledAt =
      entry === undefined ? undefined : settledSince({ ...generation.tags, listedAt: entry.publishedAt });
    const whileRetiring = (time: EpochSeconds | undefined, seconds: number): EpochSeconds | undefined =>
      phase === "retiring" ? plus(time, seconds) : undefined;
    const holdUntil = whileRetiring(observed.active?.updatedAt, holdSeconds(timing));
    // Without a tag, or with one that was written late: a key that has been listed for so long is in a settled document, and one
    // that is retiring has been.
    const listedAt = (entry ?? newerEntry)?.publishedAt ?? listedBy(generation.tags);
    const longListed = whileRetiring(listedAt, settleAfterSeconds(timing.clockSkewSeconds));
    const settledByTag = isStoreSilent ? settledSince(generation.tags) : settledAt;
    return {
      ...generation,
      phase,
      kid,
      entry,
      newerEntry,
      revokedAt,
      isUsable: generation.keyState === "Enabled" && generation.publicKey !== undefined,
      isTagged: isTagged(generation, observed.ring),
      wasListed: wasListed(generation, kid, observed),
      knownAt: plus(earliest(settledByTag, longListed), leadSeconds(timing)),
      isListed: isStoreSilent
        ? newerEntry !== undefined || (generation.tags.listedAt !== undefined && !isOver)
        : entry !== undefined,
      ripeAt: plus(settledAt, plannedLeadSeconds(timing, policy)),
      holdUntil,
      dropAt: latest(plus(holdUntil, grace), holdUntil && plus(notedAt, 2 * grace)),
      // The tag tells, also while it is not known which one is active.
      leftAt: phase === "retiring" || observed.active?.generation === undefined ? timeUntil : undefined,
    };
  });
}

function phaseOf(
  { number, keyState }: ObservedGeneration,
  active: number | undefined,
  isRevoked: boolean,
  isInUse: boolean,
): Phase {
  if (isRevoked) return "revoked";
  // Disabling a key that verifies is its revocation; a disabled key that has left the key set has merely retired. No key
  // retires before its time to sign has come: such a key is out of sight in a document that is lost or behind.
  if (isWithdrawn(keyState)) return isInUse || (active !== undefined && number > active) ? "revoked" : "retired";
  // Without knowing the active one, a key that may be needed is never taken for one that is on its way out.
  if (active === undefined || number > active) return "pending";
  return number === active ? "active" : "retiring";
}

function isTagged({ tags, number, alg, publicKey }: ObservedGeneration, ring: string): boolean {
  return (
    tags.ring === ring &&
    tags.generation === nameOfRole({ role: "generation", number }) &&
    tags.alg !== undefined &&
    tags.alg === alg &&
    tags.kid !== undefined &&
    (publicKey === undefined || tags.kid === publicKey.kid)
  );
}

function wasListed({ tags, keySpec }: ObservedGeneration, kid: Kid | undefined, observed: ObservedRing): boolean {
  if (lastDocuments(observed).some(({ keys }) => keys.some((key) => key.kid === kid))) return true;
  return listedBy(tags) !== undefined && (tags.alg !== undefined || algsOfKeySpec(keySpec).length === 1);
}

function plus(time: EpochSeconds | undefined, seconds: number): EpochSeconds | undefined {
  return time === undefined ? undefined : addSeconds(time, seconds);
}

/** The hold of a retiring generation is over: it does not take over any more. */
export function isHoldOver({ holdUntil }: Generation, now: EpochSeconds): boolean {
  return isPast(holdUntil, now);
}

/** A retiring generation may be dropped: had it taken over before its hold was over, that would be seen by now. */
export function isDroppable({ dropAt }: Generation, now: EpochSeconds): boolean {
  return isPast(dropAt, now);
}

/** It has handed over and had its time, and a document without it is no older one: it does not come back. */
export function hasLeft({ leftAt }: Generation, now: EpochSeconds): boolean {
  return isPast(leftAt, now);
}

/** It is known to every edge, which is enough in an emergency. */
export function isKnown({ knownAt }: Generation, now: EpochSeconds): boolean {
  return isPast(knownAt, now);
}

/** It is known to every edge and to every consumer of the plain JWK Set. */
export function isRipe({ ripeAt }: Generation, now: EpochSeconds): boolean {
  return isPast(ripeAt, now);
}

function isPast(time: EpochSeconds | undefined, now: EpochSeconds): boolean {
  return time !== undefined && now >= time;
}

function latest(one: EpochSeconds | undefined, other: EpochSeconds | undefined): EpochSeconds | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one > other ? one : other;
}

function earliest(one: EpochSeconds | undefined, other: EpochSeconds | undefined): EpochSeconds | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one < other ? one : other;
}
