/**
 * What a suite hands to the report: tables for people, numbers for machines.
 */
import type { Alg } from "../../shared/algorithms.ts";

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

export interface SuiteReport {
  readonly suite: string;
  readonly tables: readonly ReportTable[];
  readonly budgets: readonly BudgetLine[];
  /** Goes into the JSON file as it is. */
  readonly data: unknown;
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
