/** The published run of the benchmark: the page and the JSON file are one result, and a suite that was not run is named. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { benchRunOf, renderJson, renderPage } from "../../../bench/lib/run.ts";
import { figureOf, figuresOf, measuredOf, PERFORMANCE, publishedRun } from "../../../tools/performance.ts";

const run = publishedRun();
const PAGE = readFileSync(new URL("../../../docs/performance-run.md", import.meta.url), "utf8");

test("docs/performance-run.md and docs/performance.json are what one run has written", () => {
  expect(PAGE).toBe(renderPage(run));
  expect(readFileSync(PERFORMANCE, "utf8")).toBe(renderJson(run));
});

test("a figure is the number that the page's table shows", () => {
  const { cpuUs, ratio } = figureOf(run, "gateway", "RS256", "sealgate, remembered");
  expect(PAGE).toMatch(new RegExp(String.raw`\| sealgate, remembered +\| +${cpuUs} \|.*\| +${ratio}\d* \|`));
});

test("samples are not published", () => {
  const suites = benchRunOf([{ suite: "verify", tables: [], budgets: [], data: ["sample"] }], run).suites;
  expect(suites).toEqual([{ suite: "verify", tables: [], budgets: [] }]);
});

test("what was not measured is named, with the command that measures it", () => {
  const words = /npm run bench -- --markdown/;
  expect(() => figuresOf(run, "verify", "HS256")).toThrow(words);
  expect(() => figureOf(run, "verify", "RS256", "nothing")).toThrow(words);
  expect(() => measuredOf(run, "nothing")).toThrow(words);
});
