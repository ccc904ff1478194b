/**
 * KV reads, counted: a million requests to one isolate at different rates, on a virtual clock.
 */
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import { atMost } from "../lib/budgets.ts";
import { makeMaterial } from "../lib/material.ts";
import type { BudgetLine, ReportTable } from "../lib/report.ts";
import { startWorkers } from "../lib/workerd.ts";

/** A million requests at the lowest rate take 10,000 s; the key set document lives for a day. */
const RATES = [100, 1000, 10_000];
const REQUESTS = 1_000_000;

/** Per M. Unknown kids may cause one more per cooldown, which is as long as M by default. */
const MOST_READS = 2;

interface Counted {
  readonly reads: number;
  readonly waits: number;
}

export async function countKeyReads(): Promise<readonly [ReportTable, readonly BudgetLine[]]> {
  const { settings } = await makeMaterial({ alg: "ES256", tokens: 1 });
  const running = await startWorkers([
    { name: "reads", entry: "bench/contenders/key-reads.ts", vars: { SETTINGS: settings } },
  ]);
  try {
    const count = async (rate: number, query = ""): Promise<Counted> => {
      const url = `${running.urlOf("reads")}/?requests=${String(REQUESTS)}&rate=${String(rate)}${query}`;
      return countedIn(await (await fetch(url)).json());
    };
    const rows: string[][] = [];
    const budgets: BudgetLine[] = [];
    for (const rate of RATES) {
      const { reads, waits } = await count(rate);
      const unknown = await count(rate, "&unknown=1");
      rows.push([`${String(rate)} requests/s`, String(reads), String(unknown.reads), String(REQUESTS)]);
      const spans = REQUESTS / rate / DEFAULT_TIMING.memoryTtlSeconds;
      // The first one fills the isolate and belongs to no span.
      const perSpan = (all: number): number => (all - 1) / spans;
      const name = `${String(rate)} requests/s`;
      budgets.push(atMost(`KV reads per isolate and M, ${name}`, MOST_READS, perSpan(reads)));
      budgets.push(
        atMost(`the same, each request with an unknown kid, ${name}`, MOST_READS + 1, perSpan(unknown.reads)),
      );
      budgets.push(atMost(`KV reads waited for when warm, ${name}`, 0, waits - 1));
    }
    const table = {
      title: "KV reads for a million requests to one isolate (verifying each on its own: a million)",
      head: ["rate", "sealgate", "sealgate, unknown kids", "KV per request"],
      rows,
      note: "A copy in memory is refreshed in the background at half to three quarters of M, so that no request waits for KV.",
    };
    return [table, budgets];
  } finally {
    await running.close();
  }
}

function countedIn(body: unknown): Counted {
  if (typeof body !== "object" || body === null || !("reads" in body) || !("waits" in body))
    throw new Error("no count came back");
  return { reads: Number(body.reads), waits: Number(body.waits) };
}
