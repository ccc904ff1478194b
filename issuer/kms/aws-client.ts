/**
 * The AWS SDK's client for KMS, set up so that every call ends: a time limit for connecting, one for each attempt, a bounded
 * number of attempts, and a deadline over all of them together, the wait for a connection included. Retries and their delays
 * are the SDK's ("standard" mode); every option that it is given is a documented one.
 * Credentials, Region and AWS_ENDPOINT_URL_KMS come from the SDK's default chain. Knows no operation of KMS.
 */
import { KMSClient } from "@aws-sdk/client-kms";
import { refuseUnknownOptions } from "../../shared/options.ts";
import type { KnownOptions } from "../../shared/options.ts";
import { createCalls } from "./calls.ts";
import type { Calls } from "./calls.ts";
import { isWholeNumber } from "../../shared/whole-number.ts";
import { toKmsFault } from "./faults.ts";

export interface AwsClientOptions {
  /** A client made elsewhere, with its own limits; the deadline still holds. Excludes the options below, but for that one. */
  readonly client?: KMSClient;
  /** Base URL of KMS; by default the SDK's (AWS_ENDPOINT_URL_KMS, or the Region's endpoint). */
  readonly endpoint?: string;
  /** By default the SDK's (AWS_REGION, the profile's). */
  readonly region?: string;
  /** Longest time for one attempt, in milliseconds. Default 3000. */
  readonly requestTimeoutMs?: number;
  /** Longest time until a connection stands, in milliseconds. Default 1000. */
  readonly connectionTimeoutMs?: number;
  /** Attempts of one call, the first included. By default the SDK's (AWS_MAX_ATTEMPTS, the profile's max_attempts, or 3). */
  readonly maxAttempts?: number;
  /** Connections open at once; further calls wait for one, in order, until `totalTimeoutMs` has passed. Default 50. */
  readonly maxSockets?: number;
  /**
   * Longest time for one call: the wait for a connection, credentials, all attempts and the waiting between them, in
   * milliseconds. Default 10000.
   */
  readonly totalTimeoutMs?: number;
}

/** Three throttled attempts take up to 3 s of waiting alone. */
const DEFAULT_TOTAL_TIMEOUT_MS = 10_000;
const DEFAULT_REQUEST_TIMEOUT_MS = 3000;
const DEFAULT_CONNECTION_TIMEOUT_MS = 1000;
const DEFAULT_MAX_SOCKETS = 50;

/** Sends the command; the options are for `KMSClient.send`. */
type Send<Answer> = (options: object | undefined) => Promise<Answer>;

export interface AwsClient {
  readonly client: KMSClient;
  /**
   * Runs one call under the deadline.
   * @param target key or alias, for the message of a fault
   * @throws SealgateError for every failure
   */
  readonly call: <Answer>(
    operation: string,
    target: string | undefined,
    command: { readonly input: object },
    send: Send<Answer>,
  ) => Promise<Answer>;
  readonly serverTimeOf: Calls["serverTimeOf"];
}

/** @throws TypeError for options that make no sense */
export function createAwsClient(options: AwsClientOptions): AwsClient {
  checkOptions(options);
  const client = options.client ?? createClient(options);
  const totalTimeoutMs = options.totalTimeoutMs ?? DEFAULT_TOTAL_TIMEOUT_MS;
  // A given client has connections of its own, and this file does not know how many.
  const maxSockets = options.client === undefined ? (options.maxSockets ?? DEFAULT_MAX_SOCKETS) : Infinity;
  const { run, stageOf, serverTimeOf } = createCalls(client, { totalTimeoutMs, maxSockets });
  // A given client may have been used before, and with `cacheMiddleware` would go on without ours; with options it does not.
  const sendOptions = options.client === undefined ? undefined : {};
  return {
    client,
    async call(operation, target, command, send) {
      try {
        return await run(command, () => send(sendOptions));
      } catch (error) {
        throw toKmsFault(error, { operation, target, totalTimeoutMs, stage: stageOf(command) });
      }
    },
    serverTimeOf,
  };
}

function createClient(options: AwsClientOptions): KMSClient {
  const agent = { keepAlive: true, maxSockets: options.maxSockets ?? DEFAULT_MAX_SOCKETS, ...proxyOf(process.env) };
  return new KMSClient({
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.region === undefined ? {} : { region: options.region }),
    ...(options.maxAttempts === undefined ? {} : { maxAttempts: options.maxAttempts }),
    retryMode: "standard",
    // Put together once for each kind of call, not for each call: nothing is added after the first.
    cacheMiddleware: true,
    customUserAgent: "sealgate",
    requestHandler: {
      requestTimeout: options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS,
      connectionTimeout: options.connectionTimeoutMs ?? DEFAULT_CONNECTION_TIMEOUT_MS,
      // Without this the SDK only prints a warning when the request timeout has passed.
      throwOnRequestTimeout: true,
      httpsAgent: agent,
      httpAgent: agent,
    },
  });
}

/**
 * HTTPS_PROXY, HTTP_PROXY and NO_PROXY count if NODE_USE_ENV_PROXY=1 says so, as for `fetch`: Node applies that to agents of
 * its own only (https://nodejs.org/api/http.html#built-in-proxy-support, Node 24.5 or 22.21).
 */
function proxyOf(env: NodeJS.ProcessEnv): { readonly proxyEnv?: NodeJS.ProcessEnv } {
  return env["NODE_USE_ENV_PROXY"] === "1" ? { proxyEnv: env } : {};
}

const KNOWN_OPTIONS: KnownOptions<AwsClientOptions> = {
  client: true,
  endpoint: true,
  region: true,
  requestTimeoutMs: true,
  connectionTimeoutMs: true,
  maxAttempts: true,
  maxSockets: true,
  totalTimeoutMs: true,
};

const NOT_NUMBERS: readonly string[] = ["endpoint", "region"];

const BY_CLIENT = "client: new KMSClient({ … })";
const OPTION_HINTS = {
  credentials: BY_CLIENT,
  profile: BY_CLIENT,
  requestHandler: BY_CLIENT,
  retries: "maxAttempts",
  timeout: "requestTimeoutMs or totalTimeoutMs",
};

function checkOptions(options: AwsClientOptions): void {
  refuseUnknownOptions("createAwsKms", options, KNOWN_OPTIONS, OPTION_HINTS);
  const { client, totalTimeoutMs, ...transport } = options;
  const given = Object.entries(transport).filter(([, value]) => value !== undefined);
  if (client !== undefined && given.length > 0) {
    throw new TypeError(`a given client brings its own ${given.map(([name]) => name).join(", ")}`);
  }
  for (const [name, value] of [...given, ["totalTimeoutMs", totalTimeoutMs ?? DEFAULT_TOTAL_TIMEOUT_MS] as const]) {
    if (NOT_NUMBERS.includes(name) || isWholeNumber(value, 1)) continue;
    throw new TypeError(`${name} must be a whole number above 0`);
  }
  if (options.endpoint !== undefined && URL.parse(options.endpoint) === null) {
    throw new TypeError("endpoint must be a URL");
  }
}
