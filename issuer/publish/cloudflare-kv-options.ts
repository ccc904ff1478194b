/** The options of the Cloudflare KV publisher, checked and completed. */
import { refuseUnknownOptions } from "../../shared/options.ts";
import type { KnownOptions } from "../../shared/options.ts";
import type { ApiToken, Fetch } from "./cloudflare-api.ts";
import { baseUrlProblem, isApiToken, isLocalBaseUrl, isNamespaceId } from "./kv-address.ts";
import { systemClock } from "./retry.ts";
import { demand } from "../../shared/demands.ts";
import { isWholeNumber } from "../../shared/whole-number.ts";
import type { PublishClock } from "./retry.ts";

/** How the publisher behaves in time. The defaults fit the default timing of a ring. */
export interface CloudflareKvLimits {
  /** Of one HTTP call, body included. */
  readonly timeoutMs: number;
  /** Of each of the three calls: reading, writing, reading back. */
  readonly maxAttempts: number;
  /** Of a whole publish or read. Counts against the propagation margin W, so it must be well below it. */
  readonly deadlineMs: number;
  /** A publish is refused when this host's clock and the API's differ by more; not more than K, the skew edges allow. */
  readonly maxClockSkewSeconds: number;
}

export const DEFAULT_CLOUDFLARE_KV_LIMITS: CloudflareKvLimits = {
  timeoutMs: 10_000,
  maxAttempts: 5,
  deadlineMs: 60_000,
  maxClockSkewSeconds: 60,
};

export interface CloudflareKvOptions extends Partial<CloudflareKvLimits> {
  /** Up to and including the account segment, for example `https://api.cloudflare.com/client/v4/accounts/<id>`. */
  readonly baseUrl: string;
  readonly namespaceId: string;
  /**
   * Permission "Workers KV Storage: Edit". May be left out for a loopback base URL only. A function is asked for it before
   * each call to the API.
   */
  readonly apiToken?: ApiToken | undefined;
  /** In place of the platform's `fetch`. */
  readonly fetch?: Fetch;
  /** In place of the host's clock. */
  readonly clock?: PublishClock;
}

/** The same with nothing left open. */
export interface CloudflareKvSettings extends CloudflareKvLimits {
  /** Without a trailing slash. */
  readonly baseUrl: string;
  readonly namespaceId: string;
  readonly apiToken: ApiToken | undefined;
  readonly fetch: Fetch;
  readonly clock: PublishClock;
}

/** With what `readRingConfig` says of the ring besides: its `publish` is meant to be handed over as it is. */
const KNOWN_OPTIONS: KnownOptions<CloudflareKvOptions & { ring: unknown; issuer: unknown }> = {
  ring: true,
  issuer: true,
  baseUrl: true,
  namespaceId: true,
  apiToken: true,
  fetch: true,
  clock: true,
  timeoutMs: true,
  maxAttempts: true,
  deadlineMs: true,
  maxClockSkewSeconds: true,
};

/** @throws TypeError for options that can never work; no value is part of the message */
export function readCloudflareKvOptions(options: CloudflareKvOptions): CloudflareKvSettings {
  refuseUnknownOptions("createCloudflareKvPublisher", options, KNOWN_OPTIONS, {
    token: "apiToken",
    accountId: "baseUrl",
  });
  const { baseUrl, namespaceId, apiToken } = options;
  const problem = baseUrlProblem(baseUrl);
  if (problem !== undefined) throw new TypeError(`baseUrl ${problem}`);
  if (!isNamespaceId(namespaceId)) throw new TypeError("namespaceId must be the id of a KV namespace");
  if (apiToken === undefined && !isLocalBaseUrl(baseUrl)) throw new TypeError("apiToken is missing");
  if (apiToken !== undefined && typeof apiToken !== "function" && !isApiToken(apiToken))
    throw new TypeError("apiToken does not look like an API token");
  demand(["function", "undefined"].includes(typeof options.fetch), "fetch must be a function");
  const defaults = DEFAULT_CLOUDFLARE_KV_LIMITS;
  return {
    baseUrl: baseUrl.replace(/\/+$/, ""),
    namespaceId,
    apiToken,
    fetch: options.fetch ?? fetch,
    clock: options.clock ?? systemClock,
    timeoutMs: positiveInteger("timeoutMs", options.timeoutMs ?? defaults.timeoutMs),
    maxAttempts: positiveInteger("maxAttempts", options.maxAttempts ?? defaults.maxAttempts),
    deadlineMs: positiveInteger("deadlineMs", options.deadlineMs ?? defaults.deadlineMs),
    maxClockSkewSeconds: notNegative(
      "maxClockSkewSeconds",
      options.maxClockSkewSeconds ?? defaults.maxClockSkewSeconds,
    ),
  };
}

/** An hour is more than any propagation margin, and less than what a timer can count. */
const MAX_MS = 3_600_000;

function positiveInteger(name: string, value: number): number {
  if (!isWholeNumber(value, 1) || value > MAX_MS) {
    throw new TypeError(`${name} must be a positive whole number, at most ${String(MAX_MS)}`);
  }
  return value;
}

function notNegative(name: string, value: number): number {
  if (!Number.isFinite(value) || value < 0) throw new TypeError(`${name} must be a number that is not negative`);
  return value;
}
