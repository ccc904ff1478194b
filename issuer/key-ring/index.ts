/**
 * The key ring, for the rest of the issuer: observe, plan (pure), act, or all three as one reconciliation; the policy; the
 * signer of a ring. What is not exported here may change without notice.
 */
export type { AuditEntry, AuditSink } from "./audit.ts";
export { liveDocument } from "./lifecycle.ts";
export type { GenerationView } from "./lifecycle.ts";
export type {
  ObservedDocument,
  ObservedGeneration,
  ObservedKey,
  ObservedRing,
  ObservedRoot,
  Plan,
  Refusal,
  RefusalCode,
  RingProblem,
  RingRequest,
  Step,
  StepKind,
  Upcoming,
} from "./model.ts";
export { createRingMemory } from "./observation.ts";
export type { RingMemory } from "./observation.ts";
export { observeRing } from "./observe.ts";
export { failuresOf, isConverged } from "./outcome.ts";
export type { RunFailure } from "./outcome.ts";
export { planRing, stepKey } from "./plan.ts";
export {
  checkRingPolicy,
  graceSeconds,
  holdSeconds,
  leadSeconds,
  plannedLeadSeconds,
  signerMaxAgeSeconds,
} from "./policy.ts";
export type { PolicyProblem, RingPolicy, RingPolicyInput } from "./policy.ts";
export { createRingPorts } from "./ports.ts";
export type { RingPortsOptions } from "./ports.ts";
export { createTaggedPublishedKeys } from "./published-keys.ts";
export type { PublishedKeys } from "./published-keys.ts";
export { reconcileRing } from "./reconcile.ts";
export type { ReconcileOptions, ReconcileReport, RingPorts, StepReport } from "./reconcile.ts";
export { createRingSigner } from "./ring-signer.ts";
export type { RingSigner, RingSignerOptions, RingSignerStatus } from "./ring-signer.ts";
export { assess } from "./situation.ts";
export type { Situation } from "./situation.ts";
export { rootAnchorsOf } from "./trust-anchors.ts";
export type { RootAnchor } from "./trust-anchors.ts";
