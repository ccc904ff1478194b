/**
 * One run of a rotator for a command, or what it would do, with its exit code and its two forms on stdout: for a person and
 * as one line of JSON.
 */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { deriveState, failuresOf, isConverged, observeRing, planRing, reconcileRing } from "../../key-ring/index.ts";
import { isListInOrder } from "../../key-ring/outcome.ts";
import { observeListStatus, reportOf } from "../../key-ring/revocations/list-status.ts";
import type {
  ReconcileReport,
  RefusalCode,
  RingRequest,
  RunFailure,
  Step,
  StepReport,
  Upcoming,
} from "../../key-ring/index.ts";
import { EXIT, isUnauthorized } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { paint } from "../io.ts";
import type { CliIo } from "../io.ts";
import type { RingContext } from "./context.ts";
import { describeListRun, describePublishing } from "./describe-list.ts";
import { describeNotBefore, describeStep, describeUpcoming } from "./describe.ts";

export interface RingRun extends ReconcileReport {
  readonly isDryRun: boolean;
  /** Whether something was asked for besides the upkeep. */
  readonly isRequested: boolean;
  /** When it ended. */
  readonly now: EpochSeconds;
}

export interface RunOptions {
  readonly request?: RingRequest | undefined;
  /** Key id, ARN or alias of the key to adopt. */
  readonly candidate?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

/** @throws SealgateError with a `kms_…` code when the ring cannot be observed */
export async function runRing({ ports, options }: RingContext, run: RunOptions): Promise<RingRun> {
  const { request, candidate } = run;
  const isRequested = request !== undefined;
  if (run.dryRun !== true) {
    const report = await reconcileRing(ports, { ...options, request, candidate });
    return { ...report, isDryRun: false, isRequested, now: ports.clock() };
  }
  const observed = await observeRing(ports, options.policy, { ...options, candidate });
  const now = ports.clock();
  const { policy } = options;
  // Problems as they are now: a plan that withdraws a key counts it as withdrawn.
  const { problems } = planRing(observed, policy, now);
  const plan = { ...planRing(observed, policy, now, request), problems };
  const { timing } = deriveState(observed, policy, now, undefined);
  const list = reportOf(await observeListStatus(ports, { policy, timing: timing.largest, observed }));
  return {
    steps: [],
    observed,
    plan,
    list,
    isConverged: isConverged(plan) && isListInOrder(list),
    isDryRun: true,
    isRequested,
    now,
  };
}

/** What the arguments say can never be done; everything else may be possible later. */
const WRONG_ARGUMENT: ReadonlySet<RefusalCode> = new Set([
  "kid_unknown",
  "kid_is_root",
  "candidate_not_found",
  "candidate_unfit",
  "candidate_in_use",
]);

/**
 * 0 only when the ring is where it was asked to be; for the upkeep, the list of taken-back tokens included. A dry run of a request is 0 when the request could be carried out now; a
 * dry run of the upkeep, when there is nothing to do.
 */
export function exitCodeOfRun(run: RingRun): ExitCode {
  const { refusal, isRequestDone } = run.plan;
  const isInOrder = run.isRequested ? isConverged(run.plan) : run.isConverged;
  if (isInOrder && isRequestDone !== false && refusal === undefined) return EXIT.ok;
  const failed = exitCodeOfFaults(failuresOfAsked(run));
  if (failed === EXIT.unauthorized) return failed;
  if (refusal !== undefined && WRONG_ARGUMENT.has(refusal.code)) return EXIT.usage;
  if (failed !== undefined) return failed;
  return run.isDryRun && run.isRequested && refusal === undefined ? EXIT.ok : EXIT.notConverged;
}

/** The list is upkeep: a key is rotated or withdrawn all the same while its table is down. What failed of it is told, and is in the JSON. */
function failuresOfAsked(run: RingRun): readonly RunFailure[] {
  return failuresOf(run.isRequested ? { ...run, list: undefined } : run);
}

/** @returns undefined when KMS and KV have answered: a problem of the ring alone is no fault of theirs */
export function exitCodeOfFaults(failures: readonly RunFailure[]): ExitCode | undefined {
  const faults = failures.flatMap((failure) => (failure.kind === "fault" ? failure.code : []));
  if (faults.length === 0) return undefined;
  return faults.some(isUnauthorized) ? EXIT.unauthorized : EXIT.failure;
}

/** The member `failure` of JSON answers: why a run counts as failed, or undefined. */
export function failureToJson([failure]: readonly RunFailure[]): object | undefined {
  return failure && { code: failure.code, message: failure.message };
}

/** Members of the JSON answer that all runs have. Times are epoch seconds. */
export function runToJson(run: RingRun): object {
  const { steps, plan, observed, isDryRun, list } = run;
  return {
    ring: observed.ring,
    dryRun: isDryRun,
    converged: run.isConverged,
    failure: failureToJson(failuresOfAsked(run)),
    done: plan.isRequestDone,
    refusal: plan.refusal,
    steps: steps.map(({ step, outcome, fault }) => ({
      ...stepToJson(step),
      result: outcome?.result ?? "failed",
      rev: outcome?.rev,
      fault: fault?.code,
    })),
    due: plan.due.map(stepToJson),
    upcoming: plan.upcoming,
    problems: plan.problems,
    list: list && { ...list, fault: list.fault?.code },
  };
}

export function stepToJson(step: Step): object {
  return {
    step: step.kind,
    generation: "generation" in step ? step.generation : "number" in step ? step.number : undefined,
    what: describeStep(step),
  };
}

/** What was done and what comes next on stdout; why something was not done, and what is wrong, on stderr. */
export function printRun(io: CliIo, run: RingRun): void {
  const { steps, plan, now, isDryRun, list } = run;
  const listed = isDryRun ? undefined : describeListRun(list, now);
  for (const report of steps) io.out(`${describeReport(report)}\n`);
  if (listed !== undefined) io.out(`${listed}\n`);
  if (isDryRun) for (const step of plan.due) io.out(`would ${describeStep(step)}\n`);
  if (isDryRun && list !== undefined && list.reasons.length > 0) io.out(`would ${describePublishing(list)}\n`);
  const isIdle = steps.length === 0 && listed === undefined;
  if (isIdle && run.isConverged && plan.refusal === undefined) io.out("nothing to do\n");
  printUpcoming(io, plan.upcoming, now);
  printConcerns(io, run);
}

function printUpcoming(io: CliIo, upcoming: readonly Upcoming[], now: EpochSeconds): void {
  if (upcoming.length === 0) return;
  io.out("next\n");
  for (const one of upcoming) io.out(`  ${describeUpcoming(one, now)}\n`);
}

function printConcerns(io: CliIo, run: RingRun): void {
  const { plan, now, isDryRun, steps, list } = run;
  const { refusal, problems, due } = plan;
  if (refusal !== undefined) {
    const when = refusal.notBefore === undefined ? "" : ` ${describeNotBefore(refusal.notBefore, now)}`;
    io.err(`${paint(io, "yellow", "not done")} ${refusal.code}: ${refusal.message}${when}\n`);
  }
  // A dry run of `init` is asked before there is a root key: what it would create is no problem.
  const isCreating = isDryRun && due.length > 0;
  const found = problems.filter(({ code }) => code !== "root_missing" || !isCreating);
  for (const { code, message } of found) io.err(`${paint(io, "red", "problem")} ${code}: ${message}\n`);
  for (const { step, fault } of steps) {
    if (fault !== undefined) {
      io.err(`${paint(io, "red", "failed")} to ${describeStep(step)}: ${fault.code}: ${fault.message}\n`);
    }
  }
  if (list?.fault !== undefined) {
    const what = list.result === "failed" ? "publish" : "count";
    io.err(
      `${paint(io, "red", "failed")} to ${what} the list of taken-back tokens: ${list.fault.code}: ${list.fault.message}\n`,
    );
  }
  const [failure] = failuresOfAsked(run);
  if (failure !== undefined && !isDryRun) io.err(`${paint(io, "red", "this run failed")} (${failure.code})\n`);
  if (due.length > 0 && !isDryRun && refusal === undefined) {
    io.err(`${paint(io, "yellow", "not finished")}: run it again; what is done is kept\n`);
  }
}

const RESULTS = {
  done: "done",
  taken: "another rotator did",
  superseded: "put off: another rotator has published",
  too_late: "put off: it took too long",
} as const;

function describeReport({ step, outcome }: StepReport): string {
  const result = outcome === undefined ? "failed" : RESULTS[outcome.result];
  const rev = outcome?.rev === undefined ? "" : `, rev ${outcome.rev}`;
  return `${describeStep(step)}: ${result}${rev}`;
}
