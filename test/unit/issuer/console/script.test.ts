/** The page's module is there in the repository without a build. */
import { expect, test } from "vitest";
import { readPageScript } from "../../../../issuer/console/script.ts";

test("in the repository it is bundled at the start, self-contained", async () => {
  const script = await readPageScript();
  expect(script).toContain("/ring");
  expect(script).not.toMatch(/\bimport\s*[("{]/);
});
