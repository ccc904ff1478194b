/**
 * Suite `verify`: CPU time per verification in workerd, all contenders, all algorithms, as ratios to the bare signature
 * check. HTTP is out of the picture; the gateway suite has it in.
 */
import { ALGS } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { batchSubject } from "../lib/batch.ts";
import { atLeast, atMost } from "../lib/budgets.ts";
import { CONTENDERS, FIRST_SIGHT, FLOOR, prepareContender, REMEMBERED, workerOf } from "../lib/contenders.ts";
import { cpuClockOf } from "../lib/cpu.ts";
import { makeMaterial } from "../lib/material.ts";
import { figuresOf } from "../lib/report.ts";
import type { BudgetLine, Effort, Suite } from "../lib/report.ts";
import { interleave, ratioOf, resultOf } from "../lib/rounds.ts";
import type { RoundResult, Subject } from "../lib/rounds.ts";
import { formatNumber } from "../lib/table.ts";
import { startWorkers } from "../lib/workerd.ts";
import { measureFreshIsolates } from "./fresh-isolate.ts";

const QUICK_ALGS: readonly Alg[] = ["RS256", "ES256"];

/** Those that the budgets name; a fresh isolate costs a start of workerd each time. */
const FRESH_ALGS: readonly Alg[] = ["RS256", "ES256"];

export const verifySuite: Suite = async (effort, progress) => {
  const algs = effort.algs.length > 0 ? effort.algs : effort.quick ? QUICK_ALGS : ALGS;
  const results = new Map<Alg, readonly RoundResult[]>();
  for (const alg of algs) {
    progress(alg);
    results.set(alg, await measure(alg, effort));
  }
  progress("fresh isolates");
  const [fresh, freshBudgets] = await measureFreshIsolates(
    algs.filter((alg) => FRESH_ALGS.includes(alg)),
    effort,
  );
  return {
    suite: "verify",
    figures: Object.fromEntries([...results].map(([alg, measured]) => [alg, figuresOf(measured)])),
    tables: [
      {
        title: `CPU per verification over ${FLOOR} (median ± MAD of the ratios)`,
        head: ["contender", ...algs],
        rows: CONTENDERS.map(({ name }) => [name, ...algs.map((alg) => ratioCell(results.get(alg), name))]),
      },
      {
        title: "CPU per verification, microseconds (median)",
        head: ["contender", ...algs],
        rows: CONTENDERS.map(({ name }) => [name, ...algs.map((alg) => valueCell(results.get(alg), name))]),
      },
      fresh,
    ],
    budgets: [...[...results].flatMap(([alg, measured]) => budgetsOf(alg, measured)), ...freshBudgets],
    data: { warm: Object.fromEntries(results), fresh },
  };
};

/** CPU over the floor; the other algorithms have no budget of their own. */
const MOST_OVER_FLOOR: Partial<Record<Alg, number>> = { RS256: 1.3, ES256: 1.15, ES512: 1.05 };

function budgetsOf(alg: Alg, results: readonly RoundResult[]): readonly BudgetLine[] {
  const over = MOST_OVER_FLOOR[alg];
  const timesAsFast = (peer: string): number => ratioOf(results, peer, FIRST_SIGHT).median;
  return [
    ...(over === undefined
      ? []
      : [atMost(`verify, first sight, over subtle.verify, ${alg}`, over, ratioOf(results, FIRST_SIGHT, FLOOR).median)]),
    atLeast(`verify, first sight, times as fast as jose, ${alg}`, 1, timesAsFast("jose, key set")),
    atLeast(`verify, first sight, times as fast as hono/jwk, ${alg}`, 1, timesAsFast("hono/jwk")),
    atMost(`verify, remembered, ${alg}`, 1, resultOf(results, REMEMBERED).value.median, " µs"),
  ];
}

async function measure(alg: Alg, effort: Effort): Promise<readonly RoundResult[]> {
  const material = await makeMaterial({ alg, tokens: effort.quick ? 256 : 1024 });
  const contenders = CONTENDERS.filter(({ supports }) => supports(alg));
  const running = await startWorkers(contenders.map((contender) => workerOf(contender, material)));
  try {
    const clock = cpuClockOf(running.pid);
    const subjects: Subject[] = [];
    for (const contender of contenders) {
      await prepareContender(running, contender, material);
      const target = {
        name: contender.name,
        url: running.urlOf(contender.module),
        tokens: material.tokens.length,
      };
      subjects.push(await batchSubject(target, clock, effort.batchCpuUs));
    }
    return await interleave(subjects, FLOOR, effort.rounds);
  } finally {
    await running.close();
  }
}

function ratioCell(results: readonly RoundResult[] | undefined, name: string): string {
  const result = results?.find((one) => one.name === name);
  if (result === undefined) return "-";
  return `${formatNumber(result.ratio.median)} ± ${formatNumber(result.ratio.mad)}`;
}

function valueCell(results: readonly RoundResult[] | undefined, name: string): string {
  const result = results?.find((one) => one.name === name);
  return result === undefined ? "-" : formatNumber(result.value.median);
}
