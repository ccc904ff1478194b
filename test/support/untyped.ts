/** Calls and values as a program in JavaScript has them, which no compiler checks. */

/** What the compiler would refuse. */
export type Untyped = (...args: readonly unknown[]) => unknown;

export function untyped(check: object): Untyped {
  if (typeof check !== "function") throw new Error("the test expected a function");
  return (...args): unknown => Reflect.apply(check, undefined, [...args]);
}

/** The rules without one member, or with another value for it. */
export function changed(rules: object, member: string, value: unknown): object {
  const entries = Object.entries(rules).filter(([name]) => name !== member);
  return Object.fromEntries(value === undefined ? entries : [...entries, [member, value]]);
}

/** What is no time in epoch seconds. */
export const NO_TIMES = [
  undefined,
  null,
  Number.NaN,
  Infinity,
  "1800000000",
  new Date(1_800_000_000_000),
  1_800_000_000_000_000,
];
