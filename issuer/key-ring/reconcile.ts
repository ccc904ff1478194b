/**
 * Brings a ring to where it should be: observe, plan, carry out one step, observe again, until nothing more is due. Safe to
 * run every minute, from several hosts at once, and to be killed at any point. It does not wait: what becomes due later is
 * reported, and done by a later run.
 */
import { demand } from "../../shared/demands.ts";
import { refuseUnknownOptions } from "../../shared/options.ts";
import type { KnownOptions } from "../../shared/options.ts";
import { SealgateError } from "../errors.ts";
import type { FaultCode } from "../errors.ts";
import { actOn } from "./act/act.ts";
import type { ActPorts, StepOutcome } from "./act/act.ts";
import { auditList, auditStep } from "./act/audit.ts";
import type { AuditSink } from "./act/audit.ts";
import type { ObservedGeneration, ObservedRing } from "./model/observed.ts";
import type { Plan, RingRequest } from "./model/plan.ts";
import type { Step } from "./model/steps.ts";
import { rememberDocument } from "./observe/memory.ts";
import type { RingMemory } from "./observe/memory.ts";
import { observeRing } from "./observe/observe.ts";
import type { ObservePorts } from "./observe/observe.ts";
import { isConverged, isListInOrder } from "./outcome.ts";
import { leastListRev } from "./list-floor.ts";
import { planRing, stepKey } from "./plan/plan.ts";
import { deriveState } from "./plan/ring-state.ts";
import { keepList } from "./revocations/keep-list.ts";
import type { ListPorts, ListReport } from "./revocations/keep-list.ts";
import type { RingPolicy } from "./policy.ts";

/** Everything that touches the world. */
export interface RingPorts extends ObservePorts, ActPorts {
  readonly publisher: ActPorts["publisher"];
  readonly audit: AuditSink;
  /** Undefined where the ring has never had a list of taken-back tokens, or another rotator keeps it. */
  readonly revocations: ListPorts["revocations"] | undefined;
  readonly startTimer: ListPorts["startTimer"];
}

export interface ReconcileOptions {
  readonly policy: RingPolicy;
  /** Kept by the caller between runs of one process; a new one loses nothing but time. */
  readonly memory: RingMemory;
  /** Who or what runs this, for the audit. */
  readonly actor: string;
  readonly request?: RingRequest | undefined;
  /** Key id, ARN or alias of the key to adopt. */
  readonly candidate?: string | undefined;
}

/** A step of this run, and what came of it. */
export interface StepReport {
  readonly step: Step;
  /** Undefined when the step failed. */
  readonly outcome: StepOutcome | undefined;
  readonly fault: { readonly code: FaultCode; readonly message: string } | undefined;
}

export interface ReconcileReport {
  readonly steps: readonly StepReport[];
  /** The last observation, made after the last step. */
  readonly observed: ObservedRing;
  /** The plan on it: what comes next, what is wrong, whether the request is done. */
  readonly plan: Plan;
  /** What became of the list of taken-back tokens; undefined where there is none to keep. */
  readonly list: ListReport | undefined;
  /**
   * Nothing is due any more, and nothing is wrong. Otherwise steps have failed, the plan has problems, or KMS or KV does not
   * show yet what was done; `failuresOf` tells which of these make the run a failed one.
   */
  readonly isConverged: boolean;
}

/** No ring needs as many; a bound in case two rotators undo each other's work. */
const MAX_STEPS = 40;

const KNOWN_OPTIONS: KnownOptions<ReconcileOptions> = {
  policy: true,
  memory: true,
  actor: true,
  request: true,
  candidate: true,
};

/**
 * Runs one reconciliation.
 *
 * A step that fails is reported and not tried again in this run, and the steps that do not depend on it go on: that KMS
 * throttles must not hold up a tombstone. A step that was done is not done again, even if it is not visible yet.
 * @throws SealgateError with a `kms_…` code when the ring cannot be observed
 */
export async function reconcileRing(ports: RingPorts, options: ReconcileOptions): Promise<ReconcileReport> {
  refuseUnknownOptions("reconcileRing", options, KNOWN_OPTIONS);
  demand(typeof options.actor === "string", "reconcileRing: actor must be a string");
  const { policy, request } = options;
  const steps: StepReport[] = [];
  const tried = new Set<string>();
  let hadList = false;
  for (;;) {
    const observed = await observeRing(ports, policy, options);
    hadList ||= leastListRev(observed) !== undefined;
    const plan = planRing(observed, policy, ports.clock(), request);
    const step = plan.due.find((candidate) => !tried.has(stepKey(candidate)));
    if (step === undefined || steps.length >= MAX_STEPS) {
      const list = await keepListOf(ports, options, observed, hadList);
      return { steps, observed, plan, list, isConverged: isConverged(plan) && isListInOrder(list) };
    }
    const report = await carryOut(step, observed, ports, options);
    // Held up, or overtaken by another rotator: planned again on a fresh observation, if it is still needed.
    const isOvertaken = report.outcome?.result === "too_late" || report.outcome?.result === "superseded";
    if (!isOvertaken) tried.add(stepKey(step));
    if (step.kind === "claim_alias" && step.role === "generation" && report.outcome?.result === "done") {
      options.memory.claimed.set(step.keyArn, step.number);
    }
    rememberWithdrawal(options.memory, observed, report);
    // The store may show an older document for a while. What comes next has to build on this one all the same.
    if (report.outcome?.document !== undefined) rememberDocument(options.memory, report.outcome.document);
    steps.push(report);
  }
}

/** After everything else: a fault of the table or of the list holds up no step of the key set. */
async function keepListOf(
  ports: RingPorts,
  { policy, memory, actor }: ReconcileOptions,
  observed: ObservedRing,
  hadList: boolean,
): Promise<ListReport | undefined> {
  const { revocations } = ports;
  if (revocations === undefined) return undefined;
  const { timing } = deriveState(observed, policy, ports.clock(), undefined);
  const report = await keepList(
    { ...ports, revocations },
    { policy, timing: timing.largest, observed, hadList, memory },
  );
  const entry = report && auditList({ at: ports.clock(), actor }, observed, report);
  if (entry !== undefined) ports.audit(entry);
  return report;
}

const KEY_IS_GONE: readonly FaultCode[] = ["kms_key_disabled", "kms_key_pending_deletion"];

/** A key that this run has replaced because it was withdrawn, or found withdrawn when it was to take over. */
function rememberWithdrawal(memory: RingMemory, { generations, observedAt }: ObservedRing, report: StepReport): void {
  const { step, outcome, fault } = report;
  if (outcome?.result === "too_late") return;
  const remember = (is: (generation: ObservedGeneration) => boolean): void => {
    const generation = generations.find(is);
    const kid = generation?.publicKey?.kid ?? generation?.tags.kid;
    if (kid !== undefined && !memory.withdrawn.has(kid)) memory.withdrawn.set(kid, observedAt);
  };
  if (step.kind === "tag_key" && step.tags.revokedAt !== undefined) remember(({ keyArn }) => keyArn === step.keyArn);
  if (step.kind !== "move_active") return;
  if (step.reason === "revoked") remember(({ number }) => number === step.from);
  if (fault !== undefined && KEY_IS_GONE.includes(fault.code)) remember(({ keyArn }) => keyArn === step.keyArn);
}

async function carryOut(
  step: Step,
  observed: ObservedRing,
  ports: RingPorts,
  { policy, actor }: ReconcileOptions,
): Promise<StepReport> {
  const report = await attempt(step, observed, ports, policy);
  ports.audit(auditStep({ at: ports.clock(), actor }, observed, step, report.outcome, report.fault?.code));
  return report;
}

async function attempt(step: Step, observed: ObservedRing, ports: RingPorts, policy: RingPolicy): Promise<StepReport> {
  try {
    return { step, outcome: await actOn(step, ports, policy, observed), fault: undefined };
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    return { step, outcome: undefined, fault: { code: error.code, message: error.message } };
  }
}
