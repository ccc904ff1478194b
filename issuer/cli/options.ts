/**
 * Options that several commands share: their texts, and how their values are read. An option wins over the environment
 * variable that stands in for it; an empty variable counts as unset.
 */
import type { Command } from "commander";
import { ALGS, findAlgorithm } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { parseAudience, parseIssuerUrl } from "../../shared/identifiers.ts";
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import { UsageError } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";

export interface KeyOptions {
  readonly key?: string;
  readonly alg?: string;
  readonly issuer?: string;
  readonly maxTtl?: string;
  readonly json?: boolean;
}

/** What {@link KeyOptions} say, checked. */
export interface KeySettings {
  readonly keyId: string;
  readonly alg: Alg;
  readonly issuer: string;
  readonly maxTokenTtlSeconds: number;
}

export const JSON_OPTION = ["--json", "print one line of JSON"] as const;

export function withKeyOptions(command: Command): Command {
  return command
    .option("--key <id>", "KMS key: id, ARN, alias name or alias ARN (SEALGATE_KEY_ID)")
    .option("--alg <alg>", `${ALGS.join(", ")} (SEALGATE_ALG)`)
    .option("--issuer <url>", "iss of the token (SEALGATE_ISSUER)")
    .option(
      "--max-ttl <seconds>",
      `longest lifetime of a token, by default ${DEFAULT_TIMING.maxTokenTtlSeconds} (SEALGATE_MAX_TOKEN_TTL_SECONDS)`,
    );
}

/** @throws UsageError naming everything that is missing or wrong */
export function readKeyOptions(io: CliIo, options: KeyOptions): KeySettings {
  const keyId = fromEnv(io, options.key, "SEALGATE_KEY_ID");
  const algText = fromEnv(io, options.alg, "SEALGATE_ALG");
  const issuer = fromEnv(io, options.issuer, "SEALGATE_ISSUER");
  const maxTtl = fromEnv(io, options.maxTtl, "SEALGATE_MAX_TOKEN_TTL_SECONDS");
  const alg = findAlgorithm(algText)?.alg;
  const problems: string[] = [];
  if (keyId === undefined) problems.push("--key (or SEALGATE_KEY_ID) is missing");
  if (algText === undefined) problems.push("--alg (or SEALGATE_ALG) is missing");
  else if (alg === undefined) problems.push(`--alg (or SEALGATE_ALG) must be one of ${ALGS.join(", ")}`);
  if (issuer === undefined) problems.push("--issuer (or SEALGATE_ISSUER) is missing");
  else {
    const url = parseIssuerUrl(issuer);
    if (!url.ok) problems.push(`--issuer (or SEALGATE_ISSUER) ${url.error}`);
  }
  if (keyId === undefined || alg === undefined || issuer === undefined || problems.length > 0) {
    throw new UsageError(problems.join("; "));
  }
  const maxTokenTtlSeconds =
    maxTtl === undefined
      ? DEFAULT_TIMING.maxTokenTtlSeconds
      : parseSeconds("--max-ttl (or SEALGATE_MAX_TOKEN_TTL_SECONDS)", maxTtl, 1);
  return { keyId, alg, issuer, maxTokenTtlSeconds };
}

/** The value of an option, or of the environment variable that stands in for it. */
export function fromEnv(io: CliIo, value: string | undefined, name: string): string | undefined {
  const text = value ?? io.env[name];
  return text === undefined || text === "" ? undefined : text;
}

/** For `--audience`, which may be given more than once. */
export function collectAudiences(value: string, previous: readonly string[] = []): readonly string[] {
  if (parseAudience(value) === undefined) {
    throw new UsageError("--audience must be 1 to 512 visible ASCII characters");
  }
  return [...previous, value];
}

/** @throws UsageError unless the text is a whole number of seconds, at least `least` */
export function parseSeconds(option: string, text: string, least: number): number {
  const seconds = parseWholeNumber(text);
  if (seconds === undefined || seconds < least)
    throw new UsageError(`${option} must be a whole number of seconds, at least ${least}`);
  return seconds;
}

/** Digits only: no sign, exponent or empty text, which Number() would take. */
export function parseWholeNumber(text: string): number | undefined {
  const value = Number(text);
  return /^\d+$/.test(text) && Number.isSafeInteger(value) ? value : undefined;
}
