/**
 * Options as a JavaScript caller passes them. TypeScript refuses a misspelt member; without it, `{ ttl: 3600 }` would be
 * ignored without a word, and the result would have other properties than the caller believes. Pure.
 */

/** The members that a function knows, as `{ name: true }`: the compiler refuses a list that lacks one or has one too many. */
export type KnownOptions<Options> = Readonly<Record<keyof Options & string, true>>;

type KnownNames = Readonly<Record<string, true>>;

/** Names that callers know from elsewhere, and the name of the same thing here. */
export type OptionHints = Readonly<Record<string, string>>;

/**
 * @param options what was passed
 * @param hints names that are often passed instead of a known one
 * @returns what is wrong with the options as a whole, as the predicate of a sentence; undefined when every name is known
 */
export function unknownOptionProblem(options: unknown, known: KnownNames, hints: OptionHints = {}): string | undefined {
  if (typeof options !== "object" || options === null || Array.isArray(options)) return "must be an object";
  const unknown = Object.keys(options).filter((name) => !Object.hasOwn(known, name));
  if (unknown.length === 0) return undefined;
  const parts = unknown.map((name) => describeUnknown(name, known, hints));
  return `must not have members that mean nothing here: ${parts.join(", ")} (allowed: ${Object.keys(known).join(", ")})`;
}

/** @throws TypeError naming the function and the member, for options that hold a name which the function does not know */
export function refuseUnknownOptions(what: string, options: unknown, known: KnownNames, hints?: OptionHints): void {
  const problem = unknownOptionProblem(options, known, hints);
  if (problem !== undefined) throw new TypeError(`${what}: the options ${problem}`);
}

/** Longer names, and names that are no plain words, are not repeated: they may hold anything. */
const PLAIN_NAME = /^[\w-]{1,40}$/;

function describeUnknown(name: string, known: KnownNames, hints: OptionHints): string {
  if (!PLAIN_NAME.test(name)) return "one that is no plain word";
  const meant = Object.hasOwn(hints, name) ? hints[name] : nearest(name, known);
  return meant === undefined ? name : `${name} (use ${meant})`;
}

/** The known name that differs only in case, in `_` and `-`, or in a missing unit: "max_sockets", "ttl" for "ttlSeconds". */
function nearest(name: string, known: KnownNames): string | undefined {
  const plain = plainName(name);
  return Object.keys(known).find((one) => plainName(one) === plain);
}

function plainName(name: string): string {
  return name
    .replaceAll(/[_-]/g, "")
    .toLowerCase()
    .replace(/(?:seconds|secs|ms)$/, "");
}

/** Whether this is an array of at least one member, and each of them fits. */
export function isListOf<One>(list: readonly One[], fits: (one: One) => boolean): boolean {
  return Array.isArray(list) && list.length > 0 && list.every((one) => fits(one));
}
