/**
 * `npm run bench`: measures sealgate against its floor and against its peers, on this machine, and prints ratios.
 *
 *   npm run bench                      everything
 *   npm run bench -- --quick           everything with fewer rounds, in a few minutes
 *   npm run bench -- --only verify     one suite; may be repeated
 *   npm run bench -- --alg ES256       one algorithm in the verification suite; may be repeated
 *   npm run bench -- --markdown        publishes the run: docs/performance-run.md and docs/performance.json
 *
 * Prints Markdown tables and writes reports/bench.json, which has every sample. All traffic is on loopback.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { ALGS } from "../shared/algorithms.ts";
import { FULL, QUICK } from "./lib/report.ts";
import type { Suite, SuiteReport } from "./lib/report.ts";
import { benchRunOf, renderBudgets, renderJson, renderPage, renderTables } from "./lib/run.ts";
import type { Machine } from "./lib/run.ts";
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
const PUBLISHED = fileURLToPath(new URL("../docs/performance.json", import.meta.url));

const USAGE = `npm run bench -- [--quick] [--only <suite>]… [--alg <alg>]… [--markdown]

  --quick     everyday use: fewer rounds, a few minutes
  --only      one suite, can be repeated: ${Object.keys(SUITES).join(", ")}
  --alg       one algorithm, can be repeated: ${ALGS.join(", ")}
  --markdown  publishes the run in place of the one before: its tables in docs/performance-run.md, its numbers
              in docs/performance.json; then \`npm run pictures\` draws the charts anew
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
  for (const name of names) {
    const report = await SUITES[name]?.(effort, (step) => process.stderr.write(`${name}: ${step}\n`));
    if (report === undefined) continue;
    reports.push(report);
    process.stdout.write(`${renderTables(report.suite, report.tables)}\n`);
  }
  const run = benchRunOf(reports, {
    run: values.quick ? "quick" : "full",
    date: new Date().toISOString().slice(0, 10),
    machine: machine(),
  });
  process.stdout.write(`${renderBudgets(run)}\n`);
  mkdirSync(fileURLToPath(new URL("../reports", import.meta.url)), { recursive: true });
  writeFileSync(REPORT, `${JSON.stringify({ ...run, suites: reports }, null, 2)}\n`);
  process.stdout.write("Numbers: reports/bench.json\n");
  if (values.markdown) {
    writeFileSync(PAGE, renderPage(run));
    writeFileSync(PUBLISHED, renderJson(run));
    process.stdout.write("Published: docs/performance-run.md and docs/performance.json\n");
  }
}

function machine(): Machine {
  return { cpu: cpus()[0]?.model ?? "an unknown processor", cores: availableParallelism(), node: process.version };
}
