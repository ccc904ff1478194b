/**
 * KV reads, counted: a million requests to one isolate at different rates, on a virtual clock.
 */
import { makeMaterial } from "../lib/material.ts";
import type { ReportTable } from "../lib/report.ts";
import { startWorkers } from "../lib/workerd.ts";

/** A million requests at the lowest rate take 10,000 s; the key set document lives for a day. */
const RATES = [100, 1000, 10_000];
const REQUESTS = 1_000_000;

export async function keyReadTable(): Promise<ReportTable> {
  const { settings } = await makeMaterial({ alg: "ES256", tokens: 1 });
  const running = await startWorkers([
    { name: "reads", entry: "bench/contenders/key-reads.ts", vars: { SETTINGS: settings } },
  ]);
  try {
    const rows: string[][] = [];
    for (const rate of RATES) {
      const response = await fetch(`${running.urlOf("reads")}/?requests=${String(REQUESTS)}&rate=${String(rate)}`);
      const body: unknown = await response.json();
      if (typeof body !== "object" || body === null || !("reads" in body)) throw new Error("no count came back");
      rows.push([`${String(rate)} requests/s`, String(body.reads), String(REQUESTS)]);
    }
    return {
      title: "KV reads for a million requests to one isolate (verifying each on its own: a million)",
      head: ["rate", "sealgate", "KV per request"],
      rows,
    };
  } finally {
    await running.close();
  }
}
