/** What happened in simulated histories, by name: shown at the end of a run, so that nobody mistakes silence for proof. */

export interface Coverage {
  count(what: string, times?: number): void;
  /** Keeps the largest value seen. */
  worst(what: string, value: number): void;
  add(other: CoverageReport): void;
  report(): CoverageReport;
}

export interface CoverageReport {
  readonly counts: Readonly<Record<string, number>>;
  readonly worsts: Readonly<Record<string, number>>;
}

export function createCoverage(): Coverage {
  const counts = new Map<string, number>();
  const worsts = new Map<string, number>();
  const count = (what: string, times = 1): void => void counts.set(what, (counts.get(what) ?? 0) + times);
  const worst = (what: string, value: number): void =>
    void worsts.set(what, Math.max(worsts.get(what) ?? -Infinity, value));
  return {
    count,
    worst,
    add(other) {
      for (const [what, times] of Object.entries(other.counts)) count(what, times);
      for (const [what, value] of Object.entries(other.worsts)) worst(what, value);
    },
    report: () => ({ counts: Object.fromEntries(counts), worsts: Object.fromEntries(worsts) }),
  };
}
