/**
 * The first tokens of an isolate: what a verification costs before the engine has compiled it. Isolates come and go, so
 * this is no corner case. Each round starts a new workerd; there is no warm-up.
 */
import type { Alg } from "../../shared/algorithms.ts";
import { loadTokens, runBatch } from "../lib/batch.ts";
import { CONTENDERS, FLOOR, workerOf } from "../lib/contenders.ts";
import { cpuClockOf } from "../lib/cpu.ts";
import { makeMaterial } from "../lib/material.ts";
import type { Material } from "../lib/material.ts";
import type { Effort, ReportTable } from "../lib/report.ts";
import { summarise } from "../lib/stats.ts";
import { formatNumber } from "../lib/table.ts";
import { startWorkers } from "../lib/workerd.ts";

const FIRST_TOKENS = 400;

/** Reading KV is what the naive contender does with its time, and what is remembered is never fresh. */
const LEFT_OUT: ReadonlySet<string> = new Set(["naive", "sealgate-remembered"]);

export async function freshIsolateTable(algs: readonly Alg[], effort: Effort): Promise<ReportTable> {
  const columns: ReadonlyMap<string, string>[] = [];
  for (const alg of algs) columns.push(await measure(alg, effort));
  return {
    title: `CPU of the first ${String(FIRST_TOKENS)} verifications of an isolate over ${FLOOR}'s (microseconds each)`,
    head: ["contender", ...algs],
    rows: CONTENDERS.filter(({ module }) => !LEFT_OUT.has(module)).map(({ name }) => [
      name,
      ...columns.map((column) => column.get(name) ?? "-"),
    ]),
  };
}

async function measure(alg: Alg, effort: Effort): Promise<ReadonlyMap<string, string>> {
  const material = await makeMaterial({ alg, tokens: FIRST_TOKENS });
  const rounds: ReadonlyMap<string, number>[] = [];
  for (let round = 0; round < (effort.quick ? 3 : 11); round += 1) rounds.push(await startAndMeasure(alg, material));
  const cells = new Map<string, string>();
  for (const name of rounds[0]?.keys() ?? []) {
    const own = rounds.map((round) => round.get(name) ?? Number.NaN);
    const ratios = rounds.map((round) => (round.get(name) ?? Number.NaN) / (round.get(FLOOR) ?? Number.NaN));
    cells.set(name, `${formatNumber(summarise(ratios).median)} (${formatNumber(summarise(own).median)})`);
  }
  return cells;
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
