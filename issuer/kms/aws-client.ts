/**
 * The AWS SDK's client for KMS, set up so that every call ends: a time limit for connecting, one for each attempt, a bounded
 * number of attempts, and a deadline over all of them together. Retries and their delays are the SDK's ("standard" mode).
 * Credentials, Region and AWS_ENDPOINT_URL_KMS come from the SDK's default chain. Knows no operation of KMS.
 */
import { KMSClient } from "@aws-sdk/client-kms";
import type { ServiceOutputTypes } from "@aws-sdk/client-kms";
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
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
  /** Attempts of one call, the first included. Default 3. */
  readonly maxAttempts?: number;
  /** Connections open at once; further calls wait for one. Default 50. */
  readonly maxSockets?: number;
  /** Longest time for one call: credentials, all attempts and the waiting between them, in milliseconds. Default 10000. */
  readonly totalTimeoutMs?: number;
}

/** Three throttled attempts take up to 3 s of waiting alone. */
const DEFAULT_TOTAL_TIMEOUT_MS = 10_000;
const DEFAULT_REQUEST_TIMEOUT_MS = 3000;
const DEFAULT_CONNECTION_TIMEOUT_MS = 1000;
const DEFAULT_MAX_ATTEMPTS = 3;
const DEFAULT_MAX_SOCKETS = 50;

/** One call of the SDK: sends, and stops when the signal says so. */
type Send<Answer> = (options: { readonly abortSignal: AbortSignal }) => Promise<Answer>;

export interface AwsClient {
  readonly client: KMSClient;
  /**
   * Runs one call under the deadline.
   * @param target key or alias, for the message of a fault
   * @throws SealgateError for every failure
   */
  readonly call: <Answer>(operation: string, target: string | undefined, send: Send<Answer>) => Promise<Answer>;
  /** The `Date` of the HTTP answer that `answer` came with. */
  readonly serverTimeOf: (answer: ServiceOutputTypes) => EpochSeconds | undefined;
}

/** @throws TypeError for options that make no sense */
export function createAwsClient(options: AwsClientOptions): AwsClient {
  checkOptions(options);
  const client = options.client ?? createClient(options);
  const totalTimeoutMs = options.totalTimeoutMs ?? DEFAULT_TOTAL_TIMEOUT_MS;
  const serverTimes = recordServerTimes(client);
  return {
    client,
    async call(operation, target, send) {
      const deadline = startDeadline(totalTimeoutMs);
      try {
        // The SDK heeds the signal only once a request is under way, and looking for credentials can hang before that.
        return await Promise.race([send({ abortSignal: deadline.signal }), deadline.passed]);
      } catch (error) {
        const reason: unknown = deadline.signal.aborted ? deadline.signal.reason : error;
        throw toKmsFault(reason, { operation, target, totalTimeoutMs });
      } finally {
        deadline.clear();
      }
    },
    serverTimeOf: (answer) => serverTimes.get(answer),
  };
}

function createClient(options: AwsClientOptions): KMSClient {
  const agent = { keepAlive: true, maxSockets: options.maxSockets ?? DEFAULT_MAX_SOCKETS };
  return new KMSClient({
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
    ...(options.region === undefined ? {} : { region: options.region }),
    maxAttempts: options.maxAttempts ?? DEFAULT_MAX_ATTEMPTS,
    retryMode: "standard",
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

interface Deadline {
  readonly signal: AbortSignal;
  /** Rejects when the deadline passes; never resolves. */
  readonly passed: Promise<never>;
  clear(): void;
}

function startDeadline(totalTimeoutMs: number): Deadline {
  const controller = new AbortController();
  const { promise: passed, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const reason = new DOMException("the deadline of the call has passed", "TimeoutError");
    controller.abort(reason);
    reject(reason);
  }, totalTimeoutMs);
  return { signal: controller.signal, passed, clear: () => clearTimeout(timer) };
}

/** Keeps the time that KMS gave with each answer for as long as the answer lives. */
function recordServerTimes(client: KMSClient): WeakMap<ServiceOutputTypes, EpochSeconds> {
  const times = new WeakMap<ServiceOutputTypes, EpochSeconds>();
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const time = parseEpochSeconds(Date.parse(dateHeaderOf(result.response)) / 1000);
      if (time !== undefined && result.output !== undefined) times.set(result.output, time);
      return result;
    },
    // Around the deserializer, where both the HTTP response and the parsed answer are at hand.
    { step: "deserialize", priority: "high", name: `sealgateServerTime${(middlewareCount += 1)}` },
  );
  return times;
}

/** A client that is given to several adapters carries one recorder for each; their names must differ. */
let middlewareCount = 0;

function dateHeaderOf(response: unknown): string {
  if (typeof response !== "object" || response === null || !("headers" in response)) return "";
  const { headers } = response;
  if (typeof headers !== "object" || headers === null || !("date" in headers)) return "";
  return typeof headers.date === "string" ? headers.date : "";
}

function checkOptions(options: AwsClientOptions): void {
  const { client, totalTimeoutMs, ...transport } = options;
  const given = Object.entries(transport).filter(([, value]) => value !== undefined);
  if (client !== undefined && given.length > 0) {
    throw new TypeError(`a given client brings its own ${given.map(([name]) => name).join(", ")}`);
  }
  for (const [name, value] of [...given, ["totalTimeoutMs", totalTimeoutMs ?? DEFAULT_TOTAL_TIMEOUT_MS] as const]) {
    if (typeof value === "number" && !(Number.isSafeInteger(value) && value > 0)) {
      throw new TypeError(`${name} must be a whole number above 0`);
    }
  }
  if (options.endpoint !== undefined && URL.parse(options.endpoint) === null) {
    throw new TypeError("endpoint must be a URL");
  }
}
