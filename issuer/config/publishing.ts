/**
 * Environment variables to the configuration of a publisher: which ring of which issuer is published, where to, and by which
 * credential.
 */
import type { IssuerUrl, RingName } from "../../shared/identifiers.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import {
  baseUrlProblem,
  isAccountId,
  isApiToken,
  isLocalBaseUrl,
  isNamespaceId,
  productionBaseUrl,
} from "../publish/kv-address.ts";
import type { ApiToken } from "../publish/cloudflare-api.ts";
import { createApiTokenSource } from "../secrets/api-token.ts";
import { createEnvironmentReader, readIssuer, readRing, required } from "./environment.ts";
import type { Environment, EnvironmentReader } from "./environment.ts";

const SECRET_VARIABLE = "SEALGATE_CLOUDFLARE_TOKEN_SECRET";

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html, and `:` for an ARN */
const SECRET_ID = /^[\w/+=.@:-]{1,2048}$/;

/** Which ring of which issuer is published, and where to. */
export interface PublishConfig {
  readonly ring: RingName;
  readonly issuer: IssuerUrl;
  /** Including the account segment. */
  readonly baseUrl: string;
  readonly namespaceId: string;
  /** A secret, or where it is kept. Undefined only for the local KV API. */
  readonly apiToken: ApiToken | undefined;
}

/**
 * Reads `SEALGATE_ISSUER`, `SEALGATE_RING` (default "main"), `SEALGATE_KV_NAMESPACE_ID`, either `CLOUDFLARE_API_TOKEN` or
 * `SEALGATE_CLOUDFLARE_TOKEN_SECRET` (name or ARN of a secret in AWS Secrets Manager), and either `CLOUDFLARE_ACCOUNT_ID` or `SEALGATE_KV_BASE_URL`, which wins. An empty variable counts as missing.
 * @throws SealgateError `config_invalid`, naming every variable that is missing or wrong, and no value
 */
export function readPublishConfig(env: Environment): PublishConfig {
  const reader = createEnvironmentReader(env);
  const config = readPublishing(reader);
  if (config === undefined) throw reader.failure();
  return config;
}

/** @returns undefined after noting what is missing or wrong */
export function readPublishing(reader: EnvironmentReader): PublishConfig | undefined {
  const issuer = readIssuer(reader);
  const ring = readRing(reader);
  const baseUrl = readBaseUrl(reader);
  const namespaceId = reader.read(
    "SEALGATE_KV_NAMESPACE_ID",
    required((text) => (isNamespaceId(text) ? ok(text) : err("must be the id of a KV namespace"))),
  );
  const apiToken = readApiToken(reader, baseUrl);
  if (issuer === undefined || ring === undefined || baseUrl === undefined || namespaceId === undefined)
    return undefined;
  return reader.hasProblems ? undefined : { issuer, ring, baseUrl, namespaceId, apiToken };
}

function readBaseUrl(reader: EnvironmentReader): string | undefined {
  const baseUrl = reader.text("SEALGATE_KV_BASE_URL");
  if (baseUrl === undefined) {
    return reader.read("CLOUDFLARE_ACCOUNT_ID", required(parseAccountId, "is missing (or SEALGATE_KV_BASE_URL)"));
  }
  const problem = baseUrlProblem(baseUrl);
  if (problem === undefined) return baseUrl;
  reader.note("SEALGATE_KV_BASE_URL", problem);
  return undefined;
}

function parseAccountId(text: string): Result<string, string> {
  return isAccountId(text) ? ok(productionBaseUrl(text)) : err("must be 32 hexadecimal digits in lower case");
}

function readApiToken(reader: EnvironmentReader, baseUrl: string | undefined): ApiToken | undefined {
  const secretId = reader.text(SECRET_VARIABLE);
  const hasToken = reader.text("CLOUDFLARE_API_TOKEN") !== undefined;
  if (secretId === undefined) return reader.read("CLOUDFLARE_API_TOKEN", (text) => parseApiToken(text, baseUrl));
  if (hasToken) reader.note(SECRET_VARIABLE, "and CLOUDFLARE_API_TOKEN are both set: keep one of them");
  if (SECRET_ID.test(secretId)) return createApiTokenSource({ secretId, nowMs: Date.now });
  reader.note(SECRET_VARIABLE, "must be the name or the ARN of a secret in AWS Secrets Manager");
  return undefined;
}

function parseApiToken(text: string | undefined, baseUrl: string | undefined): Result<string | undefined, string> {
  if (text !== undefined) return isApiToken(text) ? ok(text) : err("has characters that no API token has");
  const isLocal = baseUrl !== undefined && isLocalBaseUrl(baseUrl);
  return isLocal ? ok(undefined) : err(`is missing (or ${SECRET_VARIABLE})`);
}
