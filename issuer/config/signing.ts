/**
 * Environment variables to the configuration of an issuer that runs by itself, with one key or with a ring. Pure: the
 * variables are passed in, and nothing is read from the process here. AWS's own variables are the SDK's to read.
 */
import { ALGS, findAlgorithm } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { parseIssuerUrl } from "../../shared/identifiers.ts";
import type { IssuerUrl } from "../../shared/identifiers.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import { SealgateError } from "../errors.ts";
import type { RingPolicy } from "../key-ring/policy.ts";
import { ringAliasProblem } from "../kms/ring-alias.ts";
import { readRingPolicy } from "./ring-policy.ts";

/** What signs: one key, whatever happens, or the active key of a ring. */
export type SigningKey =
  | { readonly kind: "key"; readonly keyId: string; readonly alg: Alg }
  | { readonly kind: "ring"; readonly policy: RingPolicy };

export interface SignConfig {
  readonly issuer: IssuerUrl;
  readonly signWith: SigningKey;
  readonly maxTokenTtlSeconds: number;
  /** Undefined: the issuer's own default. */
  readonly defaultTtlSeconds: number | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads `SEALGATE_ISSUER`, `SEALGATE_DEFAULT_TTL_SECONDS` (optional), and what signs: `SEALGATE_KEY_ID` (id, ARN, alias name or
 * alias ARN) with `SEALGATE_ALG` and `SEALGATE_MAX_TOKEN_TTL_SECONDS` (default 3600), or, without a key id, `SEALGATE_RING` with
 * `SEALGATE_POLICY` (see `readRingPolicy`), whose longest token lifetime then holds; `SEALGATE_MAX_TOKEN_TTL_SECONDS` may only
 * lower it. An empty variable counts as missing.
 * @throws SealgateError `config_invalid`, naming every variable that is missing or wrong, and no value
 */
export function readSignConfig(env: Environment): SignConfig {
  return isSet(env, "SEALGATE_KEY_ID") || !isSet(env, "SEALGATE_RING") ? readKeyConfig(env) : readRingConfig(env);
}

function isSet(env: Environment, name: string): boolean {
  return (env[name] ?? "") !== "";
}

function readKeyConfig(env: Environment): SignConfig {
  const issuer = read(env, "SEALGATE_ISSUER", (text) =>
    text === undefined ? err("is missing") : parseIssuerUrl(text),
  );
  const keyId = read(env, "SEALGATE_KEY_ID", (text) =>
    text === undefined ? err("is missing (or SEALGATE_RING, to sign with a ring)") : parseKeyId(text),
  );
  const alg = read(env, "SEALGATE_ALG", parseAlg);
  const maxTtl = read(env, "SEALGATE_MAX_TOKEN_TTL_SECONDS", (text) =>
    text === undefined ? ok(DEFAULT_TIMING.maxTokenTtlSeconds) : parseSeconds(text),
  );
  const defaultTtl = read(env, "SEALGATE_DEFAULT_TTL_SECONDS", (text) => parseDefaultTtl(text, maxTtl));
  if (issuer.ok && keyId.ok && alg.ok && maxTtl.ok && defaultTtl.ok) {
    return {
      issuer: issuer.value,
      signWith: { kind: "key", keyId: keyId.value, alg: alg.value },
      maxTokenTtlSeconds: maxTtl.value,
      defaultTtlSeconds: defaultTtl.value,
    };
  }
  throw invalid(issuer, keyId, alg, maxTtl, defaultTtl);
}

function readRingConfig(env: Environment): SignConfig {
  const policy = readRingPolicy(env);
  const { maxTokenTtlSeconds } = policy.timing;
  const maxTtl = read(env, "SEALGATE_MAX_TOKEN_TTL_SECONDS", (text) => {
    const seconds = text === undefined ? ok(maxTokenTtlSeconds) : parseSeconds(text);
    // Keys are kept for as long as the policy says that tokens live.
    return seconds.ok && seconds.value > maxTokenTtlSeconds
      ? err(`must be at most timing.maxTokenTtlSeconds of the ring's policy (${maxTokenTtlSeconds})`)
      : seconds;
  });
  const defaultTtl = read(env, "SEALGATE_DEFAULT_TTL_SECONDS", (text) => parseDefaultTtl(text, maxTtl));
  if (!maxTtl.ok || !defaultTtl.ok) throw invalid(maxTtl, defaultTtl);
  return {
    issuer: policy.issuer,
    signWith: { kind: "ring", policy },
    maxTokenTtlSeconds: maxTtl.value,
    defaultTtlSeconds: defaultTtl.value,
  };
}

function read<Value>(
  env: Environment,
  name: string,
  parse: (text: string | undefined) => Result<Value, string>,
): Result<Value, string> {
  const parsed = parse(env[name] === "" ? undefined : env[name]);
  return parsed.ok ? parsed : err(`${name} ${parsed.error}`);
}

function invalid(...parts: readonly Result<unknown, string>[]): SealgateError {
  const problems = parts.flatMap((part) => (part.ok ? [] : [part.error]));
  return new SealgateError("config_invalid", `The configuration for signing is not usable: ${problems.join("; ")}.`);
}

function parseKeyId(text: string): Result<string, string> {
  const problem = ringAliasProblem(
    text,
    (ring) => `Set SEALGATE_RING=${ring} instead, with the ring's SEALGATE_POLICY`,
  );
  return problem === undefined ? ok(text) : err(problem);
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
