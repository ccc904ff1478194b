/**
 * The change of the root key in three steps that an operator asks for one by one, because only they know what is deployed:
 * prepare (the next root key exists, both are pinned by every edge), switch (the next one signs), retire (the previous one is
 * disabled). Pure. Numbered aliases make each step final; the alias `root` says which key signs.
 */
import { addSeconds } from "../../../shared/identifiers.ts";
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import { MAX_TRUST_ANCHORS } from "../../../shared/signed-key-set.ts";
import { kmsAlgorithmOf } from "../../kms/algorithms.ts";
import { settlingOf } from "./document.ts";
import { isWithdrawn, liveDocument } from "./phases.ts";
import type { ObservedRing, ObservedRoot } from "../model/observed.ts";
import type { RingRequest } from "../model/plan.ts";
import type { Step } from "../model/steps.ts";
import { findOrphan } from "./orphans.ts";
import { DONE, refuse, stepsFor } from "./request-plan.ts";
import type { RequestPlan } from "./request-plan.ts";
import { leadSeconds } from "../policy.ts";
import { isSettled } from "../rev.ts";
import type { RingState } from "./ring-state.ts";
import { rootAnchorsOf } from "../trust-anchors.ts";

type RootRequest = Extract<RingRequest, { kind: `root_${string}` }>;

export function planRootRequest(state: RingState, root: ObservedRoot, request: RootRequest): RequestPlan {
  // Asked for before the last switch, and carried out late or again: no edge has pinned the key after the next one.
  if (request.kind !== "root_retire" && request.from !== root.keyArn) return DONE;
  switch (request.kind) {
    case "root_prepare":
      return prepare(state, root);
    case "root_switch":
      return switchRoot(state, root);
    case "root_retire":
      return retire(state, root);
  }
}

/** The next root key, if one was prepared. */
function nextRoot({ observed }: RingState, root: ObservedRoot): ObservedRoot | undefined {
  return observed.otherRoots
    .filter(({ number, keyState }) => isAfter(number, root.number) && !isWithdrawn(keyState))
    .toSorted((left, right) => (left.number ?? 0) - (right.number ?? 0))[0];
}

function prepare(state: RingState, root: ObservedRoot): RequestPlan {
  const { observed, policy } = state;
  if (nextRoot(state, root) !== undefined) return DONE;
  const anchors = rootAnchorsOf(observed).length;
  if (anchors >= MAX_TRUST_ANCHORS) {
    const message = `${anchors} root keys can sign, and a Worker pins at most ${MAX_TRUST_ANCHORS}. Retire the previous ones first.`;
    return refuse("root_too_many", message, retire(state, root).refusal?.notBefore);
  }
  const numbers = new Set([root, ...observed.otherRoots].map(({ number }) => number ?? 0));
  if (root.number === undefined) {
    // Always below the next one: KMS may show that one's alias before its own, which then is taken.
    const number = firstMissing(numbers);
    return stepsFor({ kind: "claim_alias", role: "numbered_root", number, keyArn: root.keyArn });
  }
  const number = Math.max(...numbers) + 1;
  const { rootAlg } = policy;
  const orphan = findOrphan(observed.orphans, { role: "numbered_root", number }, (key) => key.tags.alg === rootAlg);
  const keySpec = kmsAlgorithmOf(rootAlg).keySpecs[0];
  return stepsFor({ kind: "create_key", role: "numbered_root", number, alg: rootAlg, keySpec, orphan: orphan?.keyArn });
}

function firstMissing(numbers: ReadonlySet<number>): number {
  let number = 1;
  while (numbers.has(number)) number++;
  return number;
}

function switchRoot(state: RingState, root: ObservedRoot): RequestPlan {
  const next = nextRoot(state, root);
  if (next?.number === undefined) {
    // Asked again after the switch: the present root key is the highest one.
    if (root.number !== undefined && root.number > 1) return DONE;
    return refuse("root_next_missing", "There is no next root key. Prepare it first, and deploy both trust anchors.");
  }
  if (next.keyState !== "Enabled" || next.publicKey === undefined) {
    return refuse("root_next_missing", `The next root key cannot sign yet: its state is ${next.keyState}.`);
  }
  return stepsFor({ kind: "move_root", number: next.number, keyArn: next.keyArn });
}

/** Root keys that signed before and still can. */
function previousRoots({ otherRoots }: ObservedRing, root: ObservedRoot): readonly ObservedRoot[] {
  return otherRoots.filter(
    ({ number, keyState, keyId }) => isAfter(root.number, number) && keyState === "Enabled" && keyId !== root.keyId,
  );
}

/** What edges may hold, if the present root key has signed it. */
function documentOfRoot({ observed, now }: RingState, root: ObservedRoot): KeySetDocument | undefined {
  const isSigned = observed.document.kind === "read" && observed.document.rootKid === root.publicKey?.kid;
  return isSigned ? liveDocument(observed, now) : undefined;
}

/** From then on no rotator publishes a document of the previous root key, because KMS shows the moved alias to all. */
function seenByRotatorsAt({ observed, policy, timing }: RingState): EpochSeconds | undefined {
  const { kmsConsistencySeconds, composeDeadlineSeconds, publishDeadlineSeconds } = policy;
  const seconds =
    kmsConsistencySeconds + composeDeadlineSeconds + publishDeadlineSeconds + timing.largest.clockSkewSeconds;
  return observed.rootUpdatedAt === undefined ? undefined : addSeconds(observed.rootUpdatedAt, seconds);
}

/** The note of {@link settledRootTag}, if it was made after the last change of the root key. */
function notedSettling(state: RingState, { tags: { publishedAt } }: ObservedRoot): EpochSeconds | undefined {
  const seenAt = seenByRotatorsAt(state);
  return publishedAt !== undefined && seenAt !== undefined && publishedAt >= seenAt ? publishedAt : undefined;
}

/**
 * While a previous root key can still sign: notes on the present one when its first settled document was issued, so that the
 * time from which the previous one may be retired does not move with each document that follows.
 */
export function settledRootTag(state: RingState): readonly Step[] {
  const { observed } = state;
  const { root } = observed;
  if (root === undefined || previousRoots(observed, root).length === 0) return [];
  const document = documentOfRoot(state, root);
  const seenAt = seenByRotatorsAt(state);
  if (document === undefined || seenAt === undefined || !isSettled(document) || document.issuedAt < seenAt) return [];
  if (notedSettling(state, root) !== undefined) return [];
  const tags = { publishedAt: document.issuedAt };
  return [{ kind: "tag_key", keyArn: root.keyArn, generation: undefined, tags }];
}

function retire(state: RingState, root: ObservedRoot): RequestPlan {
  const { observed, policy, timing, now } = state;
  const previous = previousRoots(observed, root);
  if (previous.length === 0) return DONE;
  const document = documentOfRoot(state, root);
  if (document === undefined || observed.rootUpdatedAt === undefined) {
    return refuse("root_still_needed", "The published key set is not signed by the new root key yet.");
  }
  // Until then a rotator may sign with the previous root key, or an edge may hold a document that it has signed.
  const lead = leadSeconds(timing.largest);
  const isSeenByRotators = addSeconds(observed.rootUpdatedAt, policy.kmsConsistencySeconds + lead);
  // Until it has settled, an edge may refuse it for a document of the previous root key with a higher rev.
  const settledAt = notedSettling(state, root) ?? settlingOf(document) ?? document.issuedAt;
  const isSeenByEdges = addSeconds(settledAt, lead);
  const notBefore = isSeenByRotators > isSeenByEdges ? isSeenByRotators : isSeenByEdges;
  if (now < notBefore) {
    return refuse("root_still_needed", "Edges may still hold a document of the previous root key.", notBefore);
  }
  return stepsFor(
    ...previous.map(
      ({ keyArn }) => ({ kind: "disable_key", keyArn, generation: undefined, reason: "root_retired" }) as const,
    ),
  );
}

function isAfter(number: number | undefined, other: number | undefined): boolean {
  return number !== undefined && other !== undefined && number > other;
}
