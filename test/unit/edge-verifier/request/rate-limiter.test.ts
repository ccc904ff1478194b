/** A rate limiting binding, and what it does not tell. How it is used: caller-limit.test.ts, refusal-limit.test.ts. */
import { expect, test } from "vitest";
import { readRateLimiter } from "../../../../edge-verifier/request/rate-limiter.ts";
import { given } from "../../../support/values.ts";

const report = (variable: string, problem: string): undefined => {
  throw new TypeError(`${variable} ${problem}`);
};

test("says yes or no, and when to try again", async () => {
  const binding = { limit: ({ key }: { key: string }) => Promise.resolve({ success: key === "good" }) };
  const limiter = given(readRateLimiter({ X: binding, X_PERIOD_SECONDS: "10" }, "X", report));
  expect(limiter.retryAfter).toEqual({ "Retry-After": "10" });
  expect([await limiter.isOverLimit("good"), await limiter.isOverLimit("bad")]).toEqual([false, true]);
  expect(given(readRateLimiter({ X: binding }, "X", report)).retryAfter).toEqual({ "Retry-After": "60" });
});

test("limits no client while it fails", async () => {
  const binding = { limit: () => Promise.reject(new Error("down")) };
  expect(await given(readRateLimiter({ X: binding }, "X", report)).isOverLimit("any")).toBe(false);
});

test("is off without the binding", () => {
  expect(readRateLimiter({}, "X", report)).toBeUndefined();
});
