/** What a person and a program see of the findings. */
import { expect, test } from "vitest";
import { isInOrder, renderRows, rowsToJson } from "../../../../../issuer/cli/check/render.ts";
import { fine, skipped, wrong } from "../../../../../issuer/cli/check/row.ts";

const ROWS = [
  skipped("gateway", "It was not asked."),
  wrong("cache", "It is on.", "Switch it off.", "cache"),
  fine("config", "It can be read."),
];

test("a line for each row in the order of the checks, and what to do under a mistake", () => {
  expect(renderRows(ROWS, (_style, text) => text)).toBe(
    [
      "✓ config            It can be read.",
      "✗ cache             It is on.",
      "                    → Switch it off.",
      "– gateway           It was not asked.",
      "1 to repair, 1 skipped",
      "",
    ].join("\n"),
  );
});

test("only the marks are coloured", () => {
  expect(renderRows(ROWS, (style, text) => `<${style}>${text}`)).toContain("<red>✗ cache ");
});

test("the same as JSON; what was skipped is not wrong", () => {
  expect(rowsToJson(ROWS, "production")).toMatchObject({
    ok: false,
    environment: "production",
    checks: [{ check: "config" }, { variable: "cache" }, {}],
  });
  expect(isInOrder(ROWS)).toBe(false);
  expect(isInOrder(ROWS.slice(2))).toBe(true);
  expect(renderRows(ROWS.slice(2), (_style, text) => text)).toMatch(/\nnothing is wrong\n$/);
});
