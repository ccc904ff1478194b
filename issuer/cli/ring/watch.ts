/**
 * `sealgate ring reconcile --watch`: one run after the other until Ctrl-C, which ends it between two runs. Where tokens can be
 * taken back, the table is asked between the runs whether one was, and a run follows at once. Nothing here makes a run wait for
 * longer than the interval, so that no key withdrawal waits for a list.
 */
import { SealgateError } from "../../errors.ts";
import { LIST_INTERVAL_WHEN_LIMITED_SECONDS, secondsToNextTry } from "../../key-ring/revocations/plan-list.ts";
import { EXIT, UsageError } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { paint, printJson } from "../io.ts";
import type { CliIo } from "../io.ts";
import { takeSeconds } from "../options.ts";
import type { RingContext, RingOptions } from "./context.ts";
import { printRun, runRing, runToJson } from "./run.ts";
import type { RingRun } from "./run.ts";

export interface WatchOptions extends RingOptions {
  readonly interval?: string;
}

/** Between two questions to the table: half a million a month, of one read unit each. */
const POLL_SECONDS = 5;

/** A run that fails is reported; the next one is the attempt to heal it. */
export async function watchRing(io: CliIo, context: RingContext, options: WatchOptions): Promise<ExitCode> {
  const { reconcileEverySeconds } = context.policy;
  const seconds =
    options.interval === undefined ? reconcileEverySeconds : takeSeconds("--interval", options.interval, 1);
  if (seconds > reconcileEverySeconds) {
    throw new UsageError(`--interval must be at most reconcileEverySeconds of the policy (${reconcileEverySeconds})`);
  }
  if (options.dryRun === true) throw new UsageError("--watch and --dry-run exclude each other");
  io.err(`keeping ring ${context.policy.ring}, a run every ${seconds} s; Ctrl-C stops it\n`);
  while (!io.interrupted.aborted) {
    // Before the run: what is added while it reads the table is a change since.
    const known = await readChange(context);
    const run = await survive(io, () => runRing(context, {}), { json: options.json });
    if (run !== undefined && options.json === true) printJson(io, runToJson(run));
    else if (run !== undefined && isWorthTelling(run)) printRun(io, run);
    await untilNextRun(io, context, { seconds, known, run });
  }
  return EXIT.ok;
}

function isWorthTelling({ steps, plan, list, isConverged }: RingRun): boolean {
  return steps.length > 0 || plan.problems.length > 0 || list?.result === "published" || !isConverged;
}

interface Pause {
  /** Between two runs. */
  readonly seconds: number;
  /** The last change that the run knew of. */
  readonly known: Change;
  readonly run: RingRun | undefined;
}

async function untilNextRun(io: CliIo, context: RingContext, { seconds, known, run }: Pause): Promise<void> {
  const sleep = (duration: number): Promise<void> => io.sleep(duration * 1000, io.interrupted);
  if (context.changes === undefined) return sleep(seconds);
  const nextTry =
    run === undefined ? LIST_INTERVAL_WHEN_LIMITED_SECONDS : secondsToNextTry(run.list, context.ports.clock());
  if (nextTry !== undefined) return sleep(Math.min(nextTry, seconds));
  for (let left = seconds; left > 0 && !io.interrupted.aborted; left -= POLL_SECONDS) {
    await sleep(Math.min(POLL_SECONDS, left));
    const change = await readChange(context);
    if (change !== "unread" && (known === "unread" || change.value !== known.value)) return;
  }
}

type Change = { readonly value: string | undefined } | "unread";

/** The next run reports the fault, if it lasts. */
async function readChange({ changes, policy }: RingContext): Promise<Change> {
  try {
    return { value: await changes?.lastChange(policy.issuer) };
  } catch (error) {
    if (error instanceof SealgateError) return "unread";
    throw error;
  }
}

interface Survival {
  /** Whether the fault is a line of JSON on stdout, too. */
  readonly json?: boolean | undefined;
  readonly mayPass?: (fault: SealgateError) => boolean;
}

/** @returns undefined after a fault, which is reported. Defects end the program. */
export async function survive<Value>(
  io: CliIo,
  work: () => Promise<Value>,
  { json = false, mayPass = () => true }: Survival,
): Promise<Value | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof SealgateError) || !mayPass(error)) throw error;
    if (json) printJson(io, { error: { code: error.code, message: error.message } });
    io.err(`${paint(io, "red", "failed")} ${error.code}: ${error.message}\n`);
    return undefined;
  }
}
