/** Every block of the pages that people paste from is executed, or is listed with the reason why not. */
import { expect, test } from "vitest";
import { EXAMPLES, blocksOf, examplesBy } from "../../support/doc-examples.ts";
import type { EdgeWay, RingWay } from "../../support/doc-examples.ts";

test.for(Object.keys(EXAMPLES))("%s: each block is listed in test/support/doc-examples.ts, in its order", (page) => {
  const listed = EXAMPLES[page]?.map(([begins]) => begins);
  expect(blocksOf(page).map(({ begins }) => begins)).toEqual(listed);
});

test("a block is not executed for a reason only", () => {
  const reasons = Object.values(EXAMPLES).flatMap((listed) =>
    listed.flatMap(([, way]) => (typeof way === "string" ? [] : way.because)),
  );
  expect(reasons.filter((because) => because.trim() === "")).toEqual([]);
});

test("README shows each of the four ways to verify in at most ten lines, executed", () => {
  const ways = ["worker", "routes", "verifier"];
  const shown = examplesBy((way): way is RingWay | EdgeWay => ways.includes(way)).filter(
    ({ page }) => page === "README.md",
  );
  expect(shown.map(({ way }) => way).toSorted()).toEqual(["routes", "verifier", "verifier", "worker"]);
  for (const { code, begins } of shown) expect(code.trim().split("\n").length, begins).toBeLessThanOrEqual(10);
});
