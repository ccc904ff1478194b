/**
 * `npm run simulate`: thousands of histories, what they covered, each stated bound beside the longest time that was seen, and
 * the shortest margins that held.
 *   --schedules N   how many (10000)      --seed S   the name that all seeds are derived from (a new one each time, printed)
 *   --family NAME   one family of trouble only; a name that there is none of is answered with all of them
 *   --replay SEED   one history, told event by event; its seed is printed with every broken promise
 *   --margins       instead: only the shortest margins
 *   --interleavings  instead: every interleaving of two rotators at a creation, a rotation and a revocation
 * Says on stderr how far it is; interrupted, it reports on the histories that have ended. Exit code 1 when a promise was broken.
 */
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { graceSeconds, holdSeconds, plannedLeadSeconds } from "../../issuer/key-ring/policy.ts";
import { installCheapCrypto } from "./cheap-crypto.ts";
import { createCoverage } from "./coverage.ts";
import type { CoverageReport } from "./coverage.ts";
import type { Violation } from "./invariants.ts";
import { withSlowEdges } from "./guard-trials.ts";
import { holdSchedule, plainSchedule, shortestMargin } from "./margins.ts";
import { runInterleavings } from "./run-interleavings.ts";
import { drawSchedule } from "./draw.ts";
import { FAMILIES } from "./families.ts";
import { REGION_FAMILY, drawRegionSchedule } from "./regions-schedule.ts";
import { liveRegions } from "./regions.ts";
import { ANY_LIST_FAMILY, LIST_FAMILIES, drawListSchedule } from "./revocations-schedule.ts";
import { liveRevocations } from "./revocations.ts";
import type { Listener } from "./story.ts";
import { live, policyOf } from "./world.ts";
import type { History } from "./world.ts";

interface Share {
  readonly seed: string;
  readonly family: string | undefined;
  readonly from: number;
  readonly to: number;
}

interface Broken {
  readonly seed: string;
  readonly asked: string | undefined;
  readonly families: readonly string[];
  readonly violation: Violation;
}

interface Outcome {
  readonly schedules: number;
  readonly broken: readonly Broken[];
  readonly coverage: CoverageReport;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** Among mixed histories, every tenth is one of two Regions, and every tenth one of tokens that are taken back. */
const EVERY = 10;

/** How many histories a thread lives: the first hundred take a third longer than the others. */
const BATCH = 250;

/** A history that was drawn. */
interface Drawn {
  readonly schedule: object;
  /** What its family goes by on the command line; undefined for what a seed alone gives again. */
  readonly asked: string | undefined;
  readonly families: readonly string[];
  live(listener?: Listener): Promise<History>;
}

/** @throws TypeError for a family that there is none of */
function draw(seed: string, family: string | undefined): Drawn {
  if (family === REGION_FAMILY) {
    const schedule = drawRegionSchedule(seed);
    return { schedule, asked: family, families: [family], live: (listener) => liveRegions(schedule, {}, listener) };
  }
  if (family !== undefined && (family === ANY_LIST_FAMILY || LIST_FAMILIES.includes(family))) {
    const schedule = drawListSchedule(seed, family === ANY_LIST_FAMILY ? undefined : family);
    const asked = schedule.family;
    return { schedule, asked, families: [asked], live: (listener) => liveRevocations(schedule, {}, listener) };
  }
  if (family !== undefined && !(family in FAMILIES)) {
    const known = [...Object.keys(FAMILIES), REGION_FAMILY, ANY_LIST_FAMILY, ...LIST_FAMILIES];
    throw new TypeError(`no family ${family}: ${known.join(", ")}`);
  }
  const schedule = drawSchedule(seed, family);
  return {
    schedule,
    asked: family,
    families: schedule.families,
    live: (listener) =>
      listener === undefined ? live(schedule, {}) : live(schedule, {}, { stopsEarly: false, listener }),
  };
}

/** Of a mixed run. */
function familyOf(index: number, family: string | undefined): string | undefined {
  if (family !== undefined || index % EVERY > 1) return family;
  return index % EVERY === 0 ? REGION_FAMILY : ANY_LIST_FAMILY;
}

async function liveAll({ seed, family, from, to }: Share): Promise<Outcome> {
  const coverage = createCoverage();
  const broken: Broken[] = [];
  for (let index = from; index < to; index++) {
    const name = `${seed}-${index}`;
    const drawn = draw(name, familyOf(index, family));
    const history = await drawn.live();
    coverage.add(history.coverage);
    const { asked, families } = drawn;
    for (const violation of history.violations) broken.push({ seed: name, asked, families, violation });
  }
  return { schedules: to - from, broken, coverage: coverage.report() };
}

/** Each thread lives one batch and ends with it, so that nothing that a batch has left behind is kept. */
function liveInThread(share: Share): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: share });
    worker.on("message", resolve);
    worker.on("error", reject);
  });
}

async function liveInBatches(
  seed: string,
  family: string | undefined,
  schedules: number,
  onOutcome: (outcome: Outcome) => void,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < schedules) {
      const from = next;
      next = Math.min(schedules, from + BATCH);
      onOutcome(await liveInThread({ seed, family, from, to: next }));
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, work));
}

function printBroken(broken: readonly Broken[]): void {
  for (const { seed, asked, families, violation } of broken) {
    const flag = asked === undefined ? "" : ` --family "${asked}"`;
    say(`BROKEN ${violation.invariant} at ${violation.atSeconds} s: ${violation.detail}`);
    say(`  (${families.join(", ") || "mixed"}) replay with: npm run simulate -- --replay ${seed}${flag}`);
  }
}

function printCoverage({ counts, worsts }: CoverageReport): void {
  for (const what of Object.keys(counts).toSorted()) say(`${String(counts[what]).padStart(10)}  ${what}`);
  say("\n   longest     bound");
  for (const [what, { seconds, boundSeconds }] of Object.entries(worsts).toSorted(([left], [right]) =>
    left.localeCompare(right),
  )) {
    const bound = boundSeconds === Infinity ? "" : `${boundSeconds.toFixed(0)} s`;
    say(`${seconds.toFixed(1).padStart(8)} s ${bound.padStart(8)}  ${what}`);
  }
}

/** So many histories take longer than to look for the shortest margins. */
const MANY = 5000;

/** Histories for each length that is tried. */
const MARGIN_TIMES = 60;

async function printMargins(): Promise<void> {
  const slow = policyOf(withSlowEdges("margin").policy);
  const plain = policyOf(plainSchedule("margin").policy);
  const lead = plannedLeadSeconds(slow.timing, slow);
  const hold = holdSeconds(plain.timing) + graceSeconds(plain.timing, plain);
  const shortestLead = await shortestMargin(lead, (leadSeconds) => ({ leadSeconds }), withSlowEdges, MARGIN_TIMES);
  const shortestHold = await shortestMargin(hold, (holdSeconds) => ({ holdSeconds }), holdSchedule, MARGIN_TIMES);
  say("\nconfigured  broken below");
  for (const [what, margin] of [
    ["lead before activation, after the document has settled", shortestLead],
    ["hold and grace before removal", shortestHold],
  ] as const) {
    const { configuredSeconds, shortestSafeSeconds, counterExample = "" } = margin;
    say(
      `${configuredSeconds.toFixed(0).padStart(8)} s ${shortestSafeSeconds.toFixed(0).padStart(10)} s  ${what} (${counterExample})`,
    );
  }
}

async function simulate(seed: string, family: string | undefined, schedules: number): Promise<void> {
  say(`seed ${seed}`);
  const begun = performance.now();
  const coverage = createCoverage();
  const broken: Broken[] = [];
  let ended = 0;
  const verdict = (): string => (broken.length === 0 ? "no promise broken" : `${broken.length} broken`);
  const conclude = (): void => {
    printCoverage(coverage.report());
    const seconds = ((performance.now() - begun) / 1000).toFixed(0);
    const megabytes = Math.round(process.resourceUsage().maxRSS / 1024);
    say(`\n${ended} histories in ${seconds} s, ${megabytes} MB at most, seed ${seed}: ${verdict()}`);
    if (broken.length > 0) process.exitCode = 1;
  };
  process.once("SIGINT", () => {
    conclude();
    process.exit();
  });
  await liveInBatches(seed, family, schedules, (outcome) => {
    ended += outcome.schedules;
    coverage.add(outcome.coverage);
    broken.push(...outcome.broken);
    printBroken(outcome.broken);
    const megabytes = Math.round(process.memoryUsage().rss / 1_048_576);
    process.stderr.write(`${ended} of ${schedules}: ${verdict()}, ${megabytes} MB\n`);
  });
  conclude();
  if (schedules >= MANY) await printMargins();
}

async function replay(seed: string, family: string | undefined): Promise<void> {
  const drawn = draw(seed, family);
  const { schedule, asked, families } = drawn;
  say(JSON.stringify(schedule, null, 2));
  const { violations, coverage } = await drawn.live(say);
  printCoverage(coverage);
  printBroken(violations.map((violation) => ({ seed, asked, families, violation })));
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
      seed: { type: "string", default: randomBytes(4).toString("hex") },
      family: { type: "string" },
      interleavings: { type: "boolean", default: false },
      replay: { type: "string" },
      margins: { type: "boolean", default: false },
    },
  });
  const { family } = values;
  // An unknown name shows before anything is begun.
  draw("family", family);
  if (values.interleavings) process.exitCode = (await runInterleavings(say)) ? 0 : 1;
  else if (values.replay !== undefined) await replay(values.replay, family);
  else if (values.margins) await printMargins();
  else await simulate(values.seed, family, Number(values.schedules));
} else if (isShare(workerData)) {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, which has no origin
  parentPort?.postMessage(await liveAll(workerData));
}
