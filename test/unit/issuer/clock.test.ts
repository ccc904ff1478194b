/** The issuer's clocks: whole seconds, rounded down, of this host or of a clock in milliseconds. */
import { afterEach, expect, test, vi } from "vitest";
import { inSeconds, systemClock } from "../../../issuer/clock.ts";

afterEach(() => {
  vi.useRealTimers();
});

test.each([
  [1_800_000_000_000, 1_800_000_000],
  [1_800_000_000_999, 1_800_000_000],
  [1_800_000_001_000, 1_800_000_001],
])("a host at %d ms is at %d s", (ms, expected) => {
  vi.useFakeTimers({ now: ms });
  expect(systemClock()).toBe(expected);
});

test("a clock over milliseconds is read each time that it is asked", () => {
  let ms = 999;
  const clock = inSeconds(() => ms);
  expect(clock()).toBe(0);
  ms = 2500;
  expect(clock()).toBe(2);
});
