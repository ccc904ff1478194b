/** Times and durations in words. */
import { expect, test } from "vitest";
import { describeDistance, describeDuration } from "../../../../issuer/words/time.ts";

test.each([
  [0.4, "0 s"],
  [59.6, "1 min"],
  [3600, "1 h"],
  [12_000, "3 h 20 min"],
  [172_805, "2 d 5 s"],
])("%d s is %s", (duration, text) => {
  expect(describeDuration(duration)).toBe(text);
});

test.each([
  [12_000, "in 3 h 20 min"],
  [-172_800, "2 d ago"],
  [0.5, "now"],
])("%d s from now is %s", (distance, text) => {
  expect(describeDistance(distance)).toBe(text);
});
