/**
 * The tags that keys should have: what makes a key usable later, what has happened to it, what timing is in use. Pure. A
 * missing tag is set again; tags that name another ring are left alone.
 */
import { addSeconds } from "../../../shared/identifiers.ts";
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { leadSeconds } from "../../../shared/timing.ts";
import { lifeWith } from "../document-life.ts";
import { isWithdrawn, liveDocument, newerDocument, notedTombstones } from "./phases.ts";
import type { Generation } from "./phases.ts";
import type { ObservedRoot } from "../model/observed.ts";
import type { Step } from "../model/steps.ts";
import { isRootName, nameOfRole, settledSince } from "../names.ts";
import type { RingTags } from "../names.ts";
import { plannedLeadSeconds } from "../policy.ts";
import { isSettled } from "../rev.ts";
import type { RingState } from "./ring-state.ts";
import { timingNoteOf } from "./ring-state.ts";
import { parseTimingNote, serialiseTimingNote } from "./timing-in-force.ts";

/** Before anything is published: whose key it is, and its kid, which cannot be read any more once the key is disabled. */
export function identityTags({ observed, generations }: RingState): readonly Step[] {
  const roots = [observed.root, ...observed.otherRoots].flatMap((root) =>
    root === undefined ? [] : rootTags(root, observed.ring),
  );
  const own = generations
    .filter(({ isTagged, tags }) => !isTagged && (tags.ring ?? observed.ring) === observed.ring)
    .filter(isTaggable)
    .flatMap(({ number, keyArn, alg, publicKey }): readonly Step[] => {
      if (alg === undefined || publicKey === undefined) return [];
      const tags = {
        ring: observed.ring,
        generation: nameOfRole({ role: "generation", number }),
        alg,
        kid: publicKey.kid,
      };
      return [{ kind: "tag_key", keyArn, generation: number, tags }];
    });
  return [...roots, ...own];
}

function rootTags(root: ObservedRoot, ring: string): readonly Step[] {
  const { keyArn, alg, publicKey, tags, number } = root;
  if (alg === undefined || publicKey === undefined || (tags.ring ?? ring) !== ring || !isTaggable(root)) return [];
  const hasName = isRootName(tags.generation);
  if (tags.ring === ring && tags.alg === alg && tags.kid === publicKey.kid && hasName) return [];
  const named = number === undefined ? ({ role: "root" } as const) : ({ role: "numbered_root", number } as const);
  const generation = hasName ? tags.generation : nameOfRole(named);
  return [{ kind: "tag_key", keyArn, generation: undefined, tags: { ring, alg, kid: publicKey.kid, generation } }];
}

/** After the fact: since when a key is listed, when that had settled, when it handed over. */
export function historyTags(state: RingState): readonly Step[] {
  return state.generations.flatMap((generation): readonly Step[] => {
    const { kid } = generation;
    const tags = { ...listedTags(generation, state), ...supersededTag(generation, state) };
    if (kid === undefined || !isTaggable(generation) || Object.keys(tags).length === 0) return [];
    return [{ kind: "tag_key", keyArn: generation.keyArn, generation: generation.number, tags }];
  });
}

/** KMS refuses tags on a key that waits for its deletion. */
function isTaggable({ keyState }: Pick<ObservedRoot, "keyState">): boolean {
  return keyState === "Enabled" || keyState === "Disabled";
}

function listedTags({ entry, tags }: Generation, { observed, policy, timing, now }: RingState): Partial<RingTags> {
  const document = liveDocument(observed, now);
  if (entry === undefined || document === undefined) return {};
  const listedAt = entry.publishedAt;
  const isSettling = settledSince({ ...tags, listedAt }) === undefined;
  // Signers go by the tag, and KMS may show it to them late: a note that is written late begins the lead late.
  const shownBy = addSeconds(now, policy.kmsConsistencySeconds + 1 - plannedLeadSeconds(timing.largest, policy));
  const isSettledNow = isSettling && isSettled(document) && document.issuedAt > listedAt;
  return {
    ...(tags.listedAt === Math.floor(listedAt) ? {} : { listedAt }),
    ...(isSettledNow ? { publishedAt: later(document.issuedAt, shownBy) } : {}),
  };
}

function later(one: EpochSeconds, other: EpochSeconds): EpochSeconds {
  return one > other ? one : other;
}

/** A key that has taken over once more hands over a second time: its time to verify counts from then. */
function supersededTag({ phase, tags }: Generation, { observed: { active } }: RingState): Partial<RingTags> {
  if (active === undefined) return {};
  const { supersededAt } = tags;
  if (phase === "retiring" && supersededAt === undefined) return { supersededAt: active.updatedAt };
  // A tag that is the later one tells that KMS shows `active` where it was before.
  const hasTakenOver = phase === "active" && supersededAt !== undefined && supersededAt < active.updatedAt;
  return hasTakenOver ? { signsAgain: true } : {};
}

/**
 * Before another key takes over or a tombstone is published: which keys were withdrawn, the active one first. Nothing brings them back from
 * then on: neither an older view of KMS, nor a tombstone that could not be published or was lost, nor enabling the key again.
 * @param next the generation that takes over, if there is one
 */
export function withdrawnTags(state: RingState, next: number | undefined): readonly Step[] {
  const { active, generations } = state;
  const own = [...(active === undefined ? [] : [active]), ...generations.filter((one) => one !== active)]
    .filter(isTaggable)
    .flatMap((generation): readonly Step[] => {
      const tags = revokedTag(generation, state);
      if (generation.kid === undefined || Object.keys(tags).length === 0) return [];
      return [{ kind: "tag_key", keyArn: generation.keyArn, generation: generation.number, tags }];
    });
  return [...own, ...revokedOthersTag(state, next)];
}

function revokedTag({ phase, tags, revokedAt, kid }: Generation, state: RingState): Partial<RingTags> {
  if (phase !== "revoked" || tags.revokedAt !== undefined) return {};
  return { revokedAt: revokedAt ?? state.now, ...(kid === undefined ? {} : { kid }) };
}

/**
 * Revoked keys that cannot be tagged themselves, noted on one that signs, or on the root key where none does: people can cancel a
 * deletion, and neither a process nor a tombstone may be there then to tell.
 */
function revokedOthersTag(state: RingState, next: number | undefined): readonly Step[] {
  const noted = new Set(notedTombstones(state.observed).map(({ kid }) => kid));
  const revokedOthers = state.generations
    .filter((generation) => !isTaggable(generation) && isWithdrawn(generation.keyState))
    .flatMap((generation) => {
      const { kid } = generation;
      const { revokedAt } = revokedTag(generation, state);
      return kid === undefined || revokedAt === undefined || noted.has(kid) ? [] : [{ kid, at: revokedAt }];
    });
  const bearer = revokedOthers.length === 0 ? undefined : bearerOf(state, next);
  return bearer === undefined ? [] : [{ kind: "tag_key", ...bearer, tags: { revokedOthers } }];
}

function bearerOf(
  { observed: { root, ring }, active, generations }: RingState,
  next: number | undefined,
): { readonly keyArn: string; readonly generation: number | undefined } | undefined {
  const signs = generations.find(({ number }) => number === next) ?? active;
  if (signs !== undefined && signs.phase !== "revoked" && isTaggable(signs)) {
    return { keyArn: signs.keyArn, generation: signs.number };
  }
  const isOwnRoot = root !== undefined && isTaggable(root) && (root.tags.ring ?? ring) === ring;
  return isOwnRoot ? { keyArn: root.keyArn, generation: undefined } : undefined;
}

/** The note of what earlier documents allowed. Nothing is lowered before it is seen to be there. */
export function timingTag({ observed, timing }: RingState): readonly Step[] {
  const { root } = observed;
  if (root === undefined) return [];
  // The note of another root key is taken over.
  const note = timing.note ?? (parseTimingNote(root.tags.timing) === undefined ? timingNoteOf(observed) : undefined);
  if (note === undefined) return [];
  const tags = { timing: serialiseTimingNote(note) };
  return [{ kind: "tag_key", keyArn: root.keyArn, generation: undefined, tags }];
}

/** On the root key: which keys of the account need not be looked at in the next runs. */
export function surveyTag({ observed: { root, survey, ring } }: RingState): readonly Step[] {
  if (survey === undefined || root === undefined || !isTaggable(root) || (root.tags.ring ?? ring) !== ring) return [];
  return [{ kind: "tag_key", keyArn: root.keyArn, generation: undefined, tags: { survey } }];
}

/**
 * On each root key that can sign: how long edges have had a document without a break. Signers that have another ring go by it.
 * The note of another root key counts as well, so that a change of the root key is no break.
 */
export function documentTag({ observed, timing, now }: RingState): readonly Step[] {
  const shown = liveDocument(observed, now);
  // The store may show what was published only minutes later. Without the note, signers would take the renewal for one that is late.
  const document = shown && (newerDocument(observed, now) ?? shown);
  if (document === undefined || observed.root === undefined) return [];
  const roots = [observed.root, ...observed.otherRoots].filter(
    ({ keyState, tags }) => keyState === "Enabled" && (tags.ring ?? observed.ring) === observed.ring,
  );
  const noted = roots.flatMap(({ tags }) => tags.document ?? []).toSorted((one, other) => other.until - one.until);
  const life = lifeWith(document, observed.root.tags.document ?? noted[0], leadSeconds(timing.largest));
  return roots
    .filter(({ tags }) => tags.document?.since !== life.since || tags.document.until !== life.until)
    .map(({ keyArn }) => ({ kind: "tag_key", keyArn, generation: undefined, tags: { document: life } }));
}
