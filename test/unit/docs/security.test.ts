/** Every promise of docs/security.md names a test that exists. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const PAGE = readFileSync(`${ROOT}docs/security.md`, "utf8");
const PROMISES = PAGE.slice(PAGE.indexOf("## What is promised"), PAGE.indexOf("## What is not promised"));
const ROWS = PROMISES.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| promise "));
const ROW = /^\| (?<promise>[^|]+) \| "(?<name>[^|]+)" in \[(?<path>test\/[^\]]+)\]\(\.\.\/\k<path>\) \|$/;

test("there are promises", () => {
  expect(ROWS.length).toBeGreaterThanOrEqual(20);
});

test.each(ROWS)("%s", (row) => {
  const { name = "", path = "" } = ROW.exec(row)?.groups ?? {};
  expect(name).not.toBe("");
  const source = readFileSync(`${ROOT}${path}`, "utf8");
  expect(source).toContain(JSON.stringify(name));
});
