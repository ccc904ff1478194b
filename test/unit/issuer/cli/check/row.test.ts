/** The rows of a check. */
import { expect, test } from "vitest";
import { fine, rowsOr, skipped, wrong } from "../../../../../issuer/cli/check/row.ts";

test("a check that finds mistakes says them, and otherwise that there is none", () => {
  const mistake = wrong("cache", "It is on.", "Switch it off.", "cache");
  expect(rowsOr([mistake], fine("cache", "It is off."))).toEqual([mistake]);
  expect(rowsOr([], fine("cache", "It is off."))).toEqual([{ check: "cache", status: "ok", message: "It is off." }]);
  expect(skipped("gateway", "It was not asked.").status).toBe("skipped");
});
