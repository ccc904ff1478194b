/**
 * What an operator asks for, as goals: each is answered by the steps that are due for it now, by the reason why it has to
 * wait, or by saying that it is done. Pure. Revoking needs nothing here but the check of the kid: it changes how the ring is
 * seen, and the rest follows.
 */
import { demand } from "../../../shared/demands.ts";
import { addSeconds } from "../../../shared/identifiers.ts";
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import type { KeySetKey } from "../../../shared/key-set.ts";
import { KMS_CONSISTENCY_SECONDS } from "../../../shared/timing.ts";
import { kmsAlgorithmOf } from "../../kms/algorithms.ts";
import { isRipe, liveDocument } from "./phases.ts";
import type { Generation } from "./phases.ts";
import type { ObservedCandidate } from "../model/observed.ts";
import type { RingRequest } from "../model/plan.ts";
import { createGeneration, moveTo, nextToActivate, ripeNotBefore } from "./keys.ts";
import { isRootName, listedBy } from "../names.ts";
import { findOrphan } from "./orphans.ts";
import { planRootRequest } from "./root.ts";
import { DONE, refuse, stepsFor } from "./request-plan.ts";
import type { RequestPlan } from "./request-plan.ts";
import { generationNumberOf, isOfRing, lostNumbers, nextNumber } from "./ring-state.ts";
import type { RingState } from "./ring-state.ts";

const KINDS: Readonly<Record<RingRequest["kind"], true>> = {
  init: true,
  rotate: true,
  adopt: true,
  revoke: true,
  root_prepare: true,
  root_switch: true,
  root_retire: true,
};

export function planRequest(state: RingState, request: RingRequest): RequestPlan {
  demand(Object.hasOwn(KINDS, request.kind), `request.kind must be one of ${Object.keys(KINDS).join(", ")}`);
  if (request.kind === "init") return planInit(state);
  if (state.observed.root === undefined) {
    return refuse("root_missing", "The ring has no root key. Check ring, account and Region, or create the ring.");
  }
  switch (request.kind) {
    case "rotate":
      return planRotate(state, request.from);
    case "adopt":
      return planAdopt(state);
    case "revoke":
      return planRevoke(state, request);
    case "root_prepare":
    case "root_switch":
    case "root_retire":
      return planRootRequest(state, state.observed.root, request);
  }
}

/** Root key, generation 1, `active`: in this order, so that what is there shows how far an earlier run came. */
function planInit(state: RingState): RequestPlan {
  const { observed, policy, generations } = state;
  const { document } = observed;
  if (observed.active === undefined && document.kind === "unknown") {
    return refuse("document_unknown", `No key is created while KV cannot be read: ${document.message}.`);
  }
  if (observed.root === undefined) {
    if (document.kind === "refused" && document.problem === "key_set_unknown_root") {
      return refuse(
        "document_foreign",
        "KV holds a key set of this ring that another root key has signed. Check the AWS account and Region, the ring's name and the KV namespace. For a new ring, delete that KV entry first.",
      );
    }
    if (observed.generations.length > 0 || observed.active !== undefined) {
      return refuse(
        "root_missing",
        "The ring has generations and no root key. Edges have pinned it: restore its alias.",
      );
    }
    const { rootAlg } = policy;
    const orphan = findOrphan(observed.orphans, { role: "root" }, (key) => key.tags.alg === rootAlg);
    const keySpec = kmsAlgorithmOf(rootAlg).keySpecs[0];
    return stepsFor({ kind: "create_key", role: "root", alg: rootAlg, keySpec, orphan: orphan?.keyArn });
  }
  if (observed.active !== undefined) return DONE;
  if (observed.generations.length === 0) {
    return observed.candidate === undefined ? stepsFor(createGeneration(state, 1)) : planAdopt(state);
  }
  const best = lastToSign(generations.filter(({ isUsable, phase }) => isUsable && phase !== "revoked"));
  if (best === undefined) return stepsFor(createGeneration(state, nextNumber(state)));
  const { number, keyArn } = best;
  return stepsFor({ kind: "create_active", generation: number, keyArn });
}

/**
 * Normally there is one. If the alias was lost, the last known document says which generation signed; if that is lost too, the tags say
 * it: of those that were listed, the first that has not handed over. Edges may not know any other.
 */
function lastToSign(usable: readonly Generation[]): Generation | undefined {
  const entryOf = ({ newerEntry, entry }: Generation): KeySetKey | undefined => newerEntry ?? entry;
  return (
    usable.find((generation) => entryOf(generation)?.state === "active") ??
    usable.find(entryOf) ??
    usable.find(({ tags }) => listedBy(tags) !== undefined && tags.supersededAt === undefined) ??
    usable[0]
  );
}

function planRotate(state: RingState, from: number): RequestPlan {
  const { active, now, observed } = state;
  if (observed.active === undefined || active === undefined) {
    return refuse("active_missing", "It is not known which generation is active. Run a reconcile in a few minutes.");
  }
  if (active.number !== from) return DONE;
  if (observed.document.kind === "unknown") {
    return refuse("document_unknown", `The published key set cannot be read: ${observed.document.message}.`);
  }
  const next = nextToActivate(state);
  if (next !== undefined && active.phase === "active" && isRipe(next, now)) {
    return stepsFor(moveTo(active, next, "requested"));
  }
  return refuse(
    "standby_not_ready",
    "The pending key is not known to every edge and consumer yet: its tokens could be refused.",
    ripeNotBefore(next, state),
  );
}

function planAdopt(state: RingState): RequestPlan {
  const { observed, policy } = state;
  const { candidate } = observed;
  if (candidate === undefined || candidate.keyState === "NotFound") {
    return refuse("candidate_not_found", "KMS does not know the key. Check its name, the account and the Region.");
  }
  const { keyId, keyArn, keyState, publicKey, alg, tags } = candidate;
  if (observed.generations.some((generation) => generation.keyId === keyId)) return DONE;
  const kid = publicKey?.kid;
  if (keyState !== "Enabled" || kid === undefined || alg !== policy.alg) {
    const found = [candidate.keySpec, candidate.keyUsage, keyState, ...(alg === undefined ? [] : [alg])].join(", ");
    return refuse("candidate_unfit", `The key has to be enabled and fit ${policy.alg}; it is ${found}.`);
  }
  const roots = [observed.root, ...observed.otherRoots].filter((root) => root !== undefined);
  const isForeign = tags.ring !== undefined && tags.ring !== observed.ring;
  const isRoot = isRootName(tags.generation) || roots.some((root) => root.keyId === keyId);
  const inUse = elsewhereProblem(candidate);
  if (inUse !== undefined) return refuse("candidate_in_use", inUse);
  // A replica of a multi-Region key has the same material, and so the same kid.
  if (isForeign || isRoot || isOfRing(observed, kid) || isRevoked(state, kid)) {
    return refuse("candidate_in_use", "The key is or was used: by another ring, as a root key, or under the same kid.");
  }
  // One key, one generation: it may be one already, whose alias KMS does not show yet. Two readings of its tags may differ.
  const seen = [tags, ...observed.orphans.filter((orphan) => orphan.keyArn === keyArn).map((orphan) => orphan.tags)];
  const taken = new Set(observed.generations.map((generation) => generation.number));
  const tagged = seen.map(generationNumberOf).find((number) => number !== undefined && !taken.has(number));
  const known = observed.claimed.get(keyArn) ?? tagged;
  const unseenUntil = known === undefined ? numberUnseenUntil(state) : undefined;
  if (unseenUntil !== undefined) {
    return refuse(
      "candidate_unsettled",
      "KMS does not show a generation of the last minutes yet, and it may be this key.",
      unseenUntil,
    );
  }
  return stepsFor({ kind: "claim_alias", role: "generation", number: known ?? nextNumber(state), keyArn });
}

/**
 * A number is not seen, and the one after it was given so lately that this may be KMS's lag: the key may have that number already, by
 * another process.
 */
function numberUnseenUntil(state: RingState): EpochSeconds | undefined {
  const { generations } = state.observed;
  const seen = new Set([0, ...generations.map(({ number }) => number), ...lostNumbers(state)]);
  return generations
    .filter(({ number }) => !seen.has(number - 1))
    .map(({ aliasCreatedAt }) => addSeconds(aliasCreatedAt, 2 * KMS_CONSISTENCY_SECONDS))
    .find((isSeenBy) => state.now < isSeenBy);
}

/** One kid in the key sets of two rings would have two timings, and two rotators that withdraw it. */
function elsewhereProblem({ elsewhere = [] }: ObservedCandidate): string | undefined {
  const [unread] = elsewhere.filter(({ fault }) => fault !== undefined);
  const [taken] = elsewhere.filter(({ ring }) => ring !== undefined);
  if (taken !== undefined) {
    return `It is a Multi-Region key, and the ring ${taken.ring} has it in another Region (${taken.keyArn}). Each ring needs keys of its own.`;
  }
  if (unread === undefined) return undefined;
  return `It is a Multi-Region key, and whether another ring has it as ${unread.keyArn} cannot be seen (${unread.fault}). Allow kms:ListResourceTags there, or adopt a key of one Region.`;
}

function isRevoked({ observed }: RingState, kid: string): boolean {
  return (
    observed.document.kind === "read" && observed.document.document.revoked.some((tombstone) => tombstone.kid === kid)
  );
}

function planRevoke(state: RingState, { kid }: { readonly kid: string }): RequestPlan {
  const { observed, generations, now } = state;
  if (observed.root?.publicKey?.kid === kid) {
    return refuse("kid_is_root", "This is the root key. Change it with the steps for root keys.");
  }
  const generation = generations.find((candidate) => candidate.kid === kid);
  const hasTombstone = isRevoked(state, kid);
  if (generation === undefined && state.revoking === undefined && !hasTombstone) {
    return refuse("kid_unknown", "No generation of this ring and no key of its document has this kid.");
  }
  const isPublished = hasTombstone && liveDocument(observed, now) !== undefined;
  return isPublished && generation?.keyState !== "Enabled" ? DONE : { ...DONE, isDone: false };
}
