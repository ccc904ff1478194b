/**
 * The tags that keys should have: what makes a key usable later, what has happened to it, what timing is in use. Pure. A
 * missing tag is repaired, whoever removed it; tags that name another ring are left alone.
 */
import { liveDocument } from "./phases.ts";
import type { GenerationView } from "./phases.ts";
import type { ObservedRoot, Step } from "../model.ts";
import { settledSince } from "../names.ts";
import type { RingTags } from "../names.ts";
import { isSettled } from "../rev.ts";
import type { Situation } from "./ring-state.ts";
import { serialiseTimingNote } from "./timing-in-force.ts";

/** Before anything is published: whose key it is, and its kid, which cannot be read any more once the key is disabled. */
export function identityTags({ observed, views }: Situation): readonly Step[] {
  const roots = [observed.root, ...observed.otherRoots].flatMap((root) =>
    root === undefined ? [] : rootTags(root, observed.ring),
  );
  const generations = views
    .filter(({ isTagged, generation: { tags } }) => !isTagged && (tags.ring ?? observed.ring) === observed.ring)
    .flatMap(({ generation: { number, keyArn, alg, publicKey } }): readonly Step[] => {
      if (alg === undefined || publicKey === undefined) return [];
      const tags = { ring: observed.ring, generation: String(number), alg, kid: publicKey.kid };
      return [{ kind: "tag_key", keyArn, generation: number, tags }];
    });
  return [...roots, ...generations];
}

function rootTags({ keyArn, alg, publicKey, tags, number }: ObservedRoot, ring: string): readonly Step[] {
  if (alg === undefined || publicKey === undefined || (tags.ring ?? ring) !== ring) return [];
  const isTagged =
    tags.ring === ring && tags.alg === alg && tags.kid === publicKey.kid && isRootPurpose(tags.generation);
  const generation = isRootPurpose(tags.generation)
    ? tags.generation
    : number === undefined
      ? "root"
      : `root-${number}`;
  return isTagged
    ? []
    : [{ kind: "tag_key", keyArn, generation: undefined, tags: { ring, alg, kid: publicKey.kid, generation } }];
}

function isRootPurpose(generation: string | undefined): generation is string {
  return generation?.startsWith("root") === true;
}

/** After the fact: since when a key is listed, when that had settled, when it handed over, when it was revoked. */
export function historyTags(situation: Situation): readonly Step[] {
  return situation.views.flatMap((view): readonly Step[] => {
    const { generation, kid } = view;
    const tags = { ...listedTags(view, situation), ...supersededTag(view, situation), ...revokedTag(view, situation) };
    // KMS refuses tags on a key that waits for its deletion.
    const isTaggable = generation.keyState === "Enabled" || generation.keyState === "Disabled";
    if (kid === undefined || !isTaggable || Object.keys(tags).length === 0) return [];
    return [{ kind: "tag_key", keyArn: generation.keyArn, generation: generation.number, tags }];
  });
}

function listedTags({ entry, generation: { tags } }: GenerationView, { observed, now }: Situation): Partial<RingTags> {
  const document = liveDocument(observed, now);
  if (entry === undefined || document === undefined) return {};
  const listedAt = entry.publishedAt;
  const isSettling = settledSince({ ...tags, listedAt }) === undefined;
  const isSettledNow = isSettling && isSettled(document) && document.issuedAt > listedAt;
  return {
    ...(tags.listedAt === Math.floor(listedAt) ? {} : { listedAt }),
    ...(isSettledNow ? { publishedAt: document.issuedAt } : {}),
  };
}

function supersededTag({ phase, generation }: GenerationView, { observed }: Situation): Partial<RingTags> {
  if (phase !== "retiring" || generation.tags.supersededAt !== undefined || observed.active === undefined) return {};
  return { supersededAt: observed.active.updatedAt };
}

/**
 * Before another key takes over: that the active one was withdrawn. Nothing brings it back from then on, should the next
 * views of KMS be older, the tombstone not be published, or somebody enable the key again.
 */
export function withdrawnTag(situation: Situation): readonly Step[] {
  const { active } = situation;
  // KMS refuses tags on a key that waits for its deletion.
  if (active?.kid === undefined || !["Enabled", "Disabled"].includes(active.generation.keyState)) return [];
  const tags = revokedTag(active, situation);
  const { keyArn, number } = active.generation;
  return Object.keys(tags).length === 0 ? [] : [{ kind: "tag_key", keyArn, generation: number, tags }];
}

function revokedTag({ phase, generation, revokedAt, kid }: GenerationView, situation: Situation): Partial<RingTags> {
  if (phase !== "revoked" || generation.tags.revokedAt !== undefined) return {};
  return { revokedAt: revokedAt ?? situation.now, ...(kid === undefined ? {} : { kid }) };
}

/** The note of what earlier documents allowed. Nothing is lowered before it is seen to be there. */
export function timingTag({ observed, timing }: Situation): readonly Step[] {
  const { root } = observed;
  if (timing.note === undefined || root === undefined) return [];
  const tags = { timing: serialiseTimingNote(timing.note) };
  return [{ kind: "tag_key", keyArn: root.keyArn, generation: undefined, tags }];
}
