/**
 * Observations of a ring, put together by hand for tests of the plan: complete and tagged unless a test says otherwise. The
 * keys are real ones, made once per test file.
 */
import { planRing } from "../../issuer/key-ring/index.ts";
import type { ObservedDocument, ObservedGeneration, ObservedKey, ObservedRing } from "../../issuer/key-ring/index.ts";
import type { ObservedRoot, Step } from "../../issuer/key-ring/index.ts";
import { parseRingTags } from "../../issuer/key-ring/names.ts";
import type { RingTags } from "../../issuer/key-ring/names.ts";
import { kmsAlgorithmOf } from "../../issuer/kms/algorithms.ts";
import { serialiseTimingNote } from "../../issuer/key-ring/plan/timing-in-force.ts";
import { addSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { KeySetDocument, KeySetKey, KeyState } from "../../shared/key-set.ts";
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import { makeDocument, makeKey, seconds } from "./key-sets.ts";
import type { TestKey } from "./key-sets.ts";
import { MAIN_RING, ringPolicy } from "./ring-world.ts";
import { given } from "./values.ts";

export const START: EpochSeconds = seconds(1_800_000_000);

/** A time so many seconds after {@link START}. */
export function after(elapsed: number): EpochSeconds {
  return seconds(START + elapsed);
}

const keys: readonly TestKey[] = await Promise.all(Array.from({ length: 9 }, () => makeKey("ES256")));
export const rootKey: TestKey = await makeKey("ES256");
export const nextRootKey: TestKey = await makeKey("ES256");
export const rsaKey: TestKey = await makeKey("RS256");

/** The key of generation n. */
export function keyOf(number: number): TestKey {
  return given(keys[number]);
}

export type KeyChanges = Partial<Omit<ObservedKey, "tags">> & { readonly tags?: Partial<RingTags> };

/** A key of the ring, enabled and tagged for `purpose`. A key that is not enabled does not show its public half. */
export function observedKey(key: TestKey, purpose: string, changes: KeyChanges = {}): ObservedKey {
  const keyState = changes.keyState ?? "Enabled";
  const { alg, kid, jwk } = key;
  const tags: RingTags = {
    ...parseRingTags({}),
    ring: MAIN_RING,
    generation: purpose,
    alg,
    kid,
    managed: true,
    revokedOthers: [],
    ...changes.tags,
  };
  return {
    keyId: `id-${purpose}`,
    keyArn: `arn:aws:kms:eu-central-1:111122223333:key/id-${purpose}`,
    keySpec: kmsAlgorithmOf(alg).keySpecs[0],
    keyUsage: "SIGN_VERIFY",
    createdAt: after(-10_000_000),
    deletionAt: undefined,
    alg,
    publicKey: keyState === "Enabled" ? { kid, jwk } : undefined,
    ...changes,
    keyState,
    tags,
  };
}

export function generation(number: number, changes: KeyChanges = {}, key: TestKey = keyOf(number)): ObservedGeneration {
  const observed = observedKey(key, String(number), changes);
  return { ...observed, number, aliasCreatedAt: observed.createdAt };
}

export function root(changes: KeyChanges = {}, key: TestKey = rootKey, number?: number): ObservedRoot {
  const purpose = number === undefined ? "root" : `root-${number}`;
  const tags = { timing: DEFAULT_NOTE, ...changes.tags };
  return { ...observedKey(key, purpose, { ...changes, tags }), number };
}

/** The note that a root key carries while nothing changes. */
const DEFAULT_NOTE = serialiseTimingNote({ largest: DEFAULT_TIMING, wanted: DEFAULT_TIMING, since: START });

/** An entry of a document; published at {@link START} unless told. */
export function entry(number: number, state: KeyState, publishedAt: EpochSeconds = START): KeySetKey {
  const { kid, jwk } = keyOf(number);
  return { kid, jwk, state, publishedAt };
}

/** A document of the ring, issued at {@link START} unless told. */
export function documentOf(entries: readonly KeySetKey[], changes: Partial<KeySetDocument> = {}): KeySetDocument {
  const issuedAt = changes.issuedAt ?? START;
  return makeDocument([], issuedAt, { rev: issuedAt * 1_000_000, keys: entries, roots: [rootKey.kid], ...changes });
}

export function held(document: KeySetDocument, rootKid = rootKey.kid): ObservedDocument {
  return { kind: "read", document, rootKid, skipped: [] };
}

/** How long after a listing the document with it settles: 4K + 20 s. */
export const SETTLE = 260;

/** Tags of a generation whose history has been noted: listed, and settled 4K + 20 s later. Nothing is left to be tagged. */
export function noted(listedAt: EpochSeconds = START): KeyChanges {
  return { tags: { listedAt, publishedAt: addSeconds(listedAt, SETTLE) } };
}

/** The same of one that has handed over. */
export function superseded(supersededAt: EpochSeconds = START): KeyChanges {
  return { tags: { ...noted().tags, supersededAt } };
}

/**
 * A ring at rest: generation 1 active since {@link START}, generation 2 pending, both published at {@link START}; the
 * root key current. `changes` replaces members.
 */
export function observedRing(changes: Partial<ObservedRing> = {}): ObservedRing {
  return withDocumentNoted({
    ring: MAIN_RING,
    observedAt: START,
    observedAtMonotonicMs: 0,
    root: root(),
    rootUpdatedAt: after(-10_000_000),
    otherRoots: [],
    active: { keyId: "id-1", generation: 1, updatedAt: START },
    generations: [generation(1, noted()), generation(2, noted())],
    orphans: [],
    survey: undefined,
    candidate: undefined,
    document: held(documentOf([entry(1, "active"), entry(2, "pending")])),
    storedText: undefined,
    highestRev: undefined,
    newer: undefined,
    claimed: new Map(),
    withdrawn: new Map(),
    ...changes,
  });
}

/** The same with another document, which the root keys have noted. */
export function withDocument(observed: ObservedRing, document: KeySetDocument): ObservedRing {
  const unnoted = <Root extends ObservedRoot>(one: Root): Root => ({
    ...one,
    tags: { ...one.tags, document: undefined },
  });
  const { root: current, otherRoots } = observed;
  return withDocumentNoted({
    ...observed,
    document: held(document),
    root: current && unnoted(current),
    otherRoots: otherRoots.map(unnoted),
  });
}

/** Each root key says how long the document lives, unless it says otherwise already. */
function withDocumentNoted(observed: ObservedRing): ObservedRing {
  const { document, root: current, otherRoots } = observed;
  if (document.kind !== "read") return observed;
  const life = { since: document.document.issuedAt, until: document.document.expiresAt };
  const noting = <Root extends ObservedRoot>(one: Root): Root => ({
    ...one,
    tags: { ...one.tags, document: one.tags.document ?? life },
  });
  return { ...observed, root: current && noting(current), otherRoots: otherRoots.map(noting) };
}

/** The same at rest with an active generation n, its predecessor retiring, and a pending key n + 1. */
export function ringAfterRotation(number: number, rotatedAt: EpochSeconds): ObservedRing {
  return observedRing({
    active: { keyId: `id-${number}`, generation: number, updatedAt: rotatedAt },
    generations: [
      generation(number - 1, superseded(rotatedAt)),
      generation(number, noted()),
      generation(number + 1, noted()),
    ],
    document: held(
      documentOf([entry(number, "active"), entry(number + 1, "pending"), entry(number - 1, "retiring")], {
        issuedAt: rotatedAt,
      }),
    ),
  });
}

/** The entries of a ring at rest. */
export const BOTH: readonly KeySetKey[] = [entry(1, "active"), entry(2, "pending")];

/** The publication that is due so many seconds after {@link START}, by the default policy. */
export function publishOf(observed: ObservedRing, elapsed = 10): Extract<Step, { kind: "publish" }> | undefined {
  return planRing(observed, ringPolicy(), after(elapsed)).due.find((step) => step.kind === "publish");
}
