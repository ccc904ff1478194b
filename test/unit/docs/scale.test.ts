/** docs/scale.md and the costs in README.md are what the script reckons from the published run of the benchmark. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { COST_TABLE, costTable, keysInMonth } from "../../../tools/cost.ts";
import { isolatesFor, kvReadsFor } from "../../../tools/figures.ts";
import { scalePage } from "../../../tools/scale.ts";

const read = (page: string): string => readFileSync(new URL(`../../../docs/${page}`, import.meta.url), "utf8");

test("the page is what node tools/scale.ts writes", () => {
  expect(read("scale.md")).toBe(scalePage());
});

test("the README's table of costs is what node tools/scale.ts writes", () => {
  expect(COST_TABLE.exec(read("../README.md"))?.[0]).toBe(`${costTable()}\n`);
});

test("a key is billed from the rotation before the month on, and without end where retired keys stay", () => {
  expect([1, 2, 12, 24].map((month) => keysInMonth(month, false))).toEqual([3, 4, 14, 26]);
  expect([1, 12, 24].map((month) => keysInMonth(month, true))).toEqual([3, 3, 3]);
});

test("isolates and their reads follow locations until one location is busier than one isolate", () => {
  expect(isolatesFor(10, 1)).toBe(1);
  expect(isolatesFor(10, 300)).toBe(300);
  expect(isolatesFor(1_000_000, 1)).toBe(isolatesFor(1_000_000, 300));
  expect(kvReadsFor(300)).toBeCloseTo(16);
});
