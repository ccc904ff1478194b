/** Every block of the pages that people paste from is executed, or is listed with the reason why not. */
import { expect, test } from "vitest";
import { EXAMPLES, blocksOf } from "../../support/doc-examples.ts";

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
