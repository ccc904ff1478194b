/**
 * `npm run bench`: measures sealgate against its floor and against its peers, on this machine, and prints ratios.
 *
 *   npm run bench                      everything
 *   npm run bench -- --quick           everything that fits into a minute
 *   npm run bench -- --only verify     one suite; may be repeated
 *   npm run bench -- --alg ES256       one algorithm in the verification suite; may be repeated
 *
 * Prints Markdown tables and writes reports/bench.json. All traffic is on loopback.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ALGS } from "../shared/algorithms.ts";
import { budgetTable } from "./lib/budgets.ts";
import { FULL, QUICK } from "./lib/report.ts";
import type { ReportTable, Suite, SuiteReport } from "./lib/report.ts";
import { formatTable } from "./lib/table.ts";
import { gatewaySuite } from "./suites/gateway.ts";
import { growthSuite } from "./suites/growth.ts";
import { hostileSuite } from "./suites/hostile.ts";
import { issuerSuite } from "./suites/issuer.ts";
import { verifySuite } from "./suites/verify.ts";

const SUITES: Readonly<Record<string, Suite>> = {
  verify: verifySuite,
  growth: growthSuite,
  gateway: gatewaySuite,
  hostile: hostileSuite,
  issuer: issuerSuite,
};

const REPORT = fileURLToPath(new URL("../reports/bench.json", import.meta.url));

const USAGE = `npm run bench -- [--quick] [--only <suite>]… [--alg <alg>]…

  --quick   everyday use: fewer rounds, under a minute
  --only    one suite, can be repeated: ${Object.keys(SUITES).join(", ")}
  --alg     one algorithm, can be repeated: ${ALGS.join(", ")}
`;

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true },
      alg: { type: "string", multiple: true, default: [] },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const algs = ALGS.filter((alg) => values.alg.includes(alg));
  if (algs.length < values.alg.length) throw new TypeError(`--alg takes ${ALGS.join(", ")}`);
  const effort = { ...(values.quick ? QUICK : FULL), algs };
  const names = values.only ?? Object.keys(SUITES);
  const unknown = names.find((name) => SUITES[name] === undefined);
  if (unknown !== undefined)
    throw new TypeError(`no suite is called ${unknown}; there are ${Object.keys(SUITES).join(", ")}`);
  const reports: SuiteReport[] = [];
  for (const name of names) {
    const report = await SUITES[name]?.(effort, (step) => process.stderr.write(`${name}: ${step}\n`));
    if (report === undefined) continue;
    reports.push(report);
    process.stdout.write(`${format(report.suite, report.tables)}\n`);
  }
  process.stdout.write(`${format("budgets", [budgetTable(reports.flatMap(({ budgets }) => budgets))])}\n`);
  mkdirSync(fileURLToPath(new URL("../reports", import.meta.url)), { recursive: true });
  writeFileSync(REPORT, `${JSON.stringify({ machine: machine(), quick: values.quick, reports }, null, 2)}\n`);
  process.stdout.write("Numbers: reports/bench.json\n");
}

function format(suite: string, tables: readonly ReportTable[]): string {
  const parts = tables.map(({ title, head, rows, note }) =>
    [`### ${suite}: ${title}`, "", formatTable(head, rows), ...(note === undefined ? [] : ["", note]), ""].join("\n"),
  );
  return parts.join("\n");
}

function machine(): Readonly<Record<string, unknown>> {
  return { cpu: cpus()[0]?.model, cores: availableParallelism(), node: process.version };
}
