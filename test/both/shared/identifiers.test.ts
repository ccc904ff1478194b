/** The constructors of branded names and times: what they let through, and what not. */
import { describe, expect, test } from "vitest";
import {
  addSeconds,
  epochSecondsFromMs,
  parseAudience,
  parseEpochSeconds,
  parseIssuerUrl,
  parseKid,
  parseRingName,
} from "../../../shared/identifiers.ts";

const NOT_NAMES: readonly (readonly [string, unknown])[] = [
  ["the empty string", ""],
  ["a space", "a b"],
  ["a tab", "a\tb"],
  ["a trailing newline", "kid\n"],
  ["a NUL", "kid\0"],
  ["DEL", "kid\u007f"],
  ["a letter outside ASCII", "clé"],
  ["a full-width letter", "ｋid"],
  ["513 characters", "k".repeat(513)],
  ["undefined", undefined],
  ["null", null],
  ["a number", 7],
  ["a boolean", true],
  ["an array that prints like a name", ["kid"]],
  ["an object that prints like a name", { toString: () => "kid" }],
];

describe.each([
  ["parseKid", parseKid],
  ["parseAudience", parseAudience],
] as const)("%s", (_name, parse) => {
  test.each([
    "a",
    "k".repeat(512),
    "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
    "!~",
    "__proto__",
    "../../etc/passwd",
  ])("returns %j as it is", (name) => {
    expect(parse(name)).toBe(name);
  });

  test.each(NOT_NAMES)("refuses %s", (_case, value) => {
    expect(parse(value)).toBeUndefined();
  });
});

describe("parseIssuerUrl", () => {
  test.each([
    "https://auth.example.com",
    "https://auth.example.com/",
    "https://auth.example.com:8443/tenant/a",
    "http://localhost:8080",
    "http://127.0.0.1",
    "http://127.1.2.3:1234",
    "http://[::1]:8080",
  ])("accepts %s unchanged", (issuer) => {
    expect(parseIssuerUrl(issuer)).toEqual({ ok: true, value: issuer });
  });

  test.each(NOT_NAMES)("refuses %s", (_case, value) => {
    expect(parseIssuerUrl(value)).toEqual({
      ok: false,
      error: "must be one URL, without a comma, of at most 512 visible ASCII characters",
    });
  });

  test.each([
    ["auth.example.com", "must be an absolute URL"],
    ["//auth.example.com", "must be an absolute URL"],
    ["https://auth.example.com?tenant=a", "must have neither credentials nor query nor fragment"],
    ["https://auth.example.com/?", "must have neither credentials nor query nor fragment"],
    ["https://auth.example.com/#", "must have neither credentials nor query nor fragment"],
    ["https://user@auth.example.com", "must have neither credentials nor query nor fragment"],
    ["https://:secret@auth.example.com", "must have neither credentials nor query nor fragment"],
    ["http://auth.example.com", "must use https, or http on a loopback host"],
    ["http://localhost.example.com", "must use https, or http on a loopback host"],
    ["http://127.0.0.1.example.com", "must use https, or http on a loopback host"],
    ["http://128.0.0.1", "must use https, or http on a loopback host"],
    ["ftp://localhost", "must use https, or http on a loopback host"],
    ["urn:example:issuer", "must use https, or http on a loopback host"],
    [
      "https://a.example,https://b.example",
      "must be one URL, without a comma, of at most 512 visible ASCII characters",
    ],
    [
      "https://a.example/x,https://b.example/y",
      "must be one URL, without a comma, of at most 512 visible ASCII characters",
    ],
    ["https://*.example.com", "must name one host, without * or a comma"],
  ])("refuses %s: %s", (issuer, problem) => {
    expect(parseIssuerUrl(issuer)).toEqual({ ok: false, error: problem });
  });
});

describe("parseRingName", () => {
  test.each(["main", "a", "0", "eu-west-1", "a".repeat(63)])("accepts %s", (name) => {
    expect(parseRingName(name)).toBe(name);
  });

  test.each([
    [""],
    ["Main"],
    ["-main"],
    ["main-"],
    ["a_b"],
    ["a/b"],
    ["a:b"],
    ["main\n"],
    ["a".repeat(64)],
    [undefined],
    [1],
    [["main"]],
  ])("refuses %j", (name) => {
    expect(parseRingName(name)).toBeUndefined();
  });
});

describe("parseEpochSeconds", () => {
  test.each([0, 1, 1_800_000_000, 1_800_000_000.5, 8_640_000_000_000])("accepts %d", (time) => {
    expect(parseEpochSeconds(time)).toBe(time);
  });

  test.each([
    [-1],
    [-0.001],
    [8_640_000_000_001],
    [1e300],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [Number.NEGATIVE_INFINITY],
    ["1800000000"],
    [""],
    [null],
    [undefined],
    [true],
    [1_800_000_000n],
    [[1_800_000_000]],
    [{ valueOf: () => 1_800_000_000 }],
    [new Date(0)],
  ])("refuses %o", (time) => {
    expect(parseEpochSeconds(time)).toBeUndefined();
  });
});

test("epochSecondsFromMs rounds down to whole seconds", () => {
  expect(epochSecondsFromMs(1_800_000_000_999)).toBe(1_800_000_000);
  expect(epochSecondsFromMs(1_800_000_000_000)).toBe(1_800_000_000);
  expect(epochSecondsFromMs(1_799_999_999_999)).toBe(1_799_999_999);
});

describe("addSeconds", () => {
  const time = epochSecondsFromMs(1_800_000_000_000);

  test("is later, or earlier by a negative number", () => {
    expect(addSeconds(time, 331)).toBe(1_800_000_331);
    expect(addSeconds(time, -1)).toBe(1_799_999_999);
  });

  test.each([8_640_000_000_000, -1_800_000_001, Number.NaN])("refuses to leave the range of dates: %s", (seconds) => {
    expect(() => addSeconds(time, seconds)).toThrow(RangeError);
  });
});
