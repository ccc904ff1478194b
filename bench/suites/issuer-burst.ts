/**
 * Part of suite `issuer`: 1,500 signatures asked for at once, with the options that each way has by default, while KMS takes
 * as long to answer as one in the same Region does, or one that is busy.
 */
import type { SignJob, SignResult } from "../issuers/issuer-process.ts";
import type { KmsJob, KmsReady } from "../issuers/kms-process.ts";
import type { Way } from "../issuers/ways.ts";
import { atLeast, atMost } from "../lib/budgets.ts";
import type { Child } from "../lib/child.ts";
import type { BudgetLine, Effort, ReportTable } from "../lib/report.ts";
import { interleave, ratioOf } from "../lib/rounds.ts";

export type Signer = Child<SignJob, SignResult>;
export type Kms = Child<KmsJob, KmsReady | KmsConnections>;

export interface KmsConnections {
  readonly connections: number;
}

const AT_ONCE = 1500;
const LATENCIES_MS = [20, 200];
const LEAST_THROUGHPUT = 0.95;

const BURST_WAYS = ["SignCommand", "SignCommand, verified", "sealgate"] as const satisfies readonly Way[];

export async function measureBursts(
  signer: Signer,
  ready: KmsReady,
  kms: Kms,
  effort: Effort,
  progress: (step: string) => void,
): Promise<{ readonly table: ReportTable; readonly budgets: readonly BudgetLine[] }> {
  const rows: string[][] = [];
  const budgets: BudgetLine[] = [];
  for (const latencyMs of LATENCIES_MS) {
    const what = `${AT_ONCE} at once, KMS answering in ${latencyMs} ms`;
    progress(what);
    await kms.ask({ latencyMs });
    const failures = new Map<string, number>();
    const subjects = BURST_WAYS.map((way) => ({
      name: way,
      async measure() {
        const result = await signer.ask(jobOf(way, ready));
        failures.set(way, (failures.get(way) ?? 0) + result.failures);
        return result.wallMs;
      },
    }));
    const results = await interleave(subjects, "SignCommand", effort.quick ? 3 : 7);
    for (const { name, value } of results) {
      const perSecond = (AT_ONCE * 1000) / value.median;
      rows.push([`${name}, ${latencyMs} ms`, perSecond.toFixed(0), String(failures.get(name) ?? 0)]);
    }
    budgets.push(
      atMost(`issuer, ${what}: failures`, 0, failures.get("sealgate") ?? 0),
      atLeast(
        `issuer, ${what}: throughput over SignCommand`,
        LEAST_THROUGHPUT,
        1 / ratioOf(results, "sealgate", "SignCommand").median,
      ),
    );
  }
  await kms.ask({ latencyMs: 0 });
  const table = { title: "1,500 signatures at once, ES256", head: ["way", "signatures per second", "failures"], rows };
  return { table: { ...table, note: "Default options; both open at most 50 connections." }, budgets };
}

function jobOf(way: Way, { url, region, keyIds }: KmsReady): SignJob {
  const burst = { signatures: AT_ONCE, concurrency: AT_ONCE };
  return { way, alg: "ES256", ...burst, endpoint: url, region, keyId: keyIds.ES256 ?? "" };
}
