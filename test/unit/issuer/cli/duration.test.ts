/** Durations as people type them. */
import { expect, test } from "vitest";
import { durationToSeconds } from "../../../../issuer/cli/duration.ts";

test.each([
  ["90s", "90"],
  ["5m", "300"],
  ["1h", "3600"],
  ["7d", "604800"],
  ["007m", "420"],
])("%s is %s seconds", (text, seconds) => {
  expect(durationToSeconds(text)).toBe(seconds);
});

test.each(["60", "5 m", "1h30m", "-5m", "1.5h", "5M", "5w", "", "m", "1e3s", "5mtoString"])(
  "%j is left to its reader",
  (text) => {
    expect(durationToSeconds(text)).toBe(text);
  },
);
