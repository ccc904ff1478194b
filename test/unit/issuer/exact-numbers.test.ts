/** A number that JavaScript reads as another number is refused; every number that it keeps is read, however it is written. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseExactJsonObject } from "../../../issuer/exact-numbers.ts";
import { errorOf, valueOf } from "../../support/values.ts";

const read = (literal: string): unknown => valueOf(parseExactJsonObject(`{"a":${literal}}`))["a"];

describe("a number is read", () => {
  test.each([
    ["0", 0],
    ["0.000", 0],
    ["0e999", 0],
    ["1.50", 1.5],
    ["100", 100],
    ["1e2", 100],
    ["1E+2", 100],
    ["120e-1", 12],
    ["-1.5e-3", -0.0015],
    ["0.1", 0.1],
    ["9007199254740991", 9_007_199_254_740_991],
    ["1e21", 1e21],
    ["1000000000000000000000", 1e21],
    ["5e-324", 5e-324],
    ["1.7976931348623157e308", 1.7976931348623157e308],
  ])("%s as %d", (literal, value) => {
    expect(read(literal)).toBe(value);
  });

  test("in whatever way JavaScript writes it", () => {
    const numbers = fc.double({ noNaN: true, noDefaultInfinity: true }).filter((one) => !Object.is(one, -0));
    const isExact = (one: number): boolean => !Number.isInteger(one) || Number.isSafeInteger(one);
    fc.assert(
      fc.property(numbers.filter(isExact), (one) => {
        for (const literal of [String(one), one.toExponential()]) expect(read(literal)).toBe(one);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("a number is refused", () => {
  test.each([
    "9007199254740993",
    "-9007199254740993",
    "9007199254740993.0",
    "9007199254740993e0",
    "0.12345678901234567890",
    "1e999",
    "-1e999",
    "1e-999",
    "1.00000000000000000001",
    "100000000000000000000001",
  ])("that is not kept: %s", (literal) => {
    for (const text of [`{"a":${literal}}`, `{"a":[{"b":${literal}}]}`, `{"a":"x","b":"1\\"2",\n "c" : ${literal} }`]) {
      expect(() => parseExactJsonObject(text)).toThrow(expect.objectContaining({ code: "claims_refused" }));
    }
  });

  test("without a word of the claims", () => {
    const parse = (): unknown => parseExactJsonObject('{"canary":9007199254740995}');
    expect(parse).toThrow(/more digits than a JSON number keeps/);
    expect(parse).not.toThrow(/canary|9007199254740995/);
  });
});

test("digits in a string or a name are no number", () => {
  const text = '{"9007199254740993":"9007199254740993","b":"\\\\","c":"\\"1e999","d":["1e-999"]}';
  expect(valueOf(parseExactJsonObject(text))).toEqual(JSON.parse(text));
});

test.each(["", "{", "[]", "1e999", '{"a":1,"a":1}', '{"a":01}'])(
  "what is no object of strict JSON is a problem: %s",
  (text) => {
    expect(errorOf(parseExactJsonObject(text))).toBeDefined();
  },
);

test("a number with 30,000 zeros behind its point is the number without them", () => {
  const zeros = "0".repeat(30_000);
  expect(read(`1.${zeros}`)).toBe(1);
  expect(() => read(`1.${zeros}1`)).toThrow(expect.objectContaining({ code: "claims_refused" }));
});
