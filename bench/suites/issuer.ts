/**
 * Suite `issuer`: CPU time and throughput of signing with KMS, against the SDK's own SignCommand, against the same with the
 * signature verified, and against a key in memory. KMS is the embedded one, in a process of its own: its times are not AWS's,
 * the client's are.
 */
import { ALGS } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import type { SignJob, SignResult } from "../issuers/issuer-process.ts";
import type { KmsReady } from "../issuers/kms-process.ts";
import { WAYS } from "../issuers/ways.ts";
import type { Way } from "../issuers/ways.ts";
import { atMost } from "../lib/budgets.ts";
import { startChild } from "../lib/child.ts";
import type { Effort, ReportTable, Suite } from "../lib/report.ts";
import { interleave } from "../lib/rounds.ts";
import { median, summarise } from "../lib/stats.ts";
import type { Summary } from "../lib/stats.ts";
import { formatNumber } from "../lib/table.ts";
import { measureBursts } from "./issuer-burst.ts";
import type { Kms, KmsConnections, Signer } from "./issuer-burst.ts";
import { lambdaTable } from "./lambda.ts";

/** CPU of `sign` over the SDK's SignCommand with the signature verified: the least that a token costs. */
const BUDGET = 1.1;

/** One algorithm, one way, one concurrency. */
interface Measured {
  readonly alg: Alg;
  readonly way: Way;
  readonly concurrency: number;
  readonly cpuUs: Summary;
  /** CPU over SignCommand's, by round. */
  readonly ratios: readonly number[];
  readonly perSecond: number;
}

export const issuerSuite: Suite = async (effort, progress) => {
  const kms: Kms = startChild("issuers/kms-process.ts", isFromKms);
  const ready = await kms.ready();
  if (!("url" in ready)) throw new Error("the KMS process did not start");
  const credentials = { AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" };
  const signer: Signer = startChild("issuers/issuer-process.ts", isResult, credentials);
  try {
    const algs = algsOf(effort);
    const measured: Measured[] = [];
    for (const alg of algs) {
      for (const concurrency of effort.quick ? [1, 64] : [1, 16, 64, 256]) {
        progress(`${alg}, ${String(concurrency)} at once`);
        measured.push(...(await measure(alg, concurrency, signer, ready, effort)));
      }
    }
    progress("connections");
    const connections = await connectionTable(signer, ready, kms);
    progress("Lambda");
    const lambda = await lambdaTable(ready, effort);
    const burst = await measureBursts(signer, ready, kms, effort, progress);
    const tables = [...cpuTables(measured, algs), connections, burst.table, lambda];
    const budgets = algs.map((alg) =>
      atMost(`issuer, CPU over SignCommand, verified, ${alg}`, BUDGET, median(overVerified(measured, alg))),
    );
    return { suite: "issuer", tables, budgets: [...budgets, ...burst.budgets], data: { measured, tables } };
  } finally {
    signer.close();
    kms.close();
  }
};

function algsOf({ algs, quick }: Effort): readonly Alg[] {
  if (algs.length > 0) return algs;
  return quick ? ["RS256", "ES256"] : ALGS;
}

/** Many short measurements rather than a few long ones: what else the machine does falls on all ways of a round alike. */
async function measure(
  alg: Alg,
  concurrency: number,
  signer: Signer,
  kms: KmsReady,
  effort: Effort,
): Promise<readonly Measured[]> {
  const signatures = Math.max(effort.quick ? 100 : 200, 2 * concurrency);
  const perSecond = new Map<Way, number[]>(WAYS.map((way) => [way, []]));
  const subjects = WAYS.map((way) => ({
    name: way,
    async measure() {
      const { cpuUs, wallMs, failures } = await signer.ask(jobOf(way, alg, signatures, concurrency, kms));
      if (failures > 0) throw new Error(`${way}, ${alg}: ${String(failures)} signatures failed`);
      perSecond.get(way)?.push((signatures * 1000) / wallMs);
      return cpuUs / signatures;
    },
  }));
  const results = await interleave(subjects, "SignCommand", effort.quick ? 5 : effort.rounds);
  const floor = results[0]?.samples ?? [];
  return WAYS.flatMap((way, index) => {
    const result = results[index];
    if (result === undefined) return [];
    const ratios = result.samples.map((value, round) => value / (floor[round] ?? Number.NaN));
    return [{ alg, way, concurrency, cpuUs: result.value, ratios, perSecond: median(perSecond.get(way) ?? []) }];
  });
}

function cpuTables(measured: readonly Measured[], algs: readonly Alg[]): readonly ReportTable[] {
  const rows = (cell: (one: Measured) => string): readonly (readonly string[])[] => {
    const first = measured.filter(({ alg }) => alg === algs[0]);
    return first.map(({ way, concurrency }) => [
      `${way}, ${String(concurrency)} at once`,
      ...algs.map((alg) => {
        const one = measured.find(
          (other) => other.alg === alg && other.way === way && other.concurrency === concurrency,
        );
        return one === undefined ? "" : cell(one);
      }),
    ]);
  };
  const head = ["way", ...algs];
  return [
    { title: "CPU per signature over SignCommand (median ± MAD)", head, rows: rows(({ ratios }) => spread(ratios)) },
    { title: "CPU per signature, microseconds", head, rows: rows(({ cpuUs }) => formatNumber(cpuUs.median)) },
    { title: "signatures per second", head, rows: rows(({ perSecond }) => perSecond.toFixed(0)) },
    overheadTable(measured, algs),
  ];
}

/** All concurrencies together: what cannot be avoided, and what sealgate adds to it. */
function overheadTable(measured: readonly Measured[], algs: readonly Alg[]): ReportTable {
  return {
    title: "CPU per signature over SignCommand, all concurrencies",
    head: ["algorithm", "with the signature verified", "sealgate", "sealgate over verified"],
    rows: algs.map((alg) => {
      const verified = pooled(measured, alg, "SignCommand, verified");
      const sealgate = pooled(measured, alg, "sealgate");
      return [alg, spread(verified), spread(sealgate), spread(overVerified(measured, alg))];
    }),
  };
}

/** Formed within the rounds. */
function overVerified(measured: readonly Measured[], alg: Alg): readonly number[] {
  const verified = pooled(measured, alg, "SignCommand, verified");
  return pooled(measured, alg, "sealgate").map((ratio, index) => ratio / (verified[index] ?? Number.NaN));
}

function pooled(measured: readonly Measured[], alg: Alg, way: Way): readonly number[] {
  return measured.filter((one) => one.alg === alg && one.way === way).flatMap(({ ratios }) => ratios);
}

function spread(values: readonly number[]): string {
  const { median: middle, mad } = summarise(values);
  return `${formatNumber(middle)} ± ${formatNumber(mad)}`;
}

/** Keep-alive is what makes a signature cost one round trip: as many connections as are used at once, and no more. */
async function connectionTable(signer: Signer, ready: KmsReady, kms: Kms): Promise<ReportTable> {
  const rows: string[][] = [];
  for (const [concurrency, maxSockets] of [
    [1, 50],
    [16, 50],
    [256, 50],
    [256, 256],
  ] as const) {
    const before = await connectionsOf(kms);
    const job = jobOf("sealgate", "ES256", 2 * concurrency, concurrency, { ...ready, url: ready.countingUrl });
    const { wallMs } = await signer.ask({ ...job, maxSockets });
    const opened = (await connectionsOf(kms)) - before;
    const perSecond = (2000 * concurrency) / wallMs;
    rows.push([`${String(concurrency)} at once`, String(maxSockets), String(opened), perSecond.toFixed(0)]);
  }
  return {
    title: "connections opened",
    head: ["concurrency", "maxSockets", "connections", "signatures per second"],
    rows,
    note: "50 is the default. What is above it waits in this process.",
  };
}

async function connectionsOf(kms: Kms): Promise<number> {
  const answer = await kms.ask({});
  if (!("connections" in answer)) throw new Error("the KMS process did not answer");
  return answer.connections;
}

function jobOf(way: Way, alg: Alg, signatures: number, concurrency: number, kms: KmsReady): SignJob {
  const { url: endpoint, region, keyIds } = kms;
  return { way, alg, signatures, concurrency, maxSockets: concurrency, endpoint, region, keyId: keyIds[alg] ?? "" };
}

function isResult(message: object): message is SignResult {
  return "cpuUs" in message && "wallMs" in message;
}

function isFromKms(message: object): message is KmsReady | KmsConnections {
  return "keyIds" in message || "connections" in message;
}
