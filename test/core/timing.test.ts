/** The staleness bound and the inequalities, with the numbers of the documentation worked out by hand. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  activateNotBefore,
  DEFAULT_TIMING,
  dropNotBefore,
  KMS_CONSISTENCY_SECONDS,
  largerTiming,
  MIN_KV_CACHE_TTL_SECONDS,
  outageSurvivedSeconds,
  parseTiming,
  serialiseTiming,
  SIGNER_REFRESH_SECONDS,
  stalenessBoundSeconds,
} from "../../shared/timing.ts";
import { seconds } from "../support/key-sets.ts";

const PUBLISHED = seconds(1_800_000_000);

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

  test("an outage of KV is survived for D/2 - R - S = 43200 - 300 - 270", () => {
    const renewal = { documentLifetimeSeconds: 86_400, reconcileEverySeconds: 300 };
    expect(outageSurvivedSeconds(DEFAULT_TIMING, renewal)).toBe(42_630);
  });

  test("a generation signs no earlier than published + S + K = published + 330", () => {
    expect(activateNotBefore(PUBLISHED, DEFAULT_TIMING)).toBe(PUBLISHED + 330);
  });

  test("a retiring key stays until superseded + A + L + 2K = superseded + 4080", () => {
    expect(dropNotBefore(PUBLISHED, DEFAULT_TIMING)).toBe(PUBLISHED + 4080);
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
        expect(activateNotBefore(PUBLISHED, timing) - PUBLISHED).toBe(sum(weights.activate));
        expect(dropNotBefore(PUBLISHED, timing) - PUBLISHED).toBe(sum(weights.drop));
      }),
    );
  });

  test("hold when a policy changes: the larger value of policy and last document counts, member by member", () => {
    fc.assert(
      fc.property(timings, timings, (policy, published) => {
        const { kvPropagationSeconds: _w, signerLagSeconds: _a, ...edge } = published;
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
      }),
    );
  });

  test("refuse a time beyond the range of dates", () => {
    expect(() => activateNotBefore(seconds(8_640_000_000_000), DEFAULT_TIMING)).toThrow(RangeError);
    expect(() => dropNotBefore(seconds(8_640_000_000_000), DEFAULT_TIMING)).toThrow(RangeError);
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
