/**
 * The first tokens of an isolate: what a verification costs before the engine has compiled it. Isolates come and go, so
 * this is no corner case. Each round starts a new workerd; there is no warm-up.
 */
import type { Alg } from "../../shared/algorithms.ts";
import { loadTokens, runBatch } from "../lib/batch.ts";
import { atMost } from "../lib/budgets.ts";

import { CONTENDERS, FIRST_SIGHT, FLOOR, workerOf } from "../lib/contenders.ts";
import { cpuClockOf } from "../lib/cpu.ts";
import { makeMaterial } from "../lib/material.ts";
import type { Material } from "../lib/material.ts";
import type { BudgetLine, Effort, ReportTable } from "../lib/report.ts";
import { summarise } from "../lib/stats.ts";
import { formatNumber } from "../lib/table.ts";
import { startWorkers } from "../lib/workerd.ts";

const FIRST_TOKENS = 400;

/** Reading KV is what the naive contender does with its time, and what is remembered is never fresh. */
const LEFT_OUT: ReadonlySet<string> = new Set(["naive", "sealgate-remembered"]);

/** Design section 8: the first tokens over the bare signature check. */
const MOST_OVER_FLOOR: Partial<Record<Alg, number>> = { RS256: 1.7 };

/** By contender: microseconds a token, and over the floor of the same round. */
type Column = ReadonlyMap<string, { readonly us: number; readonly ratio: number }>;

export async function measureFreshIsolates(
  algs: readonly Alg[],
  effort: Effort,
): Promise<readonly [ReportTable, readonly BudgetLine[]]> {
  const columns = new Map<Alg, Column>();
  for (const alg of algs) columns.set(alg, await measure(alg, effort));
  const table = {
    title: `CPU of the first ${String(FIRST_TOKENS)} verifications of an isolate over ${FLOOR}'s (microseconds each)`,
    head: ["contender", ...algs],
    rows: CONTENDERS.filter(({ module }) => !LEFT_OUT.has(module)).map(({ name }) => [
      name,
      ...algs.map((alg) => cellOf(columns.get(alg), name)),
    ]),
  };
  const budgets = [...columns].flatMap(([alg, column]) => {
    const most = MOST_OVER_FLOOR[alg];
    const what = `first ${String(FIRST_TOKENS)} tokens of an isolate, over subtle.verify, ${alg}`;
    return most === undefined ? [] : [atMost(what, most, column.get(FIRST_SIGHT)?.ratio ?? Number.NaN)];
  });
  return [table, budgets];
}

function cellOf(column: Column | undefined, name: string): string {
  const measured = column?.get(name);
  return measured === undefined ? "-" : `${formatNumber(measured.ratio)} (${formatNumber(measured.us)})`;
}

async function measure(alg: Alg, effort: Effort): Promise<Column> {
  const material = await makeMaterial({ alg, tokens: FIRST_TOKENS });
  const rounds: ReadonlyMap<string, number>[] = [];
  for (let round = 0; round < (effort.quick ? 3 : 11); round += 1) rounds.push(await startAndMeasure(alg, material));
  const column = new Map<string, { readonly us: number; readonly ratio: number }>();
  for (const name of rounds[0]?.keys() ?? []) {
    const own = rounds.map((round) => round.get(name) ?? Number.NaN);
    const ratios = rounds.map((round) => (round.get(name) ?? Number.NaN) / (round.get(FLOOR) ?? Number.NaN));
    column.set(name, { us: summarise(own).median, ratio: summarise(ratios).median });
  }
  return column;
}

async function startAndMeasure(alg: Alg, material: Material): Promise<ReadonlyMap<string, number>> {
  const contenders = CONTENDERS.filter(({ module, supports }) => supports(alg) && !LEFT_OUT.has(module));
  const running = await startWorkers(contenders.map((contender) => workerOf(contender, material)));
  try {
    const clock = cpuClockOf(running.pid);
    const used = new Map<string, number>();
    for (const { name, module } of contenders) {
      const url = running.urlOf(module);
      await loadTokens(url, material.tokens);
      const before = clock.read();
      await runBatch(url, FIRST_TOKENS);
      used.set(name, (clock.read() - before) / FIRST_TOKENS);
    }
    return used;
  } finally {
    await running.close();
  }
}
