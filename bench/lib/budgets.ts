/**
 * What the design promises, held against what a run has measured. Pure; the numbers come from the suites.
 */
import type { BudgetLine, ReportTable } from "./report.ts";
import { formatNumber } from "./table.ts";

export function atMost(what: string, limit: number, measured: number, unit: string = ""): BudgetLine {
  return {
    what,
    budget: `≤ ${String(limit)}${unit}`,
    measured: formatNumber(measured) + unit,
    holds: measured <= limit,
  };
}

export function atLeast(what: string, limit: number, measured: number, unit: string = ""): BudgetLine {
  return {
    what,
    budget: `≥ ${String(limit)}${unit}`,
    measured: formatNumber(measured) + unit,
    holds: measured >= limit,
  };
}

export function budgetTable(lines: readonly BudgetLine[]): ReportTable {
  return {
    title: "what is promised, and what this run has measured",
    head: ["what", "budget", "measured", "verdict"],
    rows: lines.map(({ what, budget, measured, holds }) => [what, budget, measured, holds ? "holds" : "does not hold"]),
  };
}
