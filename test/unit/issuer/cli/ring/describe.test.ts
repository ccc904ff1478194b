/** Times of a ring in words. */
import { describe, expect, test } from "vitest";
import { describeAge } from "../../../../../issuer/cli/ring/describe.ts";
import { seconds } from "../../../../support/key-sets.ts";

const NOW = seconds(1_800_000_000);

describe("the age of a key", () => {
  test.each([
    ["Enabled", 90_061, "1 d 1 h"],
    ["Disabled", 60, "1 min"],
    ["Enabled", 0, "0 s"],
    ["Enabled", -3, "0 s"],
  ])("that is %s and was made %d s ago is %s", (keyState, age, text) => {
    expect(describeAge({ keyState, createdAt: seconds(NOW - age) }, NOW)).toBe(text);
  });

  test("that KMS does not find is not known", () => {
    expect(describeAge({ keyState: "NotFound", createdAt: seconds(0) }, NOW)).toBe("-");
  });
});
