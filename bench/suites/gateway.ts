/**
 * Suite `gateway`: whole requests over HTTP, through Workers that forward to the same origin by a service binding. CPU is
 * that of the workerd process, the origin's and the HTTP server's included; both are the same for all.
 */
import { cpuClockOf } from "../lib/cpu.ts";
import { GATEWAYS, gatewayWorkers, prepareGateways } from "../lib/gateways.ts";
import type { GatewaySpec } from "../lib/gateways.ts";
import { startLoadGenerator } from "../lib/load.ts";
import type { LoadResult } from "../lib/load-process.ts";
import { makeMaterial } from "../lib/material.ts";
import type { Material } from "../lib/material.ts";
import type { Effort, ReportTable, Suite } from "../lib/report.ts";
import { interleave } from "../lib/rounds.ts";
import type { RoundResult } from "../lib/rounds.ts";
import { median } from "../lib/stats.ts";
import { formatNumber } from "../lib/table.ts";
import { startWorkers } from "../lib/workerd.ts";
import type { RunningWorkers } from "../lib/workerd.ts";
import { coldStartTable } from "./cold-start.ts";
import { keyReadTable } from "./key-reads.ts";

/** More than a gateway remembers, so that in turn each is new to it. */
const MANY_TOKENS = 4400;
const FEW_TOKENS = 64;
const CONCURRENCIES = [1, 16, 64];
const CPU_CONCURRENCY = 16;

/** Before the first measurement: the engine has compiled what it will compile, and what is remembered has been seen. */
const WARM_UP_TURNS = 4;

export const gatewaySuite: Suite = async (effort, progress) => {
  const tables: ReportTable[] = [];
  for (const alg of effort.quick ? (["ES256"] as const) : (["RS256", "ES256"] as const)) {
    progress(`tokens for ${alg}`);
    const material = await makeMaterial({ alg, tokens: MANY_TOKENS });
    progress(`requests, ${alg}`);
    tables.push(...(await measure(material, effort)));
  }
  progress("cold start");
  tables.push(await coldStartTable(effort));
  progress("KV reads");
  tables.push(await keyReadTable());
  return { suite: "gateway", tables, data: tables };
};

async function measure(material: Material, effort: Effort): Promise<readonly ReportTable[]> {
  const running = await startWorkers(gatewayWorkers(material));
  const load = startLoadGenerator();
  try {
    await prepareGateways(running, material);
    // Short turns: what changes on the machine changes for all gateways of a round.
    const requests = effort.quick ? 250 : 500;
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
    const title = `${material.settings.alg}, ${String(CPU_CONCURRENCY)} connections`;
    return [cpuTable(title, results), await throughputTable(material.settings.alg, send, requests, effort)];
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
  return interleave(subjects, PASS_THROUGH, effort.rounds * 2);
}

const PASS_THROUGH = "pass-through";

function cpuTable(title: string, results: readonly RoundResult[]): ReportTable {
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
    note: budgets(results),
  };
}

/** The ratios of the budgets, from the medians of the table. */
function budgets(results: readonly RoundResult[]): string {
  const cpu = (name: string): number => results.find((one) => one.name === name)?.value.median ?? Number.NaN;
  const publicRoute = cpu("sealgate, public route");
  const remembered = cpu("sealgate, remembered");
  const added = (cpu("sealgate, first sight") - publicRoute) / (cpu("subtle.verify, then pass") - cpu(PASS_THROUGH));
  return [
    `Remembered over public route: ${formatNumber(remembered / publicRoute)}.`,
    `First sight, added over what subtle.verify adds: ${formatNumber(added)}.`,
    `Remembered over pass-through: ${formatNumber(remembered / cpu(PASS_THROUGH))}; over hono/proxy: ${formatNumber(remembered / cpu("hono/proxy"))}.`,
  ].join(" ");
}

async function throughputTable(alg: string, send: Send, requests: number, effort: Effort): Promise<ReportTable> {
  const concurrencies = effort.quick ? [CPU_CONCURRENCY] : CONCURRENCIES;
  const rows: string[][] = [];
  for (const gateway of GATEWAYS) {
    const row = [gateway.name];
    for (const concurrency of concurrencies) {
      const runs: LoadResult[] = [];
      for (let run = 0; run < (effort.quick ? 1 : 9); run += 1) runs.push(await send(gateway, concurrency));
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
