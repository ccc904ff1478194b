/** Whole numbers with a lower bound: what counts as one, as a value and as a text. */
import { expect, test } from "vitest";
import { isWholeNumber, parseWholeNumber } from "../../../shared/whole-number.ts";

test.each([0, 1, Number.MAX_SAFE_INTEGER])("%d is one", (value) => {
  expect(isWholeNumber(value, 0)).toBe(true);
  expect(parseWholeNumber(String(value), 0)).toBe(value);
});

test.each([Number.NaN, Infinity, 1.5, -1, 2 ** 53, "1", undefined, null])("%s is none", (value) => {
  expect(isWholeNumber(value, 0)).toBe(false);
});

test.each(["", " 1", "1 ", "+1", "-1", "1e3", "0x10", "1.0", "9007199254740993"])("%j is no text of one", (text) => {
  expect(parseWholeNumber(text, 0)).toBeUndefined();
});

test("the lower bound counts", () => {
  expect([isWholeNumber(0, 1), isWholeNumber(1, 1)]).toEqual([false, true]);
  expect([parseWholeNumber("0", 1), parseWholeNumber("1", 1)]).toEqual([undefined, 1]);
});
