/**
 * Time in sealgate: every duration with its unit, the staleness bound, and the inequalities that make a rotation safe.
 * Pure arithmetic on whole seconds. The symbols in the comments are those of docs/key-lifecycle.md.
 */
import { isJsonObject, isWholeNumber } from "./json.ts";

/** What the edge obeys, carried by the key set document so that issuer and edge cannot drift apart. All in seconds. */
export interface EdgeTiming {
  /** C: `cacheTtl` of each KV read. */
  readonly kvCacheTtlSeconds: number;
  /** M: the oldest a copy in isolate memory may be when it is used without asking KV again. */
  readonly memoryTtlSeconds: number;
  /** K: clock skew allowed between any two hosts; the leeway on exp, nbf and iat. */
  readonly clockSkewSeconds: number;
  /** L: the longest token lifetime. */
  readonly maxTokenTtlSeconds: number;
}

/** What the issuer alone needs to know. All in seconds. */
export interface IssuerTiming {
  /** W: from the moment a document is composed until every KV location can serve it. */
  readonly kvPropagationSeconds: number;
  /** A: how long a signer may go on with the previous key after the alias moved. */
  readonly signerLagSeconds: number;
}

/** Everything that the inequalities need. */
export interface RingTiming extends EdgeTiming, IssuerTiming {}

/** Workers KV refuses a shorter `cacheTtl` (https://developers.cloudflare.com/kv/platform/limits/). */
export const MIN_KV_CACHE_TTL_SECONDS = 30;

/** How often a signer resolves the active alias again. */
export const SIGNER_REFRESH_SECONDS = 60;

/**
 * How long KMS may serve the previous target of an alias: "in some cases several minutes"
 * (https://docs.aws.amazon.com/kms/latest/developerguide/programming-eventual-consistency.html).
 */
export const KMS_CONSISTENCY_SECONDS = 300;

/** M. The only default that an edge needs: until it has read a document, which says the rest. */
export const DEFAULT_MEMORY_TTL_SECONDS = 30;

export const DEFAULT_TIMING: RingTiming = {
  kvCacheTtlSeconds: 60,
  memoryTtlSeconds: DEFAULT_MEMORY_TTL_SECONDS,
  clockSkewSeconds: 60,
  maxTokenTtlSeconds: 3600,
  // Cloudflare documents "up to 60 seconds or more"; the deadlines of composing and publishing are inside this margin too.
  kvPropagationSeconds: 180,
  // SIGNER_REFRESH_SECONDS and KMS_CONSISTENCY_SECONDS: as a number, so that a bundle without a use of this leaves it out.
  signerLagSeconds: 360,
};

/** S = W + C + M: while KV answers, no edge uses a key set older than this. */
export function stalenessBoundSeconds(timing: RingTiming): number {
  return timing.kvPropagationSeconds + timing.kvCacheTtlSeconds + timing.memoryTtlSeconds;
}

/** How a ring's document is kept alive. All in seconds. */
export interface DocumentRenewal {
  /** D: `exp` minus `iat` of a document. */
  readonly documentLifetimeSeconds: number;
  /** R: how often a rotator runs; a document is renewed by the first run after half of its life. */
  readonly reconcileEverySeconds: number;
}

/**
 * ⌈D/2⌉ − R − S − K − 1: how long an edge that holds a document goes on, at the least, once KV stops answering. At that moment
 * it may hold the older of two documents: renewed R after half of its life, with the newer one still S away. The edge's clock
 * may be K ahead of the rotator's, and `iat` drops up to a second. Less than 0 would mean that documents can expire before
 * their successor is seen.
 */
export function outageSurvivedSeconds(timing: RingTiming, renewal: DocumentRenewal): number {
  const renewedAfterSeconds = Math.floor(renewal.documentLifetimeSeconds / 2) + renewal.reconcileEverySeconds;
  return renewal.documentLifetimeSeconds - renewedAfterSeconds - leadSeconds(timing);
}

/**
 * S + K + 1: from the `iat` of a document until no edge uses an older one, by any clock. An `iat` drops the fraction of its
 * second, hence the last one.
 */
export function leadSeconds(timing: RingTiming): number {
  return stalenessBoundSeconds(timing) + timing.clockSkewSeconds + 1;
}

/** A + L + 2K: from the moment a key is superseded until its last token has expired, by any clock. */
export function holdSeconds(timing: RingTiming): number {
  return timing.signerLagSeconds + timing.maxTokenTtlSeconds + 2 * timing.clockSkewSeconds;
}

/**
 * The larger of both values, member by member: what was allowed before is still in use somewhere.
 * @param other members that are left out do not count
 */
export function largerTiming(timing: RingTiming, other: Partial<RingTiming> = {}): RingTiming {
  return {
    kvCacheTtlSeconds: Math.max(timing.kvCacheTtlSeconds, other.kvCacheTtlSeconds ?? 0),
    memoryTtlSeconds: Math.max(timing.memoryTtlSeconds, other.memoryTtlSeconds ?? 0),
    clockSkewSeconds: Math.max(timing.clockSkewSeconds, other.clockSkewSeconds ?? 0),
    maxTokenTtlSeconds: Math.max(timing.maxTokenTtlSeconds, other.maxTokenTtlSeconds ?? 0),
    kvPropagationSeconds: Math.max(timing.kvPropagationSeconds, other.kvPropagationSeconds ?? 0),
    signerLagSeconds: Math.max(timing.signerLagSeconds, other.signerLagSeconds ?? 0),
  };
}

/** The `timing` member of a key set document. */
export interface TimingMember {
  readonly kv_cache_ttl: number;
  readonly memory_ttl: number;
  readonly clock_skew: number;
  readonly max_token_ttl: number;
}

export function serialiseTiming(timing: EdgeTiming): TimingMember {
  return {
    kv_cache_ttl: timing.kvCacheTtlSeconds,
    memory_ttl: timing.memoryTtlSeconds,
    clock_skew: timing.clockSkewSeconds,
    max_token_ttl: timing.maxTokenTtlSeconds,
  };
}

/** @returns undefined unless every member is a whole number of seconds in its range. */
export function parseTiming(value: unknown): EdgeTiming | undefined {
  if (!isJsonObject(value)) return undefined;
  const {
    kv_cache_ttl: kvCacheTtlSeconds,
    memory_ttl: memoryTtlSeconds,
    clock_skew: clockSkewSeconds,
    max_token_ttl: maxTokenTtlSeconds,
  } = value;
  return isWholeNumber(kvCacheTtlSeconds, MIN_KV_CACHE_TTL_SECONDS) &&
    isWholeNumber(memoryTtlSeconds, 1) &&
    isWholeNumber(clockSkewSeconds, 0) &&
    isWholeNumber(maxTokenTtlSeconds, 1)
    ? { kvCacheTtlSeconds, memoryTtlSeconds, clockSkewSeconds, maxTokenTtlSeconds }
    : undefined;
}
