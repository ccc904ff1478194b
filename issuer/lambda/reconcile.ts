/**
 * AWS Lambda handler that keeps a ring, for a schedule: `{ action?: "reconcile" | "rotate" }` in, or the event of an
 * EventBridge schedule, which means "reconcile". Safe to invoke every minute and to be invoked twice. Configuration by
 * environment: see `readRingConfig`; the policy is the JSON text in `SEALGATE_POLICY`.
 *
 * The stream of the table of revocations can invoke it, too, so that one is published at once. Each reading of the table brings all
 * entries, so that a batch is published as a whole or not at all, and a later batch is published by the retry of an earlier one. A
 * batch is retried until it is as old as the interval of the schedule: from then on the schedule does it, and the shard is free.
 *
 * Each step is a line of JSON on stdout (`{"audit":…}`), and so is each problem (`{"problem":…}`); the last line carries the
 * metrics of the ring for CloudWatch (issuer/metrics). An invocation fails, so that Lambda's metric `Errors` counts it, when KMS or KV could not be read, a step failed, or the ring
 * has a problem that stops its work (`PROBLEM_EFFECTS` in key-ring/model/plan.ts). `errorType` is the code of the fault or
 * problem. What was done until then is kept, and the next invocation goes on.
 */
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import { isJsonObject } from "../../shared/json.ts";
import { explain, SealgateError } from "../errors.ts";
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
import { secondsToNextTry } from "../key-ring/revocations/plan-list.ts";
import { runUntilListed } from "../key-ring/until-listed.ts";
import type { ListingRuns } from "../key-ring/until-listed.ts";
import { addedRevocations } from "../revocations/dynamodb/stream-event.ts";
import type { StreamRecord } from "../revocations/dynamodb/stream-event.ts";
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

/** What the function returns to a stream; see `ReportBatchItemFailures` in docs/revocations.md. */
export interface StreamAnswer {
  /** Empty, or the first record that is not published yet: Lambda comes back with it and all that follow. */
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Of Lambda's context, what counts here. https://docs.aws.amazon.com/lambda/latest/dg/nodejs-context.html */
interface LambdaContext {
  readonly invokedFunctionArn?: string;
  getRemainingTimeInMillis?(): number;
}

/**
 * Runs the rotator once; for the event of a stream, until its list has what the event tells of.
 * @throws Error whose `name` is the code of a SealgateError (`input_invalid`, `config_invalid`, `kms_…`, `publish_…`) or of a
 *   problem of the ring (`root_missing`, say)
 */
export async function handler(event: unknown, context: LambdaContext = {}): Promise<ReconcileAnswer | StreamAnswer> {
  try {
    const { ports, options } = (rotator ??= createRotator(readRingConfig(process.env)));
    const { policy } = options;
    const actor = context.invokedFunctionArn ?? process.env["AWS_LAMBDA_FUNCTION_NAME"] ?? hostname();
    const runOnce = async (run: typeof reconcileRing): Promise<ReconcileReport> => {
      const report = await run(ports, { ...options, actor });
      writeMetrics(report, policy);
      for (const problem of report.plan.problems) writeLine({ problem });
      return report;
    };
    const added = addedRevocations(event, policy.issuer);
    if (added !== undefined) {
      return await answerStream(added, policy, {
        run: async () => {
          if (ports.revocations?.store === undefined) throw new SealgateError("config_invalid", NO_TABLE);
          return runOnce(reconcileRing);
        },
        clock: ports.clock,
        sleep,
        leftMs: () => context.getRemainingTimeInMillis?.() ?? SHORTEST_TIMEOUT_MS,
      });
    }
    return answerFor(await runOnce(parseAction(event) === "rotate" ? rotateRing : reconcileRing));
  } catch (error) {
    throw error instanceof SealgateError ? namedByCode(error) : error;
  }
}

const NO_TABLE = "A stream has sent an event, but SEALGATE_REVOCATION_TABLE is missing: name the stream's table.";

/** Lambda's default. */
const SHORTEST_TIMEOUT_MS = 3000;

/** What is wrong with the key set alone is not the stream's business: the runs by schedule fail of it. */
async function answerStream(
  added: readonly StreamRecord[],
  { reconcileEverySeconds }: RingPolicy,
  runs: ListingRuns,
): Promise<StreamAnswer> {
  const [first] = added;
  if (first === undefined) return DONE;
  const isLeftToSchedule = (): boolean => added.every(({ addedAt }) => addedAt <= runs.clock() - reconcileEverySeconds);
  try {
    const { list } = await runUntilListed(runs);
    if (list?.result === "failed" && list.fault !== undefined)
      throw new SealgateError(list.fault.code, list.fault.message);
    const isPublished = list !== undefined && secondsToNextTry(list, runs.clock()) === undefined;
    return isPublished || isLeftToSchedule() ? DONE : { batchItemFailures: [{ itemIdentifier: first.sequenceNumber }] };
  } catch (error) {
    if (!(error instanceof SealgateError) || !isLeftToSchedule()) throw error;
    writeLine({ problem: { code: error.code, message: explain(error) } });
    return DONE;
  }
}

const DONE: StreamAnswer = { batchItemFailures: [] };

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
