/** The rotation of a ring by request: lets the pending key take over from the generation that is active. */
import { refuseUnknownOptions } from "../../shared/options.ts";
import type { KnownOptions } from "../../shared/options.ts";
import { observeRing } from "./observe/observe.ts";
import { isConverged } from "./outcome.ts";
import { planRing } from "./plan/plan.ts";
import { reconcileRing } from "./reconcile.ts";
import type { ReconcileOptions, ReconcileReport, RingPorts } from "./reconcile.ts";

export interface RotateRingOptions extends Omit<ReconcileOptions, "request" | "candidate"> {
  /**
   * The generation that is to be superseded; by default the active one. Name it when asking again: a rotation that was done
   * meanwhile then counts as done, and is not followed by another one.
   */
  readonly from?: number | undefined;
  /** Only plan it. */
  readonly dryRun?: boolean | undefined;
}

export interface RotationReport extends ReconcileReport {
  /** The generation that is to be superseded; undefined when it is not known which one is active. */
  readonly from: number | undefined;
}

const KNOWN_OPTIONS: KnownOptions<RotateRingOptions> = {
  policy: true,
  memory: true,
  actor: true,
  from: true,
  dryRun: true,
};

/**
 * Reconciles a ring and rotates it once.
 * @returns a report whose plan has a refusal when it is not safe yet, or not known which generation is active
 * @throws TypeError for an option that means nothing here; SealgateError with a `kms_…` code when the ring cannot be observed
 */
export async function rotateRing(ports: RingPorts, options: RotateRingOptions): Promise<RotationReport> {
  refuseUnknownOptions("rotateRing", options, KNOWN_OPTIONS);
  const { dryRun, from: wanted, ...reconciling } = options;
  const { policy } = reconciling;
  const observed = await observeRing(ports, policy, reconciling);
  const from = wanted ?? observed.active?.generation;
  if (from !== undefined && dryRun !== true) {
    return { ...(await reconcileRing(ports, { ...reconciling, request: { kind: "rotate", from } })), from };
  }
  const plan = planRing(observed, policy, ports.clock(), { kind: "rotate", from: from ?? 0 });
  return { steps: [], observed, plan, list: undefined, isConverged: isConverged(plan), from };
}
