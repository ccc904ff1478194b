/** The rotation of a ring by request: lets the standby take over from the generation that is active. */
import { isConverged, observeRing, planRing, reconcileRing } from "./index.ts";
import type { ReconcileOptions, ReconcileReport, RingPorts } from "./index.ts";

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

/**
 * Reconciles a ring and rotates it once.
 * @returns a report whose plan has a refusal when it is not safe yet, or not known which generation is active
 * @throws SealgateError with a `kms_…` code when the ring cannot be observed
 */
export async function rotateRing(ports: RingPorts, options: RotateRingOptions): Promise<RotationReport> {
  const { policy, dryRun } = options;
  const observed = await observeRing(ports, policy, options);
  const from = options.from ?? observed.active?.generation;
  if (from !== undefined && dryRun !== true) {
    return { ...(await reconcileRing(ports, { ...options, request: { kind: "rotate", from } })), from };
  }
  const plan = planRing(observed, policy, ports.clock(), { kind: "rotate", from: from ?? 0 });
  return { steps: [], observed, plan, isConverged: isConverged(plan), from };
}
