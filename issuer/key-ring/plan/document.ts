/**
 * What the key set document should hold, and why the one in KV has to be replaced. Pure. What edges may hold is carried
 * forward: a key leaves the document by its hold or by a tombstone, never because KMS or KV did not show it for a while.
 */
import { addSeconds } from "../../../shared/identifiers.ts";
import type { EpochSeconds, Kid } from "../../../shared/identifiers.ts";
import type { KeySetDocument, KeySetKey, KeyState, RevokedKid } from "../../../shared/key-set.ts";
import { KMS_CONSISTENCY_SECONDS, leadSeconds } from "../../../shared/timing.ts";
import { hasLeft, isDroppable, knownTombstones, liveDocument, newerDocument } from "./phases.ts";
import type { Generation } from "./phases.ts";
import type { KeyToPublish } from "../../publish/compose.ts";
import type { ObservedRing } from "../model/observed.ts";
import type { PublishReason, PublishStep } from "../model/steps.ts";
import { leastListRev } from "../list-floor.ts";
import { listedBy } from "../names.ts";
import { MAX_DOCUMENT_LIFETIME_SECONDS } from "../policy.ts";
import { isRevAhead, isSettled, revLeadSeconds, settleAfterSeconds } from "../rev.ts";
import type { RingState } from "./ring-state.ts";
import { isSameTiming } from "./timing-in-force.ts";
import { rootAnchorsOf } from "../trust-anchors.ts";

interface Desired {
  readonly keys: readonly KeyToPublish[];
  readonly revoked: readonly RevokedKid[];
  readonly roots: readonly Kid[];
}

/** The step that publishes what should be there; undefined when it is, or when nothing can be signed. */
export function planPublish(state: RingState): PublishStep | undefined {
  const { observed, policy, timing } = state;
  const { root, document: held } = observed;
  if (root?.alg === undefined || root.publicKey === undefined || root.keyState !== "Enabled") return undefined;
  if (held.kind === "unknown") return undefined;
  const desired = desire(state);
  // A ring that is being created, or one whose document and active key are both out of sight.
  const isNothing = desired.keys.length === 0 && desired.revoked.length === 0;
  if (isNothing || (held.kind !== "read" && observed.active === undefined)) return undefined;
  const reasons = publishReasons(state, desired);
  if (reasons.length === 0) return undefined;
  return {
    kind: "publish",
    reasons,
    rootKeyArn: root.keyArn,
    rootAlg: root.alg,
    roots: desired.roots,
    issuer: policy.issuer,
    keys: desired.keys,
    revoked: desired.revoked,
    timing: timing.toPublish,
    documentLifetimeSeconds: policy.documentLifetimeSeconds,
    rev: {
      previous: previousRev(observed),
      leadSeconds: revLead(state, reasons),
      settles: reasons.every((reason) => reason === "settle" || reason === "renewal"),
    },
    list: { leastRev: leastListRev(observed), settledAfterSeconds: leadSeconds(timing.largest) },
  };
}

/** When the document will be published again without any change; undefined while there is none. */
export function renewalOf(document: KeySetDocument): EpochSeconds {
  return addSeconds(document.issuedAt, Math.floor((document.expiresAt - document.issuedAt) / 2));
}

/** When the document will be published again, so that no edge holds a higher rev; undefined when it has been. */
export function settlingOf(document: KeySetDocument): EpochSeconds | undefined {
  if (isSettled(document)) return undefined;
  return addSeconds(document.issuedAt, settleAfterSeconds(document.timing.clockSkewSeconds));
}

/** Keys of the document that no generation has, and that are too old to be one whose alias is not visible yet. */
export function unknownKids(
  observed: ObservedRing,
  generations: readonly Generation[],
  now: EpochSeconds,
): readonly Kid[] {
  const known = new Set(generations.map(({ kid }) => kid));
  return (liveDocument(observed, now)?.keys ?? [])
    .filter(({ kid, publishedAt }) => !known.has(kid) && now >= publishedAt + 2 * KMS_CONSISTENCY_SECONDS)
    .map(({ kid }) => kid);
}

const STATE_ORDER: readonly KeyState[] = ["active", "pending", "retiring"];

function desire(state: RingState): Desired {
  const { observed, generations, now } = state;
  const revoked = desireTombstones(state);
  const dead = new Set([...revoked.map(({ kid }) => kid), observed.root?.publicKey?.kid]);
  const known = new Set(generations.map(({ kid }) => kid));
  const keys = new Map<Kid, KeyToPublish>();
  const add = (key: KeyToPublish): void => {
    if (dead.has(key.kid) || keys.has(key.kid)) return;
    const isSecond = key.state === "active" && [...keys.values()].some(({ state }) => state === "active");
    keys.set(key.kid, isSecond ? { ...key, state: "retiring" } : key);
  };
  // The active one first: should two generations have one key, its state is the one that counts.
  for (const wanted of STATE_ORDER) {
    for (const generation of generations) {
      const isWanted = stateOf(generation, observed) === wanted && !mayBeDropped(generation, state);
      const key = isWanted ? desireKey(generation, wanted) : undefined;
      if (key !== undefined) add(key);
    }
  }
  const carried = [
    ...(liveDocument(observed, now)?.keys ?? []),
    // The store does not show it: cold edges may not know it yet.
    ...(newerDocument(observed, now)?.keys ?? []).map((entry) => ({ ...entry, publishedAt: undefined })),
  ];
  for (const entry of carried) if (!known.has(entry.kid)) add(entry);
  return { keys: [...keys.values()], revoked, roots: rootAnchorsOf(observed).map(({ kid }) => kid) };
}

/**
 * While the active key is revoked, only a key that the last document lacks is left out: a retiring one may have taken over, and
 * where `active` points may be seen minutes late. If the document is lost, it cannot be told which one that is.
 * One that has left in time stays out, however often `active` moves later: edges would not know it when it takes over.
 */
function mayBeDropped(generation: Generation, { observed, active, now }: RingState): boolean {
  const isKnownAbsent = (generation.entry ?? generation.newerEntry) === undefined && knowsDocument(observed, now);
  if (isKnownAbsent && hasLeft(generation, now)) return true;
  return isDroppable(generation, now) && (active?.phase !== "revoked" || isKnownAbsent);
}

function knowsDocument(observed: ObservedRing, now: EpochSeconds): boolean {
  return (liveDocument(observed, now) ?? newerDocument(observed, now)) !== undefined;
}

/** While it is not known which generation is active, the document keeps saying what it said. */
function stateOf({ phase, entry, newerEntry }: Generation, observed: ObservedRing): KeyState | undefined {
  if (phase === "retired" || phase === "revoked") return undefined;
  return observed.active?.generation === undefined ? ((newerEntry ?? entry)?.state ?? phase) : phase;
}

/**
 * A key that was never published has to be tagged first: once it is disabled, only the tag tells its kid. One that was published
 * does not wait for a tag: its tokens are in use.
 */
function desireKey(generation: Generation, state: KeyState): KeyToPublish | undefined {
  const { publicKey, entry, newerEntry, kid, isUsable, isTagged, wasListed } = generation;
  const wasPublished = entry ?? newerEntry;
  // As it was published, if it was: a key never changes its algorithm.
  const jwk = wasPublished?.jwk ?? publicKey?.jwk;
  if (kid === undefined || jwk === undefined) return undefined;
  if (wasPublished === undefined && !(isUsable && (isTagged || wasListed))) return undefined;
  return { kid, jwk, state, publishedAt: entry?.publishedAt };
}

/** Old tombstones as long as a key could come back, and one for each generation that is revoked. */
function desireTombstones({ observed, generations, revoking, now }: RingState): readonly RevokedKid[] {
  const tombstones = new Map(knownTombstones(observed));
  for (const { phase, kid, revokedAt } of generations) {
    if (phase === "revoked" && kid !== undefined) tombstones.set(kid, revokedAt ?? now);
  }
  if (revoking !== undefined && !tombstones.has(revoking)) tombstones.set(revoking, now);
  const known = new Set(generations.map(({ kid }) => kid));
  // A key that is gone from KMS cannot be enabled again, and after the longest life of a document no document lists it.
  const isNeeded = (kid: Kid, at: EpochSeconds): boolean =>
    known.has(kid) || now < at + MAX_DOCUMENT_LIFETIME_SECONDS + KMS_CONSISTENCY_SECONDS;
  return [...tombstones].filter(([kid, at]) => isNeeded(kid, at)).map(([kid, at]) => ({ kid, at }));
}

function publishReasons(state: RingState, desired: Desired): readonly PublishReason[] {
  const { observed, timing, now } = state;
  const { document: held, root } = observed;
  if (held.kind !== "read") return held.kind === "missing" ? ["missing"] : ["refused"];
  const { document } = held;
  const listed = new Map(document.keys.map((key) => [key.kid, key]));
  const wanted = new Map(desired.keys.map((key) => [key.kid, key]));
  const dead = new Set(document.revoked.map(({ kid }) => kid));
  const settling = settlingOf(document);
  const reasons: readonly (readonly [PublishReason, boolean])[] = [
    ["revoked", desired.revoked.some(({ kid }) => !dead.has(kid))],
    ["expired", document.expiresAt <= now],
    ["issued_in_future", document.issuedAt > now + document.timing.clockSkewSeconds],
    ["rolled_back", isRolledBack(state)],
    ["root_changed", held.rootKid !== root?.publicKey?.kid],
    // Only one that is missing: where KMS shows a new one late, two rotators would take turns with each other.
    ["root_added", desired.roots.some((kid) => !document.roots.includes(kid))],
    ["key_added", desired.keys.some(({ kid }) => !listed.has(kid))],
    ["key_dropped", document.keys.some(({ kid }) => !wanted.has(kid))],
    ["state_changed", !isActiveUncertain(state, document) && isAnyStateChanged(desired.keys, listed)],
    ["timing_changed", !isSameTiming(document.timing, timing.toPublish)],
    ["unusable_entry", held.skipped.length > 0],
    ["renewal", now >= renewalOf(document)],
    ["settle", settling !== undefined && now >= settling],
  ];
  return reasons.filter(([, holds]) => holds).map(([reason]) => reason);
}

function isAnyStateChanged(wanted: readonly KeyToPublish[], listed: ReadonlyMap<Kid, KeySetKey>): boolean {
  return wanted.some(({ kid, state }) => listed.has(kid) && listed.get(kid)?.state !== state);
}

/**
 * This process sees `active` where it was before the document; the rotator that wrote the document may have seen it elsewhere.
 * One of the two has an old view of KMS, and it shows which one once KMS is consistent. Until then the rotators would
 * overwrite each other's documents.
 * Keys of all states verify.
 */
function isActiveUncertain({ observed, policy, now }: RingState, { issuedAt }: KeySetDocument): boolean {
  const movedAt = observed.active?.updatedAt;
  return movedAt !== undefined && movedAt < issuedAt && now < issuedAt + policy.kmsConsistencySeconds;
}

/** The document lacks what must have stood in one before: an older one was put back, or a late write arrived. */
function isRolledBack({ observed, generations, now }: RingState): boolean {
  const document = liveDocument(observed, now);
  if (document === undefined) return false;
  if (isBehindMemory(observed, document)) return true;
  return generations.some(
    ({ tags, kid, phase, entry }) =>
      (phase === "active" && entry === undefined && listedBy(tags) !== undefined) ||
      (tags.revokedAt !== undefined && document.keys.some((key) => key.kid === kid)),
  );
}

function isBehindMemory({ highestRev }: ObservedRing, document: KeySetDocument | undefined): boolean {
  return document !== undefined && highestRev !== undefined && document.rev < highestRev;
}

function previousRev(observed: ObservedRing): number | undefined {
  const read = observed.document.kind === "read" ? observed.document.document.rev : 0;
  const highest = Math.max(read, observed.highestRev ?? 0);
  return highest === 0 ? undefined : highest;
}

const UNCERTAIN: ReadonlySet<PublishReason> = new Set(["missing", "refused", "expired", "issued_in_future"]);

/**
 * A lead when edges may hold a higher rev than the one that is known, until that has settled; and for a tombstone, which must
 * not wait until it has.
 */
function revLead(state: RingState, reasons: readonly PublishReason[]): number {
  const { observed, timing, now } = state;
  const document = liveDocument(observed, now);
  const settling = document !== undefined && isRevAhead(document) ? settlingOf(document) : undefined;
  const isSettling = settling !== undefined && now < settling;
  const needsLead =
    reasons.some((reason) => UNCERTAIN.has(reason) || reason === "revoked") ||
    // A document newer than the store's that this process has seen is known: often the store is merely behind.
    (reasons.includes("rolled_back") && !isBehindMemory(observed, document));
  return needsLead || isSettling ? revLeadSeconds(timing.largest.clockSkewSeconds) : 0;
}
