/**
 * `sealgate ring init | reconcile | rotate | adopt`: one run of a rotator, or one after the other. The next run,
 * here or elsewhere, finishes what was cut off.
 */
import { keptKeysOfYear, rootAnchorsOf } from "../../key-ring/index.ts";
import type { RingPolicy } from "../../key-ring/index.ts";
import { rotateRing } from "../../key-ring/rotate.ts";
import { describeDuration } from "../../words/time.ts";
import { EXIT, UsageError } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { printJson } from "../io.ts";
import type { CliIo } from "../io.ts";
import { createProgress } from "../progress.ts";
import type { Progress } from "../progress.ts";
import { createRingContext } from "./context.ts";
import type { RingContext, RingOptions } from "./context.ts";
import { trustAnchorsLine } from "./anchors.ts";
import { exitCodeOfRun, printRun, runRing, runToJson } from "./run.ts";
import type { RingRun } from "./run.ts";
import { survive, watchRing } from "./watch.ts";
import type { WatchOptions } from "./watch.ts";

export interface InitOptions extends RingOptions {
  readonly adopt?: string;
}

export interface ReconcileCliOptions extends WatchOptions {
  readonly watch?: boolean;
}

export interface RotateOptions extends RingOptions {
  readonly wait?: boolean;
}

export async function initRing(io: CliIo, options: InitOptions): Promise<ExitCode> {
  const context = await createRingContext(io, options);
  const { adopt: candidate, dryRun } = options;
  const run = await runRing(context, { request: { kind: "init" }, candidate, dryRun });
  const anchors = rootAnchorsOf(run.observed);
  const code = exitCodeOfRun(run);
  if (options.json === true) {
    printJson(io, { ...runToJson(run), trustAnchors: anchors.map(({ jwk }) => jwk) });
    return code;
  }
  printRun(io, run);
  if (code !== EXIT.ok) return code;
  if (!run.isDryRun) io.out(`Pin the root key in the Worker, then deploy it:\n${trustAnchorsLine(anchors)}\n`);
  io.out(describeOldKeys(context.policy));
  return code;
}

/** Empty where old keys are deleted, and where a year leaves none. */
function describeOldKeys(policy: RingPolicy): string {
  const { keys, dollarsPerYear } = keptKeysOfYear(policy);
  if (policy.deleteAfterDays !== undefined || keys === 0) return "";
  const every = describeDuration(policy.rotateEverySeconds);
  return (
    `A rotation every ${every} leaves ${keys} disabled ${keys === 1 ? "key" : "keys"} a year, which AWS bills $${dollarsPerYear} ` +
    `in each later year.\nTo have them deleted in KMS, add this line to the policy:\n  "deleteAfterDays": 30\n`
  );
}

export async function adoptKey(io: CliIo, candidate: string, options: RingOptions): Promise<ExitCode> {
  const context = await createRingContext(io, options);
  const run = await runRing(context, { request: { kind: "adopt" }, candidate, dryRun: options.dryRun });
  return finish(io, run, options);
}

export async function reconcile(io: CliIo, options: ReconcileCliOptions): Promise<ExitCode> {
  const context = await createRingContext(io, options);
  if (options.watch === true) return watchRing(io, context, options);
  if (options.interval !== undefined) throw new UsageError("--interval needs --watch");
  return finish(io, await runRing(context, { dryRun: options.dryRun }), options);
}

export async function rotate(io: CliIo, options: RotateOptions): Promise<ExitCode> {
  const { wait, dryRun } = options;
  if (wait === true && dryRun === true) throw new UsageError("--wait and --dry-run exclude each other");
  const context = await createRingContext(io, options);
  const run = wait === true ? await rotateWhenSafe(io, context) : await rotateOnce(context, undefined, dryRun);
  return finish(io, run, options);
}

interface RotationRun extends RingRun {
  readonly from: number | undefined;
}

async function rotateOnce(
  { ports, options }: RingContext,
  from: number | undefined,
  dryRun?: boolean,
): Promise<RotationRun> {
  const report = await rotateRing(ports, { ...options, from, dryRun });
  return { ...report, isDryRun: dryRun === true, isRequested: true, now: ports.clock() };
}

/** Between two looks: another rotator may bring about what is waited for. */
const LONGEST_WAIT_SECONDS = 30;
const SHORTEST_WAIT_SECONDS = 1;

/** Waits until the pending key may sign, and until the rotation is seen to be done. Faults that may pass are waited out. */
async function rotateWhenSafe(io: CliIo, context: RingContext): Promise<RotationRun> {
  let run = await rotateOnce(context, undefined);
  const progress = createProgress(io);
  for (;;) {
    const code = exitCodeOfRun(run);
    if (code === EXIT.ok || code === EXIT.unauthorized || run.plan.refusal?.code === "root_missing") return run;
    await waitFor(progress, context, run);
    const { from } = run;
    progress.end();
    run = (await survive(io, () => rotateOnce(context, from), { mayPass: ({ retryable }) => retryable })) ?? run;
  }
}

async function waitFor(progress: Progress, { ports }: RingContext, { plan: { refusal } }: RotationRun): Promise<void> {
  const now = ports.clock();
  const notBefore = refusal?.notBefore;
  const seconds = (notBefore ?? now) - now;
  await progress.wait({
    why: refusal === undefined ? "until it can be seen to be done" : refusal.message,
    notBefore,
    now,
    seconds: Math.min(Math.max(seconds, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS),
  });
}

function finish(io: CliIo, run: RingRun, { json }: RingOptions): ExitCode {
  if (json === true) printJson(io, runToJson(run));
  else printRun(io, run);
  return exitCodeOfRun(run);
}
