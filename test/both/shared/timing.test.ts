/** The staleness bound and the inequalities, with the numbers of the documentation worked out by hand. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  DEFAULT_TIMING,
  holdSeconds,
  KMS_CONSISTENCY_SECONDS,
  largerTiming,
  leadSeconds,
  MIN_KV_CACHE_TTL_SECONDS,
  outageSurvivedSeconds,
  parseTiming,
  serialiseTiming,
  SIGNER_REFRESH_SECONDS,
  stalenessBoundSeconds,
} from "../../../shared/timing.ts";

describe("the defaults", () => {
  test("are those of the documentation", () => {
    expect(DEFAULT_TIMING).toEqual({
      kvCacheTtlSeconds: 60,
      memoryTtlSeconds: 30,
      clockSkewSeconds: 60,
      maxTokenTtlSeconds: 3600,
      kvPropagationSeconds: 180,
      signerLagSeconds: 360,
    });
    expect([MIN_KV_CACHE_TTL_SECONDS, SIGNER_REFRESH_SECONDS, KMS_CONSISTENCY_SECONDS]).toEqual([30, 60, 300]);
  });

  test("S = W + C + M = 180 + 60 + 30 = 270", () => {
    expect(stalenessBoundSeconds(DEFAULT_TIMING)).toBe(270);
  });

  test("an outage of KV is survived for ⌈D/2⌉ - R - S - K - 1 = 43200 - 300 - 270 - 60 - 1", () => {
    const renewal = { documentLifetimeSeconds: 86_400, reconcileEverySeconds: 300 };
    expect(outageSurvivedSeconds(DEFAULT_TIMING, renewal)).toBe(42_569);
    expect(outageSurvivedSeconds(DEFAULT_TIMING, { ...renewal, documentLifetimeSeconds: 86_399 })).toBe(42_569);
  });

  test("every edge knows a key S + K + 1 = 331 after the document", () => {
    expect(leadSeconds(DEFAULT_TIMING)).toBe(331);
  });

  test("a superseded key has A + L + 2K = 4080 left", () => {
    expect(holdSeconds(DEFAULT_TIMING)).toBe(4080);
  });
});

describe("the inequalities", () => {
  const durations = fc.nat({ max: 1_000_000 });
  const timings = fc.record({
    kvCacheTtlSeconds: durations,
    memoryTtlSeconds: durations,
    clockSkewSeconds: durations,
    maxTokenTtlSeconds: durations,
    kvPropagationSeconds: durations,
    signerLagSeconds: durations,
  });

  test("count every duration as often as the formula does", () => {
    const weights = { S: [1, 1, 0, 0, 1, 0], activate: [1, 1, 1, 0, 1, 0], drop: [0, 0, 2, 1, 0, 1] };
    fc.assert(
      fc.property(timings, (timing) => {
        const values = [
          timing.kvCacheTtlSeconds,
          timing.memoryTtlSeconds,
          timing.clockSkewSeconds,
          timing.maxTokenTtlSeconds,
          timing.kvPropagationSeconds,
          timing.signerLagSeconds,
        ];
        const sum = (weight: number[]): number =>
          values.reduce((total, value, at) => total + value * (weight[at] ?? 0), 0);
        expect(stalenessBoundSeconds(timing)).toBe(sum(weights.S));
        expect(leadSeconds(timing)).toBe(sum(weights.activate) + 1);
        expect(holdSeconds(timing)).toBe(sum(weights.drop));
      }),
    );
  });

  test("hold when a policy changes: the larger value counts, member by member, as far as it is known", () => {
    fc.assert(
      fc.property(timings, timings, (policy, published) => {
        const { kvPropagationSeconds, signerLagSeconds, ...edge } = published;
        const larger = largerTiming(policy, edge);
        expect(larger).toEqual({
          kvCacheTtlSeconds: Math.max(policy.kvCacheTtlSeconds, published.kvCacheTtlSeconds),
          memoryTtlSeconds: Math.max(policy.memoryTtlSeconds, published.memoryTtlSeconds),
          clockSkewSeconds: Math.max(policy.clockSkewSeconds, published.clockSkewSeconds),
          maxTokenTtlSeconds: Math.max(policy.maxTokenTtlSeconds, published.maxTokenTtlSeconds),
          kvPropagationSeconds: policy.kvPropagationSeconds,
          signerLagSeconds: policy.signerLagSeconds,
        });
        expect(largerTiming(policy, undefined)).toEqual(policy);
        expect(largerTiming(policy, published)).toEqual({
          ...larger,
          kvPropagationSeconds: Math.max(policy.kvPropagationSeconds, kvPropagationSeconds),
          signerLagSeconds: Math.max(policy.signerLagSeconds, signerLagSeconds),
        });
      }),
    );
  });
});

describe("the timing member of a document", () => {
  const member = { kv_cache_ttl: 60, memory_ttl: 30, clock_skew: 60, max_token_ttl: 3600 };
  const edge = { kvCacheTtlSeconds: 60, memoryTtlSeconds: 30, clockSkewSeconds: 60, maxTokenTtlSeconds: 3600 };

  test("is written and read", () => {
    expect(serialiseTiming(DEFAULT_TIMING)).toEqual(member);
    expect(parseTiming(member)).toEqual(edge);
    expect(parseTiming({ ...member, unknown: 1 })).toEqual(edge);
  });

  test.each([
    ["kv_cache_ttl", 30],
    ["memory_ttl", 1],
    ["clock_skew", 0],
    ["max_token_ttl", 1],
  ])("%s is at least %i", (name, least) => {
    expect(parseTiming({ ...member, [name]: least })).toBeDefined();
    expect(parseTiming({ ...member, [name]: least - 1 })).toBeUndefined();
  });

  test.each(Object.keys(member))("%s is a whole number of seconds", (name) => {
    for (const value of [undefined, null, "60", 60.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, true, [60], {}]) {
      expect(parseTiming({ ...member, [name]: value })).toBeUndefined();
    }
  });

  test.each([[undefined], [null], [[]], [60], ["60"], [[60, 30, 60, 3600]]])("%j is not a timing", (value) => {
    expect(parseTiming(value)).toBeUndefined();
  });
});
