/**
 * The one way to read environment variables: an empty variable counts as unset, everything that is missing or wrong is
 * reported at once, and no value is repeated. Pure: the variables are passed in, and nothing is read from the process here.
 */
import { parseIssuerUrl, parseRingName } from "../../shared/identifiers.ts";
import type { IssuerUrl, RingName } from "../../shared/identifiers.ts";
import { DEFAULT_RING, RING_NAMES, parseRingNames } from "../../shared/rings.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { SealgateError } from "../errors.ts";
import { parseWholeNumber } from "../../shared/whole-number.ts";

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What messages call a variable: on the command line, for example, "--key (or SEALGATE_KEY_ID)". */
export type NameOf = (variable: string) => string;

export interface EnvironmentReader {
  readonly nameOf: NameOf;
  /** @returns undefined for a variable that is unset or empty */
  text(variable: string): string | undefined;
  /**
   * @param parse is given undefined for a variable that is unset; its error is the predicate of a sentence
   * @returns undefined after noting what is wrong
   */
  read<Value>(variable: string, parse: (text: string | undefined) => Result<Value, string>): Value | undefined;
  /** Notes what is wrong with a variable, as the predicate of a sentence. */
  note(variable: string, problem: string): void;
  readonly hasProblems: boolean;
  /** `config_invalid`, with everything that was noted. */
  failure(): SealgateError;
}

export { DEFAULT_RING } from "../../shared/rings.ts";

export const RING_NAME_RULE = "must be 1 to 63 of a-z, 0-9 and inner hyphens";

export function createEnvironmentReader(env: Environment, nameOf: NameOf = (variable) => variable): EnvironmentReader {
  // A variable that two parts of the configuration need is reported once.
  const problems = new Set<string>();
  const text = (variable: string): string | undefined => valueOf(env, variable);
  const note = (variable: string, problem: string): void => void problems.add(`${nameOf(variable)} ${problem}`);
  return {
    nameOf,
    text,
    read(variable, parse) {
      const parsed = parse(text(variable));
      if (parsed.ok) return parsed.value;
      note(variable, parsed.error);
      return undefined;
    },
    note,
    get hasProblems() {
      return problems.size > 0;
    },
    failure: () => new SealgateError("config_invalid", `The configuration is not usable: ${[...problems].join("; ")}.`),
  };
}

/** @returns undefined for a variable that is unset or empty */
export function valueOf(env: Environment, variable: string): string | undefined {
  const value = env[variable];
  return value === "" ? undefined : value;
}

/** For a variable that has no default. */
export function required<Value>(
  parse: (text: string) => Result<Value, string>,
  missing = "is missing",
): (text: string | undefined) => Result<Value, string> {
  return (text) => (text === undefined ? err(missing) : parse(text));
}

export function readIssuer(reader: EnvironmentReader): IssuerUrl | undefined {
  return reader.read("SEALGATE_ISSUER", required(parseIssuerUrl));
}

export function readRing(reader: EnvironmentReader): RingName | undefined {
  return reader.read("SEALGATE_RING", (text) => {
    const ring = parseRingName(text ?? DEFAULT_RING);
    if (ring !== undefined) return ok(ring);
    return err(text?.includes(",") === true ? `${RING_NAME_RULE}: only signers take several rings` : RING_NAME_RULE);
  });
}

/** `SEALGATE_RING` for a signer: one ring, or several separated by commas, home first. @returns undefined after noting what is wrong */
export function readRings(reader: EnvironmentReader): readonly [RingName, ...RingName[]] | undefined {
  return reader.read("SEALGATE_RING", (text) => {
    const [home, ...others] = parseRingNames(text ?? DEFAULT_RING) ?? [];
    return home === undefined ? err(`must be one or more ${RING_NAMES}, each once`) : ok([home, ...others]);
  });
}

/** A variable of one ring: "SEALGATE_REGION_EU_WEST" for the ring eu-west. */
export function ofRing(variable: string, ring: RingName): string {
  return `${variable}_${ring.toUpperCase().replaceAll("-", "_")}`;
}

/** Digits only, at most nine: "1e3", "0x10" and " 60" are mistakes somewhere, and so are 32 years. */
export function parseSeconds(text: string, least = 1): Result<number, string> {
  const seconds = parseWholeNumber(text, least);
  if (seconds === undefined) return err(`must be a whole number of seconds, at least ${least}`);
  return seconds < 1e9 ? ok(seconds) : err("must be a number of seconds with at most nine digits");
}
