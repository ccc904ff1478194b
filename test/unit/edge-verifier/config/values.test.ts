/** Reading single values of vars and bindings. */
import { expect, test } from "vitest";
import {
  canDo,
  readBindings,
  readJson,
  readList,
  readOriginUrl,
  readWholeNumber,
} from "../../../../edge-verifier/config/values.ts";
import { errorOf, valueOf } from "../../../support/values.ts";

test("what is empty is not there", () => {
  expect(readBindings({ a: "", b: undefined, c: null, d: " ", e: 0, f: false })).toEqual({ d: " ", e: 0, f: false });
});

test.each([
  ["a, b ,c", ["a", "b", "c"]],
  [
    ["a", "b,c"],
    ["a", "b,c"],
  ],
  ["a,,b", undefined],
  ["a,", undefined],
  [["a", ""], undefined],
  [["a", 1], undefined],
  [7, undefined],
])("the list %j is %j", (value, expected) => {
  expect(readList(value)).toEqual(expected);
});

test.each([
  ["12", 12],
  [12, 12],
  ["-1", undefined],
  ["1.0", undefined],
  ["1e3", undefined],
  [" 1", undefined],
  [1.5, undefined],
  [2 ** 53, undefined],
  ["9007199254740993", undefined],
  [Number.NaN, undefined],
  [true, undefined],
])("the whole number %j is %j", (value, expected) => {
  expect(readWholeNumber(value)).toBe(expected);
});

test.each([
  ['{"a":1}', { a: 1 }],
  [{ a: 1 }, { a: 1 }],
  ["{", undefined],
])("the JSON %j is %j", (value, expected) => {
  expect(readJson(value)).toEqual(expected);
});

test("a binding is known by what it can do", () => {
  expect(canDo({ get: () => undefined }, "get")).toBe(true);
  for (const other of [{ get: "text" }, {}, null, undefined, "get"]) expect(canDo(other, "get")).toBe(false);
});

test("the base URL of an origin has a normal form without a slash at the end, and a plain path", () => {
  expect(valueOf(readOriginUrl("HTTPS://Origin.Example.com/Base/"))).toBe("https://origin.example.com/Base");
  expect(errorOf(readOriginUrl("https://origin.example.com/a//b"))).toBe("must not have an ambiguous path");
});
