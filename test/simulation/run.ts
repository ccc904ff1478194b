/**
 * `npm run simulate`: thousands of histories, what they covered, the shortest margins that held, and the worst revocation.
 *   --schedules N   how many (10000)      --seed S   the name that all seeds are derived from (a fixed one)
 *   --interleavings  instead: every interleaving of two rotators at a creation, a rotation and a revocation
 *   --replay SEED   one history, told event by event; its seed is printed with every broken promise
 * Says on stderr how far it is; interrupted, it reports on the histories that have ended. Exit code 1 when a promise was broken.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { holdSeconds, leadSeconds } from "../../issuer/key-ring/policy.ts";
import { installCheapCrypto } from "./cheap-crypto.ts";
import { createCoverage } from "./coverage.ts";
import type { CoverageReport } from "./coverage.ts";
import type { Violation } from "./invariants.ts";
import { holdSchedule, leadSchedule, plainSchedule, shortestMargin } from "./margins.ts";
import { runInterleavings } from "./run-interleavings.ts";
import { drawSchedule } from "./schedule.ts";
import { live, policyOf } from "./world.ts";

interface Share {
  readonly seed: string;
  readonly from: number;
  readonly to: number;
}

interface Broken {
  readonly seed: string;
  readonly violation: Violation;
}

interface Outcome {
  readonly schedules: number;
  readonly broken: readonly Broken[];
  readonly coverage: CoverageReport;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** How many histories a thread lives before it tells. */
const BATCH = 50;

async function liveAll({ seed, from, to }: Share): Promise<Outcome> {
  const coverage = createCoverage();
  const broken: Broken[] = [];
  for (let index = from; index < to; index++) {
    const schedule = drawSchedule(`${seed}-${index}`);
    const history = await live(schedule, {});
    coverage.add(history.coverage);
    for (const violation of history.violations) broken.push({ seed: schedule.seed, violation });
  }
  return { schedules: to - from, broken, coverage: coverage.report() };
}

async function liveInBatches({ seed, from, to }: Share, onOutcome: (outcome: Outcome) => void): Promise<void> {
  for (let next = from; next < to; next += BATCH)
    onOutcome(await liveAll({ seed, from: next, to: Math.min(to, next + BATCH) }));
}

function shareOut(seed: string, schedules: number, onOutcome: (outcome: Outcome) => void): readonly Promise<number>[] {
  const workers = Math.max(1, availableParallelism());
  return Array.from({ length: workers }, (_, index) => {
    const [from, to] = [Math.floor((schedules * index) / workers), Math.floor((schedules * (index + 1)) / workers)];
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    const worker = new Worker(new URL(import.meta.url), { workerData: { seed, from, to } satisfies Share });
    worker.on("message", onOutcome);
    worker.on("exit", resolve);
    worker.on("error", reject);
    return promise;
  });
}

function printBroken(broken: readonly Broken[]): void {
  for (const { seed, violation } of broken) {
    say(
      `BROKEN ${violation.invariant} at ${violation.atSeconds} s: ${violation.detail}\n  replay with --replay ${seed}`,
    );
  }
}

function printCoverage({ counts }: CoverageReport): void {
  for (const what of Object.keys(counts).toSorted()) say(`${String(counts[what]).padStart(10)}  ${what}`);
}

/** Histories for each length that is tried. */
const MARGIN_TIMES = 60;

async function printMargins(): Promise<void> {
  const { timing } = policyOf(plainSchedule("policy").policy);
  const lead = await shortestMargin(
    leadSeconds(timing),
    (seconds) => ({ leadSeconds: seconds }),
    leadSchedule,
    MARGIN_TIMES,
  );
  const hold = await shortestMargin(
    holdSeconds(timing),
    (seconds) => ({ holdSeconds: seconds }),
    holdSchedule,
    MARGIN_TIMES,
  );
  say(
    `\nlead before activation: ${lead.configuredSeconds} s configured, broken below ${lead.shortestSafeSeconds} s (${lead.counterExample})`,
  );
  say(
    `hold before removal:    ${hold.configuredSeconds} s configured, broken below ${hold.shortestSafeSeconds} s (${hold.counterExample})`,
  );
}

async function simulate(seed: string, schedules: number): Promise<void> {
  const begun = performance.now();
  const coverage = createCoverage();
  const broken: Broken[] = [];
  let ended = 0;
  const verdict = (): string => (broken.length === 0 ? "no promise broken" : `${broken.length} broken`);
  const conclude = (): void => {
    const report = coverage.report();
    printCoverage(report);
    for (const [what, seconds] of Object.entries(report.worsts)) say(`longest ${what}: ${seconds.toFixed(1)} s`);
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    say(`\n${ended} schedules in ${seconds} s, seed ${seed}: ${verdict()}`);
    printBroken(broken);
    if (broken.length > 0) process.exitCode = 1;
  };
  process.once("SIGINT", () => {
    conclude();
    process.exit();
  });
  const runs = shareOut(seed, schedules, (outcome) => {
    ended += outcome.schedules;
    coverage.add(outcome.coverage);
    broken.push(...outcome.broken);
    process.stderr.write(`${ended} of ${schedules}: ${verdict()}\n`);
  });
  await Promise.all(runs);
  conclude();
  await printMargins();
}

async function replay(seed: string): Promise<void> {
  const schedule = drawSchedule(seed);
  say(JSON.stringify(schedule, null, 2));
  const { violations, coverage } = await live(schedule, {}, { stopsEarly: false, listener: say });
  printCoverage(coverage);
  printBroken(violations.map((violation) => ({ seed, violation })));
  if (violations.length > 0) process.exitCode = 1;
}

function isShare(value: unknown): value is Share {
  return typeof value === "object" && value !== null && "from" in value && "to" in value && "seed" in value;
}

installCheapCrypto();
// Faults are thrown by the thousand, and nobody reads where.
Error.stackTraceLimit = 0;
if (isMainThread) {
  const { values } = parseArgs({
    options: {
      schedules: { type: "string", default: "10000" },
      seed: { type: "string", default: "sealgate" },
      interleavings: { type: "boolean", default: false },
      replay: { type: "string" },
    },
  });
  if (values.interleavings) process.exitCode = (await runInterleavings(say)) ? 0 : 1;
  else if (values.replay !== undefined) await replay(values.replay);
  else await simulate(values.seed, Number(values.schedules));
} else if (isShare(workerData)) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, which has no origin
  await liveInBatches(workerData, (outcome) => parentPort?.postMessage(outcome));
}
