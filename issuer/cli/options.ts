/**
 * Options that several commands share: their texts, and how their values are read. An option wins over the environment
 * variable that stands in for it; an empty variable counts as unset.
 */
import type { Command } from "commander";
import { ALGS } from "../../shared/algorithms.ts";
import { parseAudience } from "../../shared/identifiers.ts";
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import { durationToSeconds } from "./duration.ts";
import { DEFAULT_RING, parseSeconds, valueOf } from "../config/environment.ts";
import type { Environment, NameOf } from "../config/environment.ts";
import { parseAnchors } from "../config/token-verifier.ts";
import type { Anchors } from "../config/token-verifier.ts";
import { SealgateError } from "../errors.ts";
import { UsageError } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";

export interface KeyOptions {
  readonly key?: string;
  readonly alg?: string;
  readonly issuer?: string;
  readonly maxTtl?: string;
  readonly json?: boolean;
}

export const JSON_OPTION = ["--json", "print one line of JSON"] as const;

export function withKeyOptions(command: Command): Command {
  return command
    .option("--key <id>", "KMS key: id, ARN, alias name or alias ARN (SEALGATE_KEY_ID)")
    .option("--alg <alg>", `${ALGS.join(", ")} (SEALGATE_ALG)`)
    .option("--issuer <url>", "iss of the token (SEALGATE_ISSUER)")
    .option(
      "--max-ttl <duration>",
      `longest lifetime of a token, by default ${DEFAULT_TIMING.maxTokenTtlSeconds} (SEALGATE_MAX_TOKEN_TTL_SECONDS)`,
      durationToSeconds,
    );
}

/** The options of `ring` commands that stand in for variables. */
export const RING_OPTIONS = { SEALGATE_RING: "--ring", SEALGATE_POLICY: "--policy" };

/** The options of `token` commands that stand in for variables. */
export const TOKEN_OPTIONS = {
  SEALGATE_KEY_ID: "--key",
  SEALGATE_ALG: "--alg",
  SEALGATE_ISSUER: "--issuer",
  SEALGATE_MAX_TOKEN_TTL_SECONDS: "--max-ttl",
  SEALGATE_RING: "--ring",
  SEALGATE_POLICY: "--policy",
};

/** For messages: "--key (or SEALGATE_KEY_ID)", or the variable alone where no option stands in for it. */
export function namedBy(options: Readonly<Record<string, string>>): NameOf {
  return (variable) => (options[variable] === undefined ? variable : `${options[variable]} (or ${variable})`);
}

/**
 * Reads what the options of a `token` command say, or the variables in their place.
 * @throws UsageError naming everything that is missing or wrong
 */
export function readTokenOptions<Config>(read: (nameOf: NameOf) => Config): Config {
  try {
    return read(namedBy(TOKEN_OPTIONS));
  } catch (error) {
    throw error instanceof SealgateError ? new UsageError(error.message) : error;
  }
}

/** The environment with the options in place of the variables that they stand in for. */
export function withOptions({ env }: CliIo, options: Readonly<Record<string, string | undefined>>): Environment {
  return { ...env, ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) };
}

export function keyVariables({ key, alg, issuer, maxTtl }: KeyOptions): Environment {
  return {
    SEALGATE_KEY_ID: key,
    SEALGATE_ALG: alg,
    SEALGATE_ISSUER: issuer,
    SEALGATE_MAX_TOKEN_TTL_SECONDS: maxTtl,
  };
}

/**
 * `--ring [name]`: a ring that is asked for wins over a key that is only named.
 * @param ring true when the option was given without a name
 */
export function ringVariables({ env }: CliIo, ring: string | true | undefined): Environment {
  if (ring === undefined) return {};
  const name = ring === true ? (valueOf(env, "SEALGATE_RING") ?? DEFAULT_RING) : ring;
  return { SEALGATE_KEY_ID: "", SEALGATE_RING: name };
}

/** The value of an option, or of the environment variable that stands in for it. */
export function fromEnv(io: CliIo, value: string | undefined, name: string): string | undefined {
  return valueOf({ [name]: value ?? io.env[name] }, name);
}

/** For `--audience`, which may be given more than once. */
export function collectAudiences(value: string, previous: readonly string[] = []): readonly string[] {
  if (parseAudience(value) === undefined) {
    throw new UsageError("--audience must be 1 to 512 visible ASCII characters");
  }
  return [...previous, value];
}

/** For an option that may be given more than once. */
export function collectTexts(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, value];
}

/** @throws UsageError unless the text is a whole number of seconds, at least `least` */
export function takeSeconds(option: string, text: string, least: number): number {
  const seconds = parseSeconds(text, least);
  if (!seconds.ok) throw new UsageError(`${option} ${seconds.error}, or a duration such as 90s, 5m, 1h or 7d`);
  return seconds.value;
}

export const ANCHORS_ADVICE = "pass the JSON array that `sealgate ring anchors` prints";

/**
 * The value of `--anchors` or `TRUST_ANCHORS`.
 * @param ring of several rings, those that are meant, separated by commas; undefined for all of them
 * @throws UsageError unless it is a JSON array of objects, or an object of such arrays
 */
export function readAnchors(text: string, ring: string | undefined): Anchors {
  const anchors = parseAnchors(text, ring?.split(","));
  if (anchors !== undefined) return anchors;
  throw new UsageError(
    `--anchors (or TRUST_ANCHORS) must be an array of JWKs, or an object with such an array for the ring: ${ANCHORS_ADVICE}`,
  );
}
