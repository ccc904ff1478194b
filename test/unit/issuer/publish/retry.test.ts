/** Pauses and Retry-After. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRetryAfterMs, pauseMs, startTimedRun, systemClock } from "../../../../issuer/publish/retry.ts";
import { createVirtualClock } from "../../../support/virtual-clock.ts";

const EPOCH_MS = Date.UTC(2027, 0, 15, 8, 0, 0);

describe("a pause", () => {
  test("doubles, from one second to sixteen", () => {
    expect([1, 2, 3, 4, 5, 6, 40].map((attempt) => pauseMs(attempt, 0))).toEqual([
      1000, 2000, 4000, 8000, 16_000, 16_000, 16_000,
    ]);
  });

  test("is never shorter than KV's limit of one write a second, and has up to its length of jitter", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, random) => {
          const pause = pauseMs(attempt, random);
          expect(pause).toBeGreaterThanOrEqual(1000);
          expect(pause).toBeLessThanOrEqual(Math.min(2 * pauseMs(attempt, 0), 16_000));
        },
      ),
    );
    expect(pauseMs(1, 0.5)).toBe(1500);
  });

  test("that would end at the deadline is not begun", async () => {
    const clock = createVirtualClock();
    const run = startTimedRun(clock, 3000);
    expect(await run.pause(1, undefined)).toBe(true);
    expect(run.remainingMs()).toBe(2000);
    expect(await run.pause(2, undefined)).toBe(false);
    expect(await run.pause(1, 1999)).toBe(true);
    expect(clock.sleeps).toEqual([1000, 1999]);
  });
});

describe("Retry-After", () => {
  test.each<[string | null, number | undefined]>([
    ["0", 0],
    ["17", 17_000],
    ["999999999", 999_999_999_000],
    [new Date(EPOCH_MS + 5000).toUTCString(), 5000],
    [new Date(EPOCH_MS - 5000).toUTCString(), 0],
    [null, undefined],
    ["", undefined],
    ["-1", undefined],
    ["1.5", undefined],
    ["1e9", undefined],
    ["9999999999", undefined],
    ["2027-01-15", undefined],
    ["Soon", undefined],
  ])("%j asks for %j milliseconds", (value, expected) => {
    expect(parseRetryAfterMs(value, EPOCH_MS)).toBe(expected);
  });
});

test("the host's clock runs forward and sleeps", async () => {
  const before = systemClock.monotonicMs();
  await systemClock.sleep(1);
  expect(systemClock.monotonicMs()).toBeGreaterThan(before);
  expect(systemClock.random()).toBeLessThan(1);
});
