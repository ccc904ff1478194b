import { expect, test } from "vitest";
import { takeTime } from "../../../../issuer/cli/time-option.ts";

test.each([
  ["0", 0],
  ["1795828199", 1_795_828_199],
  ["2026-11-28T01:09:59Z", 1_795_828_199],
  ["2026-11-28T01:09:59.5Z", 1_795_828_199.5],
])("%s is a time", (text, time) => {
  expect(takeTime("--expires-at", text)).toBe(time);
});

test.each([
  "",
  "tomorrow",
  "-1",
  "1e9",
  "1795828199.5",
  "2026-11-28",
  "2026-11-28T01:09:59",
  "2026-13-28T01:09:59Z",
  "2026-11-28T01:09:59+02:00",
  "9999999999999",
])("%j is none, and the option is named", (text) => {
  expect(() => takeTime("--expires-at", text)).toThrow("--expires-at must be epoch seconds");
});
