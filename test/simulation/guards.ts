/**
 * Switches that take one guard away, in the wiring of the simulation only: what a rotator, a signer or an edge is given is
 * changed, or what it has planned is filtered. The code under test stays as it is and has no such switch.
 */
import { stalenessBoundSeconds } from "../../shared/timing.ts";
import type { RingTiming } from "../../shared/timing.ts";
import type { ObservedRing, Plan, Step } from "../../issuer/key-ring/model.ts";
import type { RingPolicy } from "../../issuer/key-ring/policy.ts";

/** What is taken away; the seconds shorten a margin by so much. */
export interface Removed {
  /** Activation waits this much less than S + K after publication. */
  readonly leadSeconds?: number;
  /** A retiring key is dropped this much earlier than A + L + 2K after the activation of its successor. */
  readonly holdSeconds?: number;
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

/** The policy as a rotator sees it: W and A are what makes up lead and hold, and stand in no document. */
export function policyWithout(policy: RingPolicy, removed: Removed): RingPolicy {
  const { timing } = policy;
  return {
    ...policy,
    // Of a wait for nothing but edges, a shorter one is tried.
    downstreamCacheSeconds: removed.leadSeconds === undefined ? policy.downstreamCacheSeconds : 1,
    composeDeadlineSeconds: removed.composeDeadline === true ? 1_000_000 : policy.composeDeadlineSeconds,
    timing: {
      ...timing,
      kvPropagationSeconds: timing.kvPropagationSeconds - (removed.leadSeconds ?? 0),
      signerLagSeconds: timing.signerLagSeconds - (removed.holdSeconds ?? 0),
    },
  };
}

/** True when what a rotator sees or plans is changed, so that its loop is the simulation's. */
export function changesPlans(removed: Removed): boolean {
  const { largerTiming, tombstones, standby, orphanCleaning, newerDocument, revLead } = removed;
  return [largerTiming, tombstones, standby, orphanCleaning, newerDocument, revLead].includes(true);
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

export function planWithout(plan: Plan, removed: Removed): Plan {
  return { ...plan, due: plan.due.flatMap((step) => stepWithout(step, removed)) };
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

/** S of a timing, in milliseconds. */
export function stalenessMs(timing: RingTiming): number {
  return stalenessBoundSeconds(timing) * 1000;
}
