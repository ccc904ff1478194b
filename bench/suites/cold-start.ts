/**
 * Cold start: bundle size, and CPU time and wall time from the start of a workerd process to its first answer, against a
 * Hono Worker that only says hello. Most of it is the process itself, which is the same for both.
 */
import { atMost } from "../lib/budgets.ts";
import { bindingsFor } from "../lib/gateways.ts";
import { cpuClockOf } from "../lib/cpu.ts";
import { makeMaterial } from "../lib/material.ts";
import type { BudgetLine, Effort, ReportTable } from "../lib/report.ts";
import { interleave, resultOf } from "../lib/rounds.ts";
import { formatNumber } from "../lib/table.ts";
import { bundleWorker, startWorkers } from "../lib/workerd.ts";
import type { WorkerSpec } from "../lib/workerd.ts";

const HELLO = "Hono, hello";
const ENTRIES = { [HELLO]: "bench/gateways/hello.ts", sealgate: "edge-verifier/worker.ts" };

/** The core's: what each optional feature adds is counted by the build. */
const MOST_GZIP_BYTES = 27_000;
const MOST_OVER_HELLO = 1.12;

export async function measureColdStart(effort: Effort): Promise<readonly [ReportTable, readonly BudgetLine[]]> {
  const material = await makeMaterial({ alg: "ES256", tokens: 1 });
  const origin: WorkerSpec = { name: "origin", entry: "bench/gateways/origin.ts" };
  const wallMs = new Map<string, number[]>();
  const subjects = Object.entries(ENTRIES).map(([name, entry]) => ({
    name,
    async measure() {
      const worker = { name: "gateway", entry, ...bindingsFor(material) };
      const begin = performance.now();
      const running = await startWorkers([worker, origin]);
      try {
        const response = await fetch(`${running.urlOf("gateway")}/public/hello`);
        await response.arrayBuffer();
        if (response.status !== 200) throw new Error(`${name} answers ${String(response.status)}`);
        wallMs.set(name, [...(wallMs.get(name) ?? []), performance.now() - begin]);
        return cpuClockOf(running.pid).read() / 1000;
      } finally {
        await running.close();
      }
    },
  }));
  const results = await interleave(subjects, HELLO, effort.quick ? 3 : 11);
  const rows: string[][] = [];
  let gzipBytes = Number.NaN;
  for (const { name, value, ratio } of results) {
    const bundle = await bundleWorker(ENTRIES[name === "sealgate" ? "sealgate" : HELLO]);
    if (name === "sealgate") gzipBytes = bundle.gzipBytes;
    const times = (wallMs.get(name) ?? []).toSorted((a, b) => a - b);
    rows.push([
      name,
      String(bundle.bytes),
      String(bundle.gzipBytes),
      formatNumber(value.median),
      formatNumber(value.mad),
      formatNumber(ratio.median),
      formatNumber(times[Math.floor(times.length / 2)] ?? Number.NaN),
    ]);
  }
  const table = {
    title: "cold start: workerd from nothing to its first answer",
    head: ["Worker", "bundle, bytes", "gzip", "CPU, ms", "± MAD", "ratio", "wall, ms"],
    rows,
  };
  const budgets = [
    atMost("Worker bundle", MOST_GZIP_BYTES / 1000, gzipBytes / 1000, " kB gzip"),
    atMost(`cold start, CPU over ${HELLO}`, MOST_OVER_HELLO, resultOf(results, "sealgate").ratio.median),
  ];
  return [table, budgets];
}
