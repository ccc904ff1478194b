/**
 * Suite `gateway`: whole requests over HTTP, through Workers that forward to the same origin by a service binding. CPU is
 * that of the workerd process, the origin's and the HTTP server's included; both are the same for all.
 */
import type { Alg } from "../../shared/algorithms.ts";
import { atMost } from "../lib/budgets.ts";
import { cpuClockOf } from "../lib/cpu.ts";
import { GATEWAYS, gatewayWorkers, prepareGateways } from "../lib/gateways.ts";
import { BARE_VERIFY, FIRST_SIGHT, LEAST, PASS_THROUGH, PUBLIC, REMEMBERED } from "../lib/gateways.ts";
import type { GatewaySpec } from "../lib/gateways.ts";
import { startLoadGenerator } from "../lib/load.ts";
import type { LoadResult } from "../lib/load-process.ts";
import { makeMaterial } from "../lib/material.ts";
import type { Material } from "../lib/material.ts";
import { figuresOf } from "../lib/report.ts";
import type { BudgetLine, Effort, Figure, ReportTable, Suite } from "../lib/report.ts";
import { differenceOf, interleave, ratioOf } from "../lib/rounds.ts";
import type { RoundResult } from "../lib/rounds.ts";
import { median } from "../lib/stats.ts";
import { formatNumber } from "../lib/table.ts";
import { startWorkers } from "../lib/workerd.ts";
import type { RunningWorkers } from "../lib/workerd.ts";
import { measureColdStart } from "./cold-start.ts";
import { countKeyReads } from "./key-reads.ts";

/** More than the 4096 that a gateway remembers, so that in turn each is new to it. */
const MANY_TOKENS = 4400;
const FEW_TOKENS = 64;
const CONCURRENCIES = [1, 16, 64];
const CPU_CONCURRENCY = 16;

/** Before the first measurement: the engine has compiled what it will compile, and what is remembered has been seen. */
const WARM_UP_TURNS = 4;

export const gatewaySuite: Suite = async (effort, progress) => {
  const tables: ReportTable[] = [];
  const budgets: BudgetLine[] = [];
  const figures: Record<string, readonly Figure[]> = {};
  for (const alg of effort.quick ? (["ES256"] as const) : (["RS256", "ES256"] as const)) {
    progress(`tokens for ${alg}`);
    const material = await makeMaterial({ alg, tokens: MANY_TOKENS });
    progress(`requests, ${alg}`);
    const measured = await measure(material, effort, budgets);
    tables.push(...measured.tables);
    figures[alg] = measured.figures;
  }
  progress("cold start");
  const [starts, startBudgets] = await measureColdStart(effort);
  progress("KV reads");
  const [reads, perSpan] = await countKeyReads();
  return {
    suite: "gateway",
    figures,
    tables: [...tables, starts, reads],
    budgets: [...budgets, ...startBudgets, ...perSpan],
    data: tables,
  };
};

interface Measured {
  readonly tables: readonly ReportTable[];
  readonly figures: readonly Figure[];
}

async function measure(material: Material, effort: Effort, budgets: BudgetLine[]): Promise<Measured> {
  const running = await startWorkers(gatewayWorkers(material));
  const load = startLoadGenerator();
  try {
    await prepareGateways(running, material);
    // Short turns, so that what changes on the machine changes for all gateways of a round; but long enough to hold some
    // garbage collections each: one frees what about 500 requests have left, and would decide a shorter turn by itself.
    const requests = effort.quick ? 400 : 1000;
    const send = (gateway: GatewaySpec, concurrency: number): Promise<LoadResult> =>
      load.ask({
        url: running.urlOf(gateway.worker) + gateway.path,
        requests,
        concurrency,
        tokens: gateway.tokens === "few" ? material.tokens.slice(0, FEW_TOKENS) : material.tokens,
        expectedStatus: 200,
      });
    for (const gateway of GATEWAYS) {
      for (let turn = 0; turn < WARM_UP_TURNS; turn += 1) await send(gateway, CPU_CONCURRENCY);
    }
    const results = await measureCpu(running, send, requests, effort);
    budgets.push(...budgetsOf(material.settings.alg, results));
    const title = `${material.settings.alg}, ${String(CPU_CONCURRENCY)} connections`;
    const throughput = await throughputTable(material.settings.alg, send, requests, effort);
    return { tables: [cpuTable(title, results), throughput], figures: figuresOf(results) };
  } finally {
    load.close();
    await running.close();
  }
}

type Send = (gateway: GatewaySpec, concurrency: number) => Promise<LoadResult>;

async function measureCpu(
  running: RunningWorkers,
  send: Send,
  requests: number,
  effort: Effort,
): Promise<readonly RoundResult[]> {
  const clock = cpuClockOf(running.pid);
  const subjects = GATEWAYS.map((gateway) => ({
    name: gateway.name,
    async measure() {
      const before = clock.read();
      await send(gateway, CPU_CONCURRENCY);
      return (clock.read() - before) / requests;
    },
  }));
  return interleave(subjects, PASS_THROUGH, effort.quick ? 5 : 31);
}

function cpuTable(title: string, results: readonly RoundResult[]): ReportTable {
  const verifying = differenceOf(results, FIRST_SIGHT, REMEMBERED).median;
  const floor = differenceOf(results, BARE_VERIFY, PASS_THROUGH).median;
  return {
    title: `CPU per request, ${title}`,
    head: ["gateway", "µs", "± MAD", `over ${PASS_THROUGH}`, "± MAD"],
    rows: results.map(({ name, value, ratio }) => [
      name,
      formatNumber(value.median),
      formatNumber(value.mad),
      formatNumber(ratio.median),
      formatNumber(ratio.mad),
    ]),
    note: `A new token costs ${formatNumber(verifying)} µs more than a remembered one; subtle.verify costs ${formatNumber(floor)} µs. The rest of what a new token adds to the public route is its identity, which the origin is told, and keeping the answer out of caches.`,
  };
}

/** What a new token may add, over what `subtle.verify` alone adds. */
const MOST_ADDED: Partial<Record<Alg, number>> = { RS256: 1.4, ES256: 1.15 };

/** Medians of what is formed within the rounds; what is added, as the ratio of two median differences. */
function budgetsOf(alg: Alg, results: readonly RoundResult[]): readonly BudgetLine[] {
  const ratio = (name: string, over: string): number => ratioOf(results, name, over).median;
  const added = (name: string, over: string): number => differenceOf(results, name, over).median;
  const mostAdded = MOST_ADDED[alg];
  const addedOverBare = added(FIRST_SIGHT, PUBLIC) / added(BARE_VERIFY, PASS_THROUGH);
  return [
    atMost(`gateway, remembered, over its public route, ${alg}`, 1.15, ratio(REMEMBERED, PUBLIC)),
    atMost(`gateway, remembered, over ${LEAST}, ${alg}`, 1.1, ratio(REMEMBERED, LEAST)),
    ...(mostAdded === undefined
      ? []
      : [atMost(`gateway, first sight, added over what subtle.verify adds, ${alg}`, mostAdded, addedOverBare)]),
  ];
}

async function throughputTable(alg: string, send: Send, requests: number, effort: Effort): Promise<ReportTable> {
  const concurrencies = effort.quick ? [CPU_CONCURRENCY] : CONCURRENCIES;
  const rows: string[][] = [];
  for (const gateway of GATEWAYS) {
    const row = [gateway.name];
    for (const concurrency of concurrencies) {
      const runs: LoadResult[] = [];
      for (let run = 0; run < (effort.quick ? 1 : 5); run += 1) runs.push(await send(gateway, concurrency));
      row.push(
        formatNumber(median(runs.map(({ wallMs }) => (requests * 1000) / wallMs))),
        formatNumber(median(runs.map(({ p50Ms }) => p50Ms))),
        formatNumber(median(runs.map(({ p99Ms }) => p99Ms))),
      );
    }
    rows.push(row);
  }
  return {
    title: `requests per second, p50 and p99 in milliseconds, ${alg}`,
    head: ["gateway", ...concurrencies.flatMap((count) => [`${String(count)}: req/s`, "p50", "p99"])],
    rows,
    note: "The load generator shares the machine with workerd; where it is the slower of the two, it is what is measured.",
  };
}
