import { describe, expect, test } from "vitest";
import {
  earliestInForce,
  endOf,
  entryKey,
  listEntries,
  parseEntryKey,
  timeKey,
} from "../../../../issuer/revocations/entry.ts";
import { revocationPrefix } from "../../../../shared/revocations/prefix.ts";
import { timeOf, tokenEntry } from "../../../support/revocation-store-contract.ts";
import { given } from "../../../support/values.ts";

const TIMING = { clockSkewSeconds: 60, maxTokenTtlSeconds: 3600 };
const AT = 1_800_000_000;
const TOKEN = "1800000000#jti#AAAAAAAAAAA";
const UNKNOWN_END = "1800000000#jti#AAAAAAAAAAA#r";
const SESSION = "1800000000#sid#AAAAAAAAAAAAAAAAAAAAAA#r";
const SUBJECT = "1800000000#sub#AAAAAAAAAAAAAAAAAAAAAA";

test.each([TOKEN, UNKNOWN_END, SESSION, SUBJECT])("%s is read and written", (key) => {
  expect(entryKey(given(parseEntryKey(key)))).toBe(key);
});

test.each([
  "",
  "#jti#AAAAAAAAAAA",
  "180000000#jti#AAAAAAAAAAA",
  "1800000000#jti#AAAAAAAAAAAAAAAAAAAAAA",
  "1800000000#jti#AAAAAAAAAAB",
  "1800000000#sid#AAAAAAAAAAAAAAAAAAAAAA",
  "1800000000#sub#AAAAAAAAAAAAAAAAAAAAAA#r",
  "18000000000#sub#AAAAAAAAAAAAAAAAAAAAAA",
  "1e00000009#sub#AAAAAAAAAAAAAAAAAAAAAA",
  "1800000000#aud#AAAAAAAAAAA",
  ` ${TOKEN}`,
])("%j is no entry", (key) => {
  expect(parseEntryKey(key)).toBeUndefined();
});

// An edge accepts until exp + K by its own clock, which the rotator's may be K ahead of.
test.each([
  [TOKEN, 2 * 60],
  [UNKNOWN_END, 3600 + 3 * 60],
  [SESSION, 900 + 3600 + 3 * 60],
  [SUBJECT, 3600 + 2 * 60],
])("%s counts for %i more seconds", (key, seconds) => {
  expect(endOf(given(parseEntryKey(key)), TIMING)).toBe(AT + seconds);
});

// Keys are read from there on, and no entry that counts may be before it.
test.each([TOKEN, UNKNOWN_END, SESSION, SUBJECT])("%s has ended when it is before the earliest that counts", (key) => {
  const end = endOf(given(parseEntryKey(key)), TIMING);
  expect(key >= timeKey(earliestInForce(TIMING, timeOf(end - 0.5)))).toBe(true);
  expect(key < timeKey(earliestInForce(TIMING, timeOf(AT + 4681)))).toBe(true);
});

test("keys are in the order of their times", () => {
  const times = [timeOf(9), timeOf(999_999_999), timeOf(AT), timeOf(AT + 0.5), timeOf(AT + 1)].map(timeKey);
  expect(times).toEqual(["0000000009", "0999999999", "1800000000", "1800000000", "1800000001"]);
});

describe("the list", () => {
  test("holds an entry until its end, by the timing in force and not by the revoker's", () => {
    const entry = tokenEntry("a", AT);
    expect(listEntries([entry], TIMING, timeOf(AT + 119))).toHaveLength(1);
    expect(listEntries([entry], TIMING, timeOf(AT + 120))).toEqual([]);
    expect(listEntries([entry], { ...TIMING, clockSkewSeconds: 90 }, timeOf(AT + 179))).toHaveLength(1);
  });

  test("names the cut of a subject", () => {
    const prefix = revocationPrefix("sub", "https://auth.example.com", "alice");
    expect(listEntries([{ kind: "sub", prefix, cut: timeOf(AT) }], TIMING, timeOf(AT))).toEqual([
      { kind: "sub", prefix, cut: AT, endsAt: AT + 3720 },
    ]);
  });
});
