/**
 * Medians and spread. Pure. Means are not used: on a shared machine one interrupted round would decide them.
 */

/** A series boiled down. `mad` is the median absolute deviation from the median. */
export interface Summary {
  readonly median: number;
  readonly mad: number;
  readonly samples: number;
}

/** @throws TypeError for an empty series, which has no median. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle];
  if (upper === undefined) throw new TypeError("the median of nothing");
  const lower = sorted[middle - 1];
  return sorted.length % 2 === 1 || lower === undefined ? upper : (lower + upper) / 2;
}

export function summarise(values: readonly number[]): Summary {
  const middle = median(values);
  return { median: middle, mad: median(values.map((value) => Math.abs(value - middle))), samples: values.length };
}

/** The value below which the given share (0 to 1) of the series lies, by nearest rank. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new TypeError("a percentile of nothing");
  return value;
}
