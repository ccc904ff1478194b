/**
 * What a suite hands to the report: tables for people, numbers for machines.
 */
import type { Alg } from "../../shared/algorithms.ts";
import type { RoundResult } from "./rounds.ts";
import type { Summary } from "./stats.ts";
import { formatNumber } from "./table.ts";

export interface ReportTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What one must know to read the table. */
  readonly note?: string;
}

/** A promise, and what became of it in this run. */
export interface BudgetLine {
  readonly what: string;
  readonly budget: string;
  readonly measured: string;
  readonly holds: boolean;
}

/** A row of a table as numbers, for charts: microseconds of CPU, and the same over the reference's of the same round. */
export interface Figure {
  readonly name: string;
  readonly cpuUs: number;
  readonly cpuUsMad: number;
  readonly ratio: number;
  readonly ratioMad: number;
}

/** What of a suite is published, in docs/performance-run.md and docs/performance.json. */
export interface PublishedSuite {
  readonly suite: string;
  /** By algorithm; suites of which no chart is drawn have none. */
  readonly figures?: Readonly<Record<string, readonly Figure[]>>;
  readonly tables: readonly ReportTable[];
  readonly budgets: readonly BudgetLine[];
}

export interface SuiteReport extends PublishedSuite {
  /** Goes into reports/bench.json as it is. */
  readonly data: unknown;
}

/** @returns the results without their samples, as precise as the tables show them */
export function figuresOf(results: readonly RoundResult[]): readonly Figure[] {
  return results.map(({ name, value, ratio }) => {
    const [cpuUs, cpuUsMad] = shown(value);
    const [over, overMad] = shown(ratio);
    return { name, cpuUs, cpuUsMad, ratio: over, ratioMad: overMad };
  });
}

function shown({ median, mad }: Summary): readonly [median: number, mad: number] {
  return [Number(formatNumber(median)), Number(formatNumber(mad))];
}

/** How long a run may take, and what it looks at. */
export interface Effort {
  readonly quick: boolean;
  /** The algorithms of the verification suite; the suite decides when there is none. */
  readonly algs: readonly Alg[];
  readonly rounds: number;
  /** CPU time of one measurement, in microseconds. */
  readonly batchCpuUs: number;
}

export const FULL: Effort = { quick: false, algs: [], rounds: 11, batchCpuUs: 150_000 };
export const QUICK: Effort = { quick: true, algs: [], rounds: 3, batchCpuUs: 20_000 };

/** A suite gets the effort and a place to say what it is doing. */
export type Suite = (effort: Effort, progress: (step: string) => void) => Promise<SuiteReport>;
