/**
 * Suite `issuer`: CPU time and throughput of signing with KMS, against the SDK's own SignCommand and against a key in
 * memory. KMS is the embedded one, in a process of its own: its times are not AWS's, the client's are.
 */
import { atMost } from "../lib/budgets.ts";
import type { BudgetLine } from "../lib/budgets.ts";
import { startChild } from "../lib/child.ts";
import type { Child } from "../lib/child.ts";
import type { Effort, ReportTable, Suite } from "../lib/report.ts";
import { interleave } from "../lib/rounds.ts";
import { median } from "../lib/stats.ts";
import { formatNumber } from "../lib/table.ts";
import type { SignJob, SignResult, Way } from "../issuers/issuer-process.ts";
import type { KmsReady } from "../issuers/kms-process.ts";
import { lambdaTable } from "./lambda.ts";

const WAYS: readonly Way[] = ["SignCommand", "sealgate", "local key"];
const CONCURRENCIES = [1, 16, 64, 256];

type Signer = Child<SignJob, SignResult>;

interface KmsConnections {
  readonly connections: number;
}

export const issuerSuite: Suite = async (effort, progress) => {
  const kms = startChild<object, KmsReady | KmsConnections>("issuers/kms-process.ts", isFromKms);
  const signer: Signer = startChild("issuers/issuer-process.ts", isResult);
  try {
    const ready = await kms.ready();
    if (!("url" in ready)) throw new Error("the KMS process did not start");
    const tables: ReportTable[] = [];
    const budgets: BudgetLine[] = [];
    for (const alg of ["RS256", "ES256"] as const) {
      progress(alg);
      tables.push(await measure(alg, signer, ready, effort, budgets));
    }
    progress("connections");
    tables.push(await connectionTable(signer, ready, kms));
    progress("Lambda");
    tables.push(await lambdaTable(ready, effort));
    return { suite: "issuer", tables, budgets, data: tables };
  } finally {
    signer.close();
    kms.close();
  }
};

async function measure(
  alg: SignJob["alg"],
  signer: Signer,
  kms: KmsReady,
  effort: Effort,
  budgets: BudgetLine[],
): Promise<ReportTable> {
  const signatures = effort.quick ? 150 : 1000;
  const perSecond = new Map<string, number[]>();
  const rows: string[][] = [];
  for (const concurrency of effort.quick ? [1, 64] : CONCURRENCIES) {
    const subjects = WAYS.map((way) => ({
      name: way,
      async measure() {
        const { cpuUs, wallMs } = await signer.ask(jobOf(way, alg, signatures, concurrency, kms, kms.url));
        const key = `${way} ${String(concurrency)}`;
        perSecond.set(key, [...(perSecond.get(key) ?? []), (signatures * 1000) / wallMs]);
        return cpuUs / signatures;
      },
    }));
    for (const { name, value, ratio } of await interleave(subjects, "SignCommand", effort.rounds)) {
      const what = `issuer, over SignCommand, ${alg}, ${String(concurrency)} at once`;
      if (name === "sealgate") budgets.push(atMost(what, 1.1, ratio.median));
      rows.push([
        `${name}, ${String(concurrency)} at once`,
        formatNumber(value.median),
        formatNumber(value.mad),
        formatNumber(ratio.median),
        formatNumber(ratio.mad),
        formatNumber(median(perSecond.get(`${name} ${String(concurrency)}`) ?? [])),
      ]);
    }
  }
  return {
    title: `CPU per signature, ${alg}`,
    head: ["way", "µs", "± MAD", "over SignCommand", "± MAD", "per second"],
    rows,
  };
}

/** Keep-alive is what makes a signature cost one round trip: as many connections as are used at once, and no more. */
async function connectionTable(
  signer: Signer,
  ready: KmsReady,
  kms: Child<object, KmsReady | KmsConnections>,
): Promise<ReportTable> {
  const rows: string[][] = [];
  for (const concurrency of [1, 16]) {
    const before = await connectionsOf(kms);
    await signer.ask(jobOf("sealgate", "ES256", 400, concurrency, ready, ready.countingUrl));
    rows.push([`${String(concurrency)} at once`, "400", String((await connectionsOf(kms)) - before)]);
  }
  return { title: "connections opened", head: ["concurrency", "signatures", "connections"], rows };
}

async function connectionsOf(kms: Child<object, KmsReady | KmsConnections>): Promise<number> {
  const answer = await kms.ask({});
  if (!("connections" in answer)) throw new Error("the KMS process did not answer");
  return answer.connections;
}

function jobOf(
  way: Way,
  alg: SignJob["alg"],
  signatures: number,
  concurrency: number,
  { region, keyIds }: KmsReady,
  endpoint: string,
): SignJob {
  return { way, alg, signatures, concurrency, endpoint, region, keyId: keyIds[alg] ?? "" };
}

function isResult(message: object): message is SignResult {
  return "cpuUs" in message && "wallMs" in message;
}

function isFromKms(message: object): message is KmsReady | KmsConnections {
  return "keyIds" in message || "connections" in message;
}
