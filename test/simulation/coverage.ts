/** What happened in simulated histories, by name: shown at the end of a run, so that nobody mistakes silence for proof. */

export interface Coverage {
  count(what: string, times?: number): void;
  /** Keeps the value that came closest to its bound, or went furthest past it. Both in seconds. */
  bound(what: string, seconds: number, boundSeconds: number): void;
  add(other: CoverageReport): void;
  report(): CoverageReport;
}

export interface CoverageReport {
  readonly counts: Readonly<Record<string, number>>;
  readonly worsts: Readonly<Record<string, Worst>>;
}

export interface Worst {
  readonly seconds: number;
  readonly boundSeconds: number;
}

const shareOf = ({ seconds, boundSeconds }: Worst): number =>
  boundSeconds === Infinity ? seconds * Number.EPSILON : seconds / boundSeconds;

export function createCoverage(): Coverage {
  const counts = new Map<string, number>();
  const worsts = new Map<string, Worst>();
  const count = (what: string, times = 1): void => void counts.set(what, (counts.get(what) ?? 0) + times);
  const keep = (what: string, worst: Worst): void => {
    const known = worsts.get(what);
    if (known === undefined || shareOf(worst) > shareOf(known)) worsts.set(what, worst);
  };
  return {
    count,
    bound: (what, seconds, boundSeconds) => keep(what, { seconds, boundSeconds }),
    add(other) {
      for (const [what, times] of Object.entries(other.counts)) count(what, times);
      for (const [what, value] of Object.entries(other.worsts)) keep(what, value);
    },
    report: () => ({ counts: Object.fromEntries(counts), worsts: Object.fromEntries(worsts) }),
  };
}
