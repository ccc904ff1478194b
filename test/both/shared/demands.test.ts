/** What types demand, at run time: a time or a duration that is no number would leave a check out. */
import { describe, expect, test } from "vitest";
import { demand, requireNow, requireSeconds } from "../../../shared/demands.ts";
import { seconds } from "../../support/key-sets.ts";

/** A caller in JavaScript, for whom every value has the right type. */
const unchecked = (value: unknown): never => value as never;

test("a rule that does not hold is a TypeError with the rule as its message", () => {
  expect(() => demand(true, "the rule")).not.toThrow();
  expect(() => demand(false, "the rule")).toThrow(new TypeError("the rule"));
});

describe("a time", () => {
  test.each([0, 1, 1_800_000_000])("of %d seconds is one", (now) => {
    expect(() => requireNow(seconds(now))).not.toThrow();
  });

  test.each([undefined, null, Number.NaN, Infinity, -Infinity, -1, "1800000000", true, [1], new Date(0)])(
    "that is %s is refused",
    (now) => {
      expect(() => requireNow(unchecked(now))).toThrow(new TypeError("now must be epoch seconds"));
    },
  );

  test("later than a date can be is in another unit", () => {
    expect(() => requireNow(unchecked(8_640_000_000_000))).not.toThrow();
    expect(() => requireNow(unchecked(8_640_000_000_001))).toThrow(TypeError);
  });
});

describe("a duration", () => {
  test.each([0, 0.5, 60, Number.MAX_SAFE_INTEGER])("of %d seconds is one", (duration) => {
    expect(() => requireSeconds("skew", duration)).not.toThrow();
  });

  test.each([undefined, null, Number.NaN, Infinity, -0.001, -1, "60", 60n, [60], {}])(
    "that is %s is refused by its name",
    (duration) => {
      const refused = (): void => requireSeconds("skew", unchecked(duration));
      expect(refused).toThrow(new TypeError("skew must be a number of seconds, at least 0"));
    },
  );
});
