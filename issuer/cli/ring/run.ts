/**
 * One run of a rotator for a command, or what it would do, with its exit code and its two forms on stdout: for a person and
 * as one line of JSON.
 */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { observeRing, planRing, reconcileRing } from "../../key-ring/index.ts";
import type { ReconcileReport, RefusalCode, RingRequest, Step, StepReport, Upcoming } from "../../key-ring/index.ts";
import { EXIT, isUnauthorized } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { paint } from "../io.ts";
import type { CliIo } from "../io.ts";
import type { RingContext } from "./context.ts";
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
  const plan = planRing(observed, options.policy, now, request);
  return { steps: [], observed, plan, isConverged: plan.due.length === 0, isDryRun: true, isRequested, now };
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
 * 0 only when the ring is where it was asked to be. A dry run of a request is 0 when the request could be carried out now; a
 * dry run of the upkeep, when there is nothing to do.
 */
export function exitCodeOfRun({ steps, plan, observed, ...run }: RingRun): ExitCode {
  const { refusal, problems, isRequestDone } = plan;
  const isUpheld = run.isConverged && problems.length === 0;
  // A step that failed and was made up for in the same run is no failure of the run.
  if (isUpheld && isRequestDone !== false && refusal === undefined) return EXIT.ok;
  const faults = steps.flatMap(({ fault }) => fault?.code ?? []);
  if (observed.document.kind === "unknown") faults.push(observed.document.fault);
  if (faults.some(isUnauthorized)) return EXIT.unauthorized;
  if (refusal !== undefined) return WRONG_ARGUMENT.has(refusal.code) ? EXIT.usage : EXIT.notConverged;
  return run.isDryRun && run.isRequested ? EXIT.ok : EXIT.notConverged;
}

/** Members of the JSON answer that all runs have. Times are epoch seconds. */
export function runToJson({ steps, plan, observed, isConverged, isDryRun }: RingRun): object {
  return {
    ring: observed.ring,
    dryRun: isDryRun,
    converged: isConverged,
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
  const { steps, plan, now, isDryRun } = run;
  for (const report of steps) io.out(`${describeReport(report)}\n`);
  if (isDryRun) for (const step of plan.due) io.out(`would ${describeStep(step)}\n`);
  if (steps.length === 0 && plan.due.length === 0 && plan.refusal === undefined) io.out("nothing to do\n");
  printUpcoming(io, plan.upcoming, now);
  printConcerns(io, run);
}

function printUpcoming(io: CliIo, upcoming: readonly Upcoming[], now: EpochSeconds): void {
  if (upcoming.length === 0) return;
  io.out("next\n");
  for (const one of upcoming) io.out(`  ${describeUpcoming(one, now)}\n`);
}

function printConcerns(io: CliIo, { plan, now, isConverged, isDryRun, steps }: RingRun): void {
  const { refusal, problems } = plan;
  if (refusal !== undefined) {
    const when = refusal.notBefore === undefined ? "" : ` ${describeNotBefore(refusal.notBefore, now)}`;
    io.err(`${paint(io, "yellow", "not done")} ${refusal.code}: ${refusal.message}${when}\n`);
  }
  for (const { code, message } of problems) io.err(`${paint(io, "red", "problem")} ${code}: ${message}\n`);
  for (const { step, fault } of steps) {
    if (fault !== undefined) {
      io.err(`${paint(io, "red", "failed")} to ${describeStep(step)}: ${fault.code}: ${fault.message}\n`);
    }
  }
  if (!isConverged && !isDryRun && refusal === undefined) {
    io.err(`${paint(io, "yellow", "not finished")}: run it again; what is done is kept\n`);
  }
}

const RESULTS = {
  done: "done",
  taken: "somebody else did",
  superseded: "put off: somebody else has published",
  too_late: "put off: it took too long",
} as const;

function describeReport({ step, outcome }: StepReport): string {
  const result = outcome === undefined ? "failed" : RESULTS[outcome.result];
  const rev = outcome?.rev === undefined ? "" : `, rev ${outcome.rev}`;
  return `${describeStep(step)}: ${result}${rev}`;
}
