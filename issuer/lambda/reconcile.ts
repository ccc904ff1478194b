/**
 * AWS Lambda handler that keeps a ring, for a schedule: `{ action?: "reconcile" | "rotate" }` in, or the event of an
 * EventBridge schedule, which means "reconcile". Safe to invoke every minute and to be invoked twice. Configuration by
 * environment: see `readRingConfig`; the policy is the JSON text in `SEALGATE_POLICY`.
 *
 * Each step is a line of JSON on stdout (`{"audit":…}`), and so is each problem (`{"problem":…}`); the last line carries the
 * metrics of the ring for CloudWatch (issuer/metrics). An invocation fails, so that Lambda's metric `Errors` counts it, when KMS or KV could not be read, a step failed, or the ring
 * has a problem that stops its work (`PROBLEM_EFFECTS` in key-ring/model/plan.ts). `errorType` is the code of the fault or
 * problem. What was done until then is kept, and the next invocation goes on.
 */
import { hostname } from "node:os";
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import { isJsonObject } from "../../shared/json.ts";
import { SealgateError } from "../errors.ts";
import { createRingMemory, createRingPorts, failuresOf, reconcileRing } from "../key-ring/index.ts";
import type {
  ReconcileReport,
  Refusal,
  RingPolicy,
  RingPorts,
  RingProblem,
  StepKind,
  Upcoming,
} from "../key-ring/index.ts";
import { namedByCode } from "../lambda-error.ts";
import { createAwsKms } from "../kms/aws-kms.ts";
import { toEmfLine } from "../metrics/emf.ts";
import { measureRing } from "../metrics/ring.ts";
import { createCloudflareKvPublisher } from "../publish/cloudflare-kv.ts";
import { readRingConfig, revocationPorts } from "../config/ring.ts";
import type { RingConfig } from "../config/ring.ts";
import { rotateRing } from "../key-ring/rotate.ts";
import type { RotateRingOptions } from "../key-ring/rotate.ts";

/** What the function returns. Times are epoch seconds. */
export interface ReconcileAnswer {
  /** Nothing is due any more, and nothing is wrong. */
  readonly converged: boolean;
  readonly steps: readonly StepKind[];
  /** Of what the document in KV holds. */
  readonly rev: number | undefined;
  /** Why a rotation has to wait. */
  readonly refusal: Refusal | undefined;
  readonly problems: readonly RingProblem[];
  readonly upcoming: readonly Upcoming[];
}

interface LambdaContext {
  readonly invokedFunctionArn?: string;
}

/**
 * Runs the rotator once.
 * @throws Error whose `name` is the code of a SealgateError (`input_invalid`, `config_invalid`, `kms_…`, `publish_…`) or of a
 *   problem of the ring (`root_missing`, say)
 */
export async function handler(event: unknown, context: LambdaContext = {}): Promise<ReconcileAnswer> {
  try {
    const action = parseAction(event);
    const { ports, options } = (rotator ??= createRotator(readRingConfig(process.env)));
    const { policy } = options;
    const actor = context.invokedFunctionArn ?? process.env["AWS_LAMBDA_FUNCTION_NAME"] ?? hostname();
    const run = action === "rotate" ? rotateRing : reconcileRing;
    const report = await run(ports, { ...options, actor });
    writeMetrics(report, policy);
    return answerFor(report);
  } catch (error) {
    throw error instanceof SealgateError ? namedByCode(error) : error;
  }
}

interface Rotator {
  readonly ports: RingPorts;
  readonly options: Omit<RotateRingOptions, "actor">;
}

/** One for the life of the container: it remembers public keys and the highest rev. */
let rotator: Rotator | undefined;

function createRotator({ policy, publish, kms, revocationTable }: RingConfig): Rotator {
  const publisher = createCloudflareKvPublisher({
    ...publish,
    deadlineMs: policy.publishDeadlineSeconds * 1000,
    maxClockSkewSeconds: policy.timing.clockSkewSeconds,
  });
  const ports = createRingPorts({
    kms: createAwsKms(kms),
    publisher,
    revocations: revocationPorts({ revocationTable }, publisher),
    audit: (entry) => writeLine({ audit: entry }),
  });
  return { ports, options: { policy, memory: createRingMemory() } };
}

/** Also of a run that failed; one that could not even read KMS is counted by Lambda's own metric `Errors`. */
function writeMetrics(report: ReconcileReport, policy: RingPolicy): void {
  const timeMs = Date.now();
  const measurements = measureRing(report, policy, epochSecondsFromMs(timeMs));
  process.stdout.write(`${toEmfLine({ timeMs, dimensions: { ring: policy.ring }, measurements })}\n`);
}

function parseAction(event: unknown): "reconcile" | "rotate" {
  if (!isJsonObject(event)) throw new SealgateError("input_invalid", "The event must be an object.");
  // https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
  if (event["detail-type"] === "Scheduled Event") return "reconcile";
  const { action = "reconcile", ...others } = event;
  if (Object.keys(others).length > 0 || (action !== "reconcile" && action !== "rotate")) {
    throw new SealgateError("input_invalid", 'The event may hold "action" only: "reconcile" or "rotate".');
  }
  return action;
}

function answerFor(report: ReconcileReport): ReconcileAnswer {
  const { steps, observed, plan, isConverged } = report;
  for (const problem of plan.problems) writeLine({ problem });
  const [failure] = failuresOf(report);
  if (failure !== undefined) throw namedByCode(failure);
  const { document } = observed;
  return {
    converged: isConverged,
    steps: steps.map(({ step }) => step.kind),
    rev: document.kind === "read" ? document.document.rev : undefined,
    refusal: plan.refusal,
    problems: plan.problems,
    upcoming: plan.upcoming,
  };
}

function writeLine(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
