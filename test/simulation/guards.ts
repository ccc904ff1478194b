/**
 * Switches that take one guard away, in the wiring of the simulation only: what a rotator, a signer or an edge is given is
 * changed, or what it has planned is filtered. The code under test stays as it is and has no such switch.
 */
import type { ObservedRing } from "../../issuer/key-ring/model/observed.ts";
import type { Plan } from "../../issuer/key-ring/model/plan.ts";
import type { Step } from "../../issuer/key-ring/model/steps.ts";
import { planRing } from "../../issuer/key-ring/plan/plan.ts";
import { readSpki } from "../../issuer/kms/public-key.ts";
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { Kms, RingPolicy, RingRequest } from "./ports.ts";

/** What is taken away; the seconds shorten a margin by so much. */
export interface Removed {
  /** Activation waits this much less than S + K + P + 1 after the first settled document that lists the key. */
  readonly leadSeconds?: number;
  /** A retiring key is dropped this much earlier than A + L + 2K + G after the activation of its successor. */
  readonly holdSeconds?: number;
  /** No lead waits for consumers of the plain JWK Set. */
  readonly consumers?: boolean;
  /** A key is dropped as soon as its hold is over, whatever KMS may not show yet. */
  readonly grace?: boolean;
  /** A new isolate, or one that was idle, lets its location keep what it reads for a minute. */
  readonly edgeFreshRead?: boolean;
  /** Only the policy's timing counts, not what was published before. */
  readonly largerTiming?: boolean;
  /** Documents carry no tombstones. */
  readonly tombstones?: boolean;
  /** No generation stands by. */
  readonly standby?: boolean;
  /** Keys without an alias stay. */
  readonly orphanCleaning?: boolean;
  /** The previous root key is unpinned and disabled as soon as the next one signs. */
  readonly rootHold?: boolean;
  /** A step is carried out however long ago it was planned. */
  readonly composeDeadline?: boolean;
  /** A rotator builds on what the store shows, although it has published a newer document itself. */
  readonly newerDocument?: boolean;
  /** A rev that is chosen without knowing the newest one gets no lead over the clock. */
  readonly revLead?: boolean;
  /** A signer takes up whatever key the alias points to. */
  readonly publishedCheck?: boolean;
  /** A signer goes on for ever with the key it once saw. */
  readonly signerMaxAge?: boolean;
  /** Signers issue tokens of any lifetime. */
  readonly tokenLifetime?: boolean;
  /** An edge forgets which rev it has held whenever it reads. */
  readonly edgeRev?: boolean;
  /** An edge trusts the key of whoever writes KV. */
  readonly anchor?: boolean;
  /** An edge lets its location cache for an hour. */
  readonly edgeCacheTtl?: boolean;
  /** An edge uses what it holds for an hour without asking KV. */
  readonly edgeMemoryTtl?: boolean;
}

/** The policy as a rotator is given it. */
export function policyWithout(policy: RingPolicy, removed: Removed): RingPolicy {
  return {
    ...policy,
    downstreamCacheSeconds: removed.consumers === true ? policy.timing.memoryTtlSeconds : policy.downstreamCacheSeconds,
    kmsConsistencySeconds: removed.grace === true ? 0 : policy.kmsConsistencySeconds,
  };
}

/** What a signer is given: KMS and a policy. */
export function signerWithout(
  kms: Kms,
  policy: RingPolicy,
  removed: Removed,
): { readonly kms: Kms; readonly policy: RingPolicy } {
  const { timing } = policy;
  const used = {
    ...timing,
    // No lead is shorter than none.
    kvPropagationSeconds: Math.max(
      timing.kvPropagationSeconds - (removed.leadSeconds ?? 0),
      -timing.kvCacheTtlSeconds - timing.memoryTtlSeconds - timing.clockSkewSeconds,
    ),
    signerLagSeconds: timing.signerLagSeconds + (removed.signerMaxAge === true ? 1_000_000 : 0),
    maxTokenTtlSeconds: timing.maxTokenTtlSeconds * (removed.tokenLifetime === true ? 3 : 1),
  };
  return { kms: removed.publishedCheck === true ? withTags(kms) : kms, policy: { ...policy, timing: used } };
}

/** Each key says that it was published long ago. */
function withTags(kms: Kms): Kms {
  return {
    ...kms,
    async listTags(keyArn) {
      const { spki } = await kms.getPublicKey(keyArn);
      const read = await readSpki(spki, "ES256");
      const kid = read.ok ? read.value.kid : "";
      return { ...(await kms.listTags(keyArn)), "sealgate:kid": kid, "sealgate:published": "1" };
    },
  };
}

/** True when what a rotator sees or plans is changed, so that its loop is the simulation's. */
export function changesPlans(removed: Removed): boolean {
  const { largerTiming, tombstones, standby, orphanCleaning, newerDocument, revLead, composeDeadline } = removed;
  const { leadSeconds = 0, holdSeconds = 0 } = removed;
  const others = [largerTiming, tombstones, standby, orphanCleaning, newerDocument, revLead, composeDeadline];
  return others.includes(true) || leadSeconds + holdSeconds > 0;
}

export function observedWithout(observed: ObservedRing, policy: RingPolicy, removed: Removed): ObservedRing {
  if (removed.newerDocument === true) return { ...observed, newer: undefined };
  if (removed.largerTiming !== true) return observed;
  const { document, root } = observed;
  return {
    ...observed,
    root: root === undefined ? root : { ...root, tags: { ...root.tags, timing: undefined } },
    document:
      document.kind === "read" ? { ...document, document: { ...document.document, timing: policy.timing } } : document,
  };
}

/** Plans as `planRing` does, with something left out, or done so much too early. */
export function planWithout(
  seen: ObservedRing,
  policy: RingPolicy,
  now: EpochSeconds,
  request: RingRequest | undefined,
  removed: Removed,
): Plan {
  const plan = planRing(seen, policy, now, request);
  const { leadSeconds = 0, holdSeconds = 0 } = removed;
  const due = plan.due.flatMap((step) => stepWithout(step, removed));
  if (leadSeconds + holdSeconds === 0) return { ...plan, due };
  const later = parseEpochSeconds(now + leadSeconds + holdSeconds) ?? now;
  const tooEarly = planRing(seen, policy, later, request).due.filter((step) =>
    leadSeconds > 0
      ? step.kind === "move_active" && step.reason !== "revoked"
      : step.kind === "publish" && step.reasons.includes("key_dropped"),
  );
  const kinds = new Set(tooEarly.map(({ kind }) => kind));
  return { ...plan, due: [...due.filter(({ kind }) => !kinds.has(kind)), ...tooEarly] };
}

function stepWithout(step: Step, removed: Removed): readonly Step[] {
  if (removed.standby === true && step.kind === "create_key" && step.role === "generation" && step.number > 1)
    return [];
  if (removed.orphanCleaning === true && isCleaning(step)) return [];
  if (step.kind !== "publish") return [step];
  const revoked = removed.tombstones === true ? [] : step.revoked;
  // The reason that remains without tombstones to carry would be given for ever.
  if (removed.tombstones === true && step.reasons.every((reason) => reason === "revoked")) return [];
  return [{ ...step, revoked, rev: removed.revLead === true ? { ...step.rev, leadSeconds: 0 } : step.rev }];
}

function isCleaning(step: Step): boolean {
  return (
    (step.kind === "schedule_deletion" && step.reason === "orphan") ||
    (step.kind === "create_key" && step.orphan !== undefined)
  );
}
