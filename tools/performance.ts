/** The run of the benchmark that is published, docs/performance.json, and single figures of it. */
import { readFileSync } from "node:fs";
import type { Figure } from "../bench/lib/report.ts";
import type { BenchRun } from "../bench/lib/run.ts";

export const PERFORMANCE: URL = new URL("../docs/performance.json", import.meta.url);

const RENEW = "Run npm run bench -- --markdown with this suite and algorithm.";

export function publishedRun(): BenchRun {
  const run: BenchRun = JSON.parse(readFileSync(PERFORMANCE, "utf8"));
  return run;
}

/** @throws TypeError when the run has not measured it */
export function figuresOf(run: BenchRun, suite: string, alg: string): readonly Figure[] {
  const figures = run.suites.find((one) => one.suite === suite)?.figures?.[alg];
  if (figures === undefined) throw new TypeError(`docs/performance.json has no ${alg} of suite ${suite}. ${RENEW}`);
  return figures;
}

/** @throws TypeError when the run has not measured it */
export function figureOf(run: BenchRun, suite: string, alg: string, name: string): Figure {
  const figure = figuresOf(run, suite, alg).find((one) => one.name === name);
  if (figure === undefined)
    throw new TypeError(`docs/performance.json has no "${name}" for ${alg} in suite ${suite}. ${RENEW}`);
  return figure;
}

/** What was measured for a budget, without its unit. */
export function measuredOf(run: BenchRun, what: string): number {
  const line = run.suites.flatMap(({ budgets }) => budgets).find((one) => one.what === what);
  if (line === undefined) throw new TypeError(`docs/performance.json has no budget "${what}". ${RENEW}`);
  return Number.parseFloat(line.measured);
}
