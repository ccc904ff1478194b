/**
 * Environment variables to the configuration of a publisher. Pure: the variables are passed in, and nothing is read from
 * the process here.
 */
import { parseIssuerUrl, parseRingName } from "../../shared/identifiers.ts";
import type { IssuerUrl, RingName } from "../../shared/identifiers.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { SealgateError } from "../errors.ts";
import {
  baseUrlProblem,
  isAccountId,
  isApiToken,
  isLocalBaseUrl,
  isNamespaceId,
  productionBaseUrl,
} from "../publish/kv-address.ts";

/** Which ring of which issuer is published, and where to. */
export interface PublishConfig {
  readonly ring: RingName;
  readonly issuer: IssuerUrl;
  /** Including the account segment. */
  readonly baseUrl: string;
  readonly namespaceId: string;
  /** A secret. Undefined only for the local KV API. */
  readonly apiToken: string | undefined;
}

/** Variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_RING = "main";

/**
 * Reads `SEALGATE_ISSUER`, `SEALGATE_RING` (default "main"), `SEALGATE_KV_NAMESPACE_ID`, `CLOUDFLARE_API_TOKEN`, and
 * either `CLOUDFLARE_ACCOUNT_ID` or `SEALGATE_KV_BASE_URL`, which wins. An empty variable counts as missing.
 * @throws SealgateError `config_invalid`, naming every variable that is missing or wrong, and no value
 */
export function readPublishConfig(env: Environment): PublishConfig {
  const issuer = required(env, "SEALGATE_ISSUER", parseIssuerUrl);
  const ring = readRing(env);
  const baseUrl = readBaseUrl(env);
  const namespaceId = required(env, "SEALGATE_KV_NAMESPACE_ID", (value) =>
    isNamespaceId(value) ? ok(value) : err("must be the id of a KV namespace"),
  );
  const apiToken = readApiToken(env, baseUrl);
  if (issuer.ok && ring.ok && baseUrl.ok && namespaceId.ok && apiToken.ok) {
    return {
      issuer: issuer.value,
      ring: ring.value,
      baseUrl: baseUrl.value,
      namespaceId: namespaceId.value,
      apiToken: apiToken.value,
    };
  }
  const problems = [issuer, ring, baseUrl, namespaceId, apiToken].flatMap((part) => (part.ok ? [] : [part.error]));
  throw new SealgateError("config_invalid", `the configuration for publishing is not usable: ${problems.join("; ")}`);
}

function readRing(env: Environment): Result<RingName, string> {
  const ring = parseRingName(present(env, "SEALGATE_RING") ?? DEFAULT_RING);
  return ring === undefined ? err("SEALGATE_RING must be 1 to 63 of a-z, 0-9 and inner hyphens") : ok(ring);
}

function readBaseUrl(env: Environment): Result<string, string> {
  const baseUrl = present(env, "SEALGATE_KV_BASE_URL");
  if (baseUrl !== undefined) {
    const problem = baseUrlProblem(baseUrl);
    return problem === undefined ? ok(baseUrl) : err(`SEALGATE_KV_BASE_URL ${problem}`);
  }
  const accountId = present(env, "CLOUDFLARE_ACCOUNT_ID");
  if (accountId === undefined) return err("CLOUDFLARE_ACCOUNT_ID is missing (or SEALGATE_KV_BASE_URL)");
  return isAccountId(accountId)
    ? ok(productionBaseUrl(accountId))
    : err("CLOUDFLARE_ACCOUNT_ID must be 32 hexadecimal digits in lower case");
}

function readApiToken(env: Environment, baseUrl: Result<string, string>): Result<string | undefined, string> {
  const token = present(env, "CLOUDFLARE_API_TOKEN");
  if (token === undefined) {
    return baseUrl.ok && isLocalBaseUrl(baseUrl.value) ? ok(undefined) : err("CLOUDFLARE_API_TOKEN is missing");
  }
  return isApiToken(token) ? ok(token) : err("CLOUDFLARE_API_TOKEN has characters that no API token has");
}

function required<Value>(
  env: Environment,
  name: string,
  parse: (value: string) => Result<Value, string>,
): Result<Value, string> {
  const value = present(env, name);
  if (value === undefined) return err(`${name} is missing`);
  const parsed = parse(value);
  return parsed.ok ? parsed : err(`${name} ${parsed.error}`);
}

function present(env: Environment, name: string): string | undefined {
  const value = env[name];
  return value === "" ? undefined : value;
}
