/**
 * The key ring, for the rest of the issuer: observe, plan (pure), act, or all three as one reconciliation; the policy; the
 * signer of a ring. What is not exported here may change without notice.
 */
export type { AuditEntry, AuditSink } from "./act/audit.ts";
export { liveDocument } from "./plan/phases.ts";
export type { Generation } from "./plan/phases.ts";
export type {
  ObservedDocument,
  ObservedGeneration,
  ObservedKey,
  ObservedRing,
  ObservedRoot,
} from "./model/observed.ts";
export type { Plan, Refusal, RefusalCode, RingProblem, RingRequest, Upcoming } from "./model/plan.ts";
export type { Step, StepKind } from "./model/steps.ts";
export { describeRole } from "./names.ts";
export { createRingMemory } from "./observe/memory.ts";
export type { RingMemory } from "./observe/memory.ts";
export { observeRing } from "./observe/observe.ts";
export { billedKeysOf, DOLLARS_PER_KEY_AND_MONTH, keptKeysOfYear } from "./billed-keys.ts";
export type { BilledKeys } from "./billed-keys.ts";
export { failuresOf, isConverged } from "./outcome.ts";
export type { RunFailure } from "./outcome.ts";
export { planRing, stepKey } from "./plan/plan.ts";
export { checkRingPolicy, graceSeconds, leadSeconds, plannedLeadSeconds, signerMaxAgeSeconds } from "./policy.ts";
export type { PolicyProblem, RingPolicy, RingPolicyInput } from "./policy.ts";
export { createRingPorts } from "./ports.ts";
export type { RingPortsOptions } from "./ports.ts";
export { createTaggedPublishedKeys } from "./sign/published-keys.ts";
export type { PublishedKeys } from "./sign/published-keys.ts";
export { reconcileRing } from "./reconcile.ts";
export type { ReconcileOptions, ReconcileReport, RingPorts, StepReport } from "./reconcile.ts";
export { createRingSigner } from "./sign/ring-signer.ts";
export type { RingSigner, RingSignerOptions, RingSignerStatus } from "./sign/ring-signer.ts";
export { deriveState } from "./plan/ring-state.ts";
export type { RingState } from "./plan/ring-state.ts";
export { rootAnchorsOf } from "./trust-anchors.ts";
export type { RootAnchor } from "./trust-anchors.ts";
