/**
 * The Cloudflare API token from AWS Secrets Manager, so that it lies in no variable. Read when it is needed and kept for five
 * minutes: a token that is rotated is taken up within that time. The only file that asks Secrets Manager for anything.
 */
import type * as Sdk from "@aws-sdk/client-secrets-manager";
import { isJsonObject, parseJsonObject } from "../../shared/json.ts";
import { SealgateError } from "../errors.ts";
import { isApiToken } from "../publish/kv-address.ts";

/** Gives the token of the moment. */
export type ApiTokenSource = () => Promise<string>;

export interface ApiTokenSourceOptions {
  /** Name or ARN of the secret. */
  readonly secretId: string;
  /** Epoch milliseconds. */
  readonly nowMs: () => number;
}

/** As long as the AWS Parameters and Secrets Lambda Extension keeps a value at most. */
const KEPT_MS = 300_000;

/** For one attempt. A run of the rotator has a minute for all that it publishes. */
const REQUEST_TIMEOUT_MS = 3000;

/**
 * @returns a source that asks Secrets Manager at most every five minutes. Credentials and Region come from the SDK's default
 *   chain, the endpoint from `AWS_ENDPOINT_URL_SECRETS_MANAGER` if it is set. Needs `secretsmanager:GetSecretValue` on the
 *   secret, and `kms:Decrypt` if a key of your own encrypts it.
 *   The source throws SealgateError `secret_unreadable`: no answer, no permission, no such secret, or no token in it.
 */
export function createApiTokenSource({ secretId, nowMs }: ApiTokenSourceOptions): ApiTokenSource {
  let client: Sdk.SecretsManagerClient | undefined;
  let kept: { readonly token: string; readonly sinceMs: number } | undefined;
  return async () => {
    const sinceMs = nowMs();
    const ageMs = kept === undefined ? Number.POSITIVE_INFINITY : sinceMs - kept.sinceMs;
    if (kept !== undefined && ageMs >= 0 && ageMs < KEPT_MS) return kept.token;
    const sdk = await loadSdk(secretId);
    client ??= new sdk.SecretsManagerClient({
      requestHandler: { requestTimeout: REQUEST_TIMEOUT_MS, connectionTimeout: REQUEST_TIMEOUT_MS },
    });
    const token = parseSecret(secretId, await readSecret(sdk, client, secretId));
    kept = { token, sinceMs };
    return token;
  };
}

/** An optional peer of the package: who keeps the token elsewhere does not install it. */
async function loadSdk(secretId: string): Promise<typeof Sdk> {
  try {
    return await import("@aws-sdk/client-secrets-manager");
  } catch (cause) {
    throw unreadable(secretId, "The package @aws-sdk/client-secrets-manager is not installed: install it.", { cause });
  }
}

async function readSecret(sdk: typeof Sdk, client: Sdk.SecretsManagerClient, secretId: string): Promise<string> {
  try {
    const { SecretString } = await client.send(new sdk.GetSecretValueCommand({ SecretId: secretId }));
    return SecretString ?? "";
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : "unknown";
    const advice = ADVICE[name];
    const what = `Secrets Manager answered ${name}. ${advice ?? "Try again; check network and Region."}`;
    throw unreadable(secretId, what, { cause, retryable: advice === undefined });
  }
}

/** By the names of the SDK's exceptions. */
const ADVICE: Readonly<Record<string, string>> = {
  ResourceNotFoundException: "Check the name and the Region.",
  AccessDeniedException: "Allow secretsmanager:GetSecretValue on it, and kms:Decrypt on the key that encrypts it.",
  DecryptionFailure: "Allow kms:Decrypt on the key that encrypts it.",
  InvalidRequestException: "It is being deleted.",
  CredentialsProviderError: "There are no AWS credentials.",
};

/** The text of the secret, or its member CLOUDFLARE_API_TOKEN: the console of Secrets Manager makes a JSON object. */
function parseSecret(secretId: string, text: string): string {
  const json = parseJsonObject(new TextEncoder().encode(text));
  const token: unknown = json.ok && isJsonObject(json.value) ? json.value["CLOUDFLARE_API_TOKEN"] : text.trim();
  if (typeof token === "string" && isApiToken(token)) return token;
  throw unreadable(
    secretId,
    "It holds no API token. Store the token as text, or as the member CLOUDFLARE_API_TOKEN of a JSON object.",
  );
}

function unreadable(
  secretId: string,
  what: string,
  options: { readonly cause?: unknown; readonly retryable?: boolean } = {},
): SealgateError {
  return new SealgateError("secret_unreadable", `The secret ${secretId} cannot be used: ${what}`, options);
}
