/**
 * One run of the benchmark as it is published: docs/performance.json is this object, docs/performance-run.md is the same as
 * tables, and the charts of the documentation are drawn from it. Pure.
 */
import { budgetTable } from "./budgets.ts";
import type { PublishedSuite, ReportTable, SuiteReport } from "./report.ts";
import { formatTable } from "./table.ts";

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly node: string;
}

export interface BenchRun {
  /** `quick`: few rounds, whose ratios may be off by 0.2 and more. */
  readonly run: "full" | "quick";
  /** Year, month and day. */
  readonly date: string;
  readonly machine: Machine;
  readonly suites: readonly PublishedSuite[];
}

/** @param about when, where and how thoroughly it was measured */
export function benchRunOf(reports: readonly SuiteReport[], about: Omit<BenchRun, "suites">): BenchRun {
  return { ...about, suites: reports.map(({ data: _raw, ...published }) => published) };
}

/** @returns docs/performance.json, with a line for each row, figure and budget */
export function renderJson(run: BenchRun): string {
  const text = JSON.stringify(run, null, 2);
  const rows = text.replaceAll(/\[\n\s+("[^[\]{}]*?)\n\s+\]/g, (_lines, cells: string) => `[${onOneLine(cells)}]`);
  const objects = /\{\n\s+("(?:name|what|cpu)"[^[\]{}]*?)\n\s+\}/g;
  return `${rows.replaceAll(objects, (_lines, members: string) => `{ ${onOneLine(members)} }`)}\n`;
}

function onOneLine(text: string): string {
  return text.replaceAll(/\n\s+/g, " ");
}

/** @returns docs/performance-run.md: the verdicts first, the rest is what they were read from */
export function renderPage(run: BenchRun): string {
  const parts = run.suites.map(({ suite, tables }) => renderTables(suite, tables));
  return [pageHead(run), renderBudgets(run), ...parts].join("\n");
}

export function renderBudgets({ suites }: Pick<BenchRun, "suites">): string {
  return renderTables("budgets", [budgetTable(suites.flatMap(({ budgets }) => budgets))]);
}

export function renderTables(suite: string, tables: readonly ReportTable[]): string {
  const parts = tables.map(({ title, head, rows, note }) =>
    [`### ${suite}: ${title}`, "", formatTable(head, rows), ...(note === undefined ? [] : ["", note]), ""].join("\n"),
  );
  return parts.join("\n");
}

function pageHead({ run, date, machine: { cpu, cores, node }, suites }: BenchRun): string {
  const effort = run === "quick" ? "A quick run (`--quick`), whose ratios may be off by 0.2 and more" : "A full run";
  const names = suites.map(({ suite }) => suite).join(", ");
  return `# A run of the benchmark

<!-- Written by \`npm run bench -- --markdown\`. Do not edit: run it again. -->

${effort}, of ${date}; suites: ${names}. Node ${node}, ${String(cores)} cores, ${cpu}. What the rows mean, and how they are
measured: [performance.md](performance.md).
`;
}
