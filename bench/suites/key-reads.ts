/**
 * KV reads, counted: a million requests to one isolate at different rates, on a virtual clock.
 */
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import { atMost } from "../lib/budgets.ts";
import type { BudgetLine } from "../lib/budgets.ts";
import { makeMaterial } from "../lib/material.ts";
import type { ReportTable } from "../lib/report.ts";
import { startWorkers } from "../lib/workerd.ts";

/** A million requests at the lowest rate take 10,000 s; the key set document lives for a day. */
const RATES = [100, 1000, 10_000];
const REQUESTS = 1_000_000;

export async function countKeyReads(): Promise<readonly [ReportTable, readonly BudgetLine[]]> {
  const { settings } = await makeMaterial({ alg: "ES256", tokens: 1 });
  const running = await startWorkers([
    { name: "reads", entry: "bench/contenders/key-reads.ts", vars: { SETTINGS: settings } },
  ]);
  try {
    const rows: string[][] = [];
    const budgets: BudgetLine[] = [];
    for (const rate of RATES) {
      const response = await fetch(`${running.urlOf("reads")}/?requests=${String(REQUESTS)}&rate=${String(rate)}`);
      const body: unknown = await response.json();
      if (typeof body !== "object" || body === null || !("reads" in body) || !("waits" in body))
        throw new Error("no count came back");
      rows.push([`${String(rate)} requests/s`, String(body.reads), String(REQUESTS)]);
      const spans = REQUESTS / rate / DEFAULT_TIMING.memoryTtlSeconds;
      // The first one fills the isolate and belongs to no span.
      budgets.push(
        atMost(`KV reads per isolate and M, ${String(rate)} requests/s`, 1, (Number(body.reads) - 1) / spans),
      );
      budgets.push(atMost(`KV reads waited for when warm, ${String(rate)} requests/s`, 0, Number(body.waits) - 1));
    }
    const table = {
      title: "KV reads for a million requests to one isolate (verifying each on its own: a million)",
      head: ["rate", "sealgate", "KV per request"],
      rows,
      note: "A copy in memory is refreshed in the background at half to three quarters of M, so that no request waits for KV.",
    };
    return [table, budgets];
  } finally {
    await running.close();
  }
}
