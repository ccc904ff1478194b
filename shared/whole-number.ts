/** Whole numbers with a lower bound, as options and texts give them. Pure. */

/** True for a number without a fraction that is at least `least` and held exactly. NaN and Infinity are no such number. */
export function isWholeNumber(value: unknown, least: number): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= least;
}

/** Digits only, without sign, exponent or white space; `Number()` would take them all, and the empty text for 0. */
export function parseWholeNumber(text: string, least: number): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && isWholeNumber(value, least) ? value : undefined;
}
