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
import { createEnvironmentReader, readIssuer, readRing, required } from "./environment.ts";
import type { Environment, EnvironmentReader } from "./environment.ts";

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

/**
 * Reads `SEALGATE_ISSUER`, `SEALGATE_RING` (default "main"), `SEALGATE_KV_NAMESPACE_ID`, `CLOUDFLARE_API_TOKEN`, and
 * either `CLOUDFLARE_ACCOUNT_ID` or `SEALGATE_KV_BASE_URL`, which wins. An empty variable counts as missing.
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
  const apiToken = reader.read("CLOUDFLARE_API_TOKEN", (text) => parseApiToken(text, baseUrl));
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

function parseApiToken(text: string | undefined, baseUrl: string | undefined): Result<string | undefined, string> {
  if (text !== undefined) return isApiToken(text) ? ok(text) : err("has characters that no API token has");
  return baseUrl !== undefined && isLocalBaseUrl(baseUrl) ? ok(undefined) : err("is missing");
}
