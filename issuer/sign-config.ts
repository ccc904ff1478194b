/**
 * Environment variables to the configuration of an issuer that runs by itself. Pure: the variables are passed in, and
 * nothing is read from the process here. AWS's own variables are the SDK's to read.
 */
import { ALGS, findAlgorithm } from "../shared/algorithms.ts";
import type { Alg } from "../shared/algorithms.ts";
import { parseIssuerUrl } from "../shared/identifiers.ts";
import type { IssuerUrl } from "../shared/identifiers.ts";
import { err, ok } from "../shared/result.ts";
import type { Result } from "../shared/result.ts";
import { DEFAULT_TIMING } from "../shared/timing.ts";
import { SealgateError } from "./errors.ts";

export interface SignConfig {
  readonly issuer: IssuerUrl;
  readonly keyId: string;
  readonly alg: Alg;
  readonly maxTokenTtlSeconds: number;
  /** Undefined: the issuer's own default. */
  readonly defaultTtlSeconds: number | undefined;
}

/**
 * Reads `SEALGATE_ISSUER`, `SEALGATE_KEY_ID` (id, ARN, alias name or alias ARN), `SEALGATE_ALG`,
 * `SEALGATE_MAX_TOKEN_TTL_SECONDS` (default 3600) and `SEALGATE_DEFAULT_TTL_SECONDS` (optional). An empty variable counts as
 * missing.
 * @throws SealgateError `config_invalid`, naming every variable that is missing or wrong, and no value
 */
export function readSignConfig(env: Readonly<Record<string, string | undefined>>): SignConfig {
  const read = <Value>(
    name: string,
    parse: (text: string | undefined) => Result<Value, string>,
  ): Result<Value, string> => {
    const parsed = parse(env[name] === "" ? undefined : env[name]);
    return parsed.ok ? parsed : err(`${name} ${parsed.error}`);
  };
  const issuer = read("SEALGATE_ISSUER", (text) => (text === undefined ? err("is missing") : parseIssuerUrl(text)));
  const keyId = read("SEALGATE_KEY_ID", (text) => (text === undefined ? err("is missing") : ok(text)));
  const alg = read("SEALGATE_ALG", parseAlg);
  const maxTtl = read("SEALGATE_MAX_TOKEN_TTL_SECONDS", (text) =>
    text === undefined ? ok(DEFAULT_TIMING.maxTokenTtlSeconds) : parseSeconds(text),
  );
  const defaultTtl = read("SEALGATE_DEFAULT_TTL_SECONDS", (text) => parseDefaultTtl(text, maxTtl));
  if (issuer.ok && keyId.ok && alg.ok && maxTtl.ok && defaultTtl.ok) {
    return {
      issuer: issuer.value,
      keyId: keyId.value,
      alg: alg.value,
      maxTokenTtlSeconds: maxTtl.value,
      defaultTtlSeconds: defaultTtl.value,
    };
  }
  const problems = [issuer, keyId, alg, maxTtl, defaultTtl].flatMap((part) => (part.ok ? [] : [part.error]));
  throw new SealgateError("config_invalid", `The configuration for signing is not usable: ${problems.join("; ")}.`);
}

function parseAlg(text: string | undefined): Result<Alg, string> {
  const algorithm = findAlgorithm(text);
  return algorithm === undefined ? err(`must be one of ${ALGS.join(", ")}`) : ok(algorithm.alg);
}

function parseDefaultTtl(text: string | undefined, maxTtl: Result<number, string>): Result<number | undefined, string> {
  if (text === undefined) return ok(undefined);
  const seconds = parseSeconds(text);
  if (!seconds.ok || !maxTtl.ok || seconds.value <= maxTtl.value) return seconds;
  return err("must be at most SEALGATE_MAX_TOKEN_TTL_SECONDS");
}

/** Decimal digits only: "1e3", "0x10" and " 60" are mistakes somewhere. */
function parseSeconds(text: string): Result<number, string> {
  const seconds = /^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined;
  return seconds === undefined ? err("must be a whole number of seconds above 0") : ok(seconds);
}
