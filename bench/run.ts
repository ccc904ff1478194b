/**
 * `npm run bench`: measures sealgate against its floor and against its peers, on this machine, and prints ratios.
 *
 *   npm run bench                      everything
 *   npm run bench -- --quick           everything with fewer rounds, in a few minutes
 *   npm run bench -- --only verify     one suite; may be repeated
 *   npm run bench -- --alg ES256       one algorithm in the verification suite; may be repeated
 *   npm run bench -- --markdown        writes the tables to docs/performance-run.md as well
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
import { revocationsSuite } from "./suites/revocations.ts";
import { verifySuite } from "./suites/verify.ts";

const SUITES: Readonly<Record<string, Suite>> = {
  verify: verifySuite,
  growth: growthSuite,
  gateway: gatewaySuite,
  hostile: hostileSuite,
  issuer: issuerSuite,
  revocations: revocationsSuite,
};

const REPORT = fileURLToPath(new URL("../reports/bench.json", import.meta.url));
const PAGE = fileURLToPath(new URL("../docs/performance-run.md", import.meta.url));

const USAGE = `npm run bench -- [--quick] [--only <suite>]… [--alg <alg>]… [--markdown]

  --quick     everyday use: fewer rounds, a few minutes
  --only      one suite, can be repeated: ${Object.keys(SUITES).join(", ")}
  --alg       one algorithm, can be repeated: ${ALGS.join(", ")}
  --markdown  writes the tables to docs/performance-run.md, in place of those of the run before
`;

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", default: false },
      quick: { type: "boolean", default: false },
      only: { type: "string", multiple: true },
      alg: { type: "string", multiple: true, default: [] },
      markdown: { type: "boolean", default: false },
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
  const parts: string[] = [];
  const print = (suite: string, tables: readonly ReportTable[]): void => {
    const part = format(suite, tables);
    parts.push(part);
    process.stdout.write(`${part}\n`);
  };
  for (const name of names) {
    const report = await SUITES[name]?.(effort, (step) => process.stderr.write(`${name}: ${step}\n`));
    if (report === undefined) continue;
    reports.push(report);
    print(report.suite, report.tables);
  }
  print("budgets", [budgetTable(reports.flatMap(({ budgets }) => budgets))]);
  mkdirSync(fileURLToPath(new URL("../reports", import.meta.url)), { recursive: true });
  writeFileSync(REPORT, `${JSON.stringify({ machine: machine(), quick: values.quick, reports }, null, 2)}\n`);
  process.stdout.write("Numbers: reports/bench.json\n");
  if (values.markdown) {
    const suites = reports.map(({ suite }) => suite);
    // The verdicts first: the rest is what they were read from.
    writeFileSync(PAGE, [pageHead(values.quick, suites), ...parts.slice(-1), ...parts.slice(0, -1)].join("\n"));
    process.stdout.write("Page: docs/performance-run.md\n");
  }
}

function pageHead(quick: boolean, suites: readonly string[]): string {
  const { cpu, cores, node } = machine();
  const effort = quick ? "A quick run (`--quick`), whose ratios may be off by 0.2 and more" : "A full run";
  return `# A run of the benchmark

<!-- Written by \`npm run bench -- --markdown\`. Do not edit: run it again. -->

${effort}, of ${new Date().toISOString().slice(0, 10)}; suites: ${suites.join(", ")}. Node ${node}, ${String(cores)} cores, ${cpu}. What the rows mean, and how they are
measured: [performance.md](performance.md).
`;
}

function format(suite: string, tables: readonly ReportTable[]): string {
  const parts = tables.map(({ title, head, rows, note }) =>
    [`### ${suite}: ${title}`, "", formatTable(head, rows), ...(note === undefined ? [] : ["", note]), ""].join("\n"),
  );
  return parts.join("\n");
}

function machine(): { readonly cpu: string; readonly cores: number; readonly node: string } {
  return { cpu: cpus()[0]?.model ?? "an unknown processor", cores: availableParallelism(), node: process.version };
}
