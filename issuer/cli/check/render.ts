/** The findings of `sealgate check` for a person and as JSON. Pure. */
import { CHECKS } from "./row.ts";
import type { CheckName, CheckRow } from "./row.ts";

const MARKS = { ok: "✓", wrong: "✗", skipped: "–" } as const;

const STYLES = { ok: "green", wrong: "red", skipped: "yellow" } as const;

type Paint = (style: (typeof STYLES)[CheckRow["status"]], text: string) => string;

/** A line for each row, in the order of {@link CHECKS}, and under a mistake what to do. */
export function renderRows(rows: readonly CheckRow[], paint: Paint): string {
  const width = Math.max(...Object.keys(CHECKS).map((name) => name.length));
  const lines = inOrder(rows).flatMap(({ check, status, message, repair }) => {
    const line = `${paint(STYLES[status], MARKS[status])} ${check.padEnd(width)}  ${message}`;
    return repair === undefined ? [line] : [line, `  ${"".padEnd(width)}  → ${repair}`];
  });
  return `${lines.join("\n")}\n${summaryOf(rows)}\n`;
}

function summaryOf(rows: readonly CheckRow[]): string {
  const count = (status: CheckRow["status"]): number => rows.filter((row) => row.status === status).length;
  const skipped = count("skipped") === 0 ? "" : `, ${count("skipped")} skipped`;
  return count("wrong") === 0 ? `nothing is wrong${skipped}` : `${count("wrong")} to repair${skipped}`;
}

export function rowsToJson(rows: readonly CheckRow[], environment: string | undefined): object {
  return { ok: isInOrder(rows), environment, checks: inOrder(rows) };
}

/** Nothing is wrong; a check that was skipped has found nothing. */
export function isInOrder(rows: readonly CheckRow[]): boolean {
  return rows.every(({ status }) => status !== "wrong");
}

function inOrder(rows: readonly CheckRow[]): readonly CheckRow[] {
  const place = (name: CheckName): number => Object.keys(CHECKS).indexOf(name);
  return rows.toSorted((a, b) => place(a.check) - place(b.check));
}
