/**
 * The change of the root key in three steps that an operator asks for one by one, because only they know what is deployed:
 * prepare (the next root key exists, both are pinned by every edge), switch (the next one signs), retire (the previous one is
 * disabled). Pure. Numbered aliases make each step final; the alias `root` says which key signs.
 */
import { addSeconds } from "../../shared/identifiers.ts";
import { kmsAlgorithmOf } from "../kms/algorithms.ts";
import { isWithdrawn, liveDocument } from "./lifecycle.ts";
import type { ObservedRoot, RingRequest } from "./model.ts";
import { findOrphan } from "./plan-keys.ts";
import { DONE, refuse, stepsFor } from "./request-plan.ts";
import type { RequestPlan } from "./request-plan.ts";
import { leadSeconds } from "./policy.ts";
import type { Situation } from "./situation.ts";

type RootRequest = Extract<RingRequest, { kind: `root_${string}` }>;

export function planRootRequest(situation: Situation, root: ObservedRoot, request: RootRequest): RequestPlan {
  // Asked for before the last switch, and carried out late or again: nobody has pinned the key after next.
  if (request.kind !== "root_retire" && request.from !== root.keyArn) return DONE;
  switch (request.kind) {
    case "root_prepare":
      return prepare(situation, root);
    case "root_switch":
      return switchRoot(situation, root);
    case "root_retire":
      return retire(situation, root);
  }
}

/** The next root key, if one was prepared. */
function nextRoot({ observed }: Situation, root: ObservedRoot): ObservedRoot | undefined {
  return observed.otherRoots
    .filter(({ number, keyState }) => isAfter(number, root.number) && !isWithdrawn(keyState))
    .toSorted((left, right) => (left.number ?? 0) - (right.number ?? 0))[0];
}

function prepare(situation: Situation, root: ObservedRoot): RequestPlan {
  const { observed, policy } = situation;
  if (nextRoot(situation, root) !== undefined) return DONE;
  const numbers = new Set([root, ...observed.otherRoots].map(({ number }) => number ?? 0));
  if (root.number === undefined) {
    // Always below the next one: KMS may show that one's alias before its own, which then is taken.
    const number = firstMissing(numbers);
    return stepsFor({ kind: "claim_alias", role: "numbered_root", number, keyArn: root.keyArn });
  }
  const number = Math.max(...numbers) + 1;
  const { rootAlg } = policy;
  const orphan = findOrphan(observed.orphans, `root-${number}`, (key) => key.tags.alg === rootAlg);
  const keySpec = kmsAlgorithmOf(rootAlg).keySpecs[0];
  return stepsFor({ kind: "create_key", role: "numbered_root", number, alg: rootAlg, keySpec, orphan: orphan?.keyArn });
}

function firstMissing(numbers: ReadonlySet<number>): number {
  let number = 1;
  while (numbers.has(number)) number++;
  return number;
}

function switchRoot(situation: Situation, root: ObservedRoot): RequestPlan {
  const next = nextRoot(situation, root);
  if (next?.number === undefined) {
    // Asked again by somebody who has seen the switch: the present root key is the highest one.
    if (root.number !== undefined && root.number > 1) return DONE;
    return refuse("root_next_missing", "There is no next root key. Prepare it first, and deploy both trust anchors.");
  }
  if (next.keyState !== "Enabled" || next.publicKey === undefined) {
    return refuse("root_next_missing", `The next root key cannot sign yet: its state is ${next.keyState}.`);
  }
  return stepsFor({ kind: "move_root", number: next.number, keyArn: next.keyArn });
}

function retire({ observed, policy, timing, now }: Situation, root: ObservedRoot): RequestPlan {
  const previous = observed.otherRoots.filter(
    ({ number, keyState, keyId }) => isAfter(root.number, number) && keyState === "Enabled" && keyId !== root.keyId,
  );
  if (previous.length === 0) return DONE;
  const document = liveDocument(observed, now);
  const isSignedByRoot = observed.document.kind === "read" && observed.document.rootKid === root.publicKey?.kid;
  if (document === undefined || !isSignedByRoot || observed.rootUpdatedAt === undefined) {
    return refuse("root_still_needed", "The published key set is not signed by the new root key yet.");
  }
  // Until then a rotator may sign with the previous root key, or an edge may hold a document that it has signed.
  const lead = leadSeconds(timing.largest);
  const isSeenByRotators = addSeconds(observed.rootUpdatedAt, policy.kmsConsistencySeconds + lead);
  const isSeenByEdges = addSeconds(document.issuedAt, lead);
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
