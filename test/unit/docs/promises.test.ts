/** Every promise of docs/security.md, and every fault that docs/reliability.md stands on, names a test that exists: test/PROMISES.md. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const APPENDIX = readFileSync(`${ROOT}test/PROMISES.md`, "utf8");
const ROWS = APPENDIX.split("\n").filter((line) => /^\| (?!-|fault |claim |promise )/.test(line));

/** The last cell: a file, and the title of a test or of a group of tests in it. Without a title all of the file is meant. */
const TESTED = /`(?<file>test\/[\w./-]+\.test\.ts)`(?: "(?<name>.+)")? \|$/;

/** A title stands in the source as it is, between quotes. */
function hasTest(source: string, name: string): boolean {
  return source.includes(JSON.stringify(name)) || source.includes(`\`${name}\``);
}

describe("test/PROMISES.md", () => {
  test("has the faults at the gateway and at the issuer", () => {
    expect(ROWS.length).toBeGreaterThan(75);
  });

  test.for(ROWS)("%s", (row) => {
    const { file = "", name } = TESTED.exec(row)?.groups ?? {};
    expect(file, "names no test").not.toBe("");
    expect(existsSync(ROOT + file), file).toBe(true);
    expect(name === undefined || hasTest(readFileSync(ROOT + file, "utf8"), name), name).toBe(true);
  });
});

test("each promise of docs/security.md has one row, and no row is without its promise", () => {
  const promisesIn = (text: string): readonly string[] =>
    [...text.matchAll(/^\| (S\d+) \|/gm)].map(([, id = ""]) => id);
  const promised = promisesIn(readFileSync(`${ROOT}docs/security.md`, "utf8"));
  expect(promised.length).toBeGreaterThanOrEqual(30);
  expect(new Set(promised).size).toBe(promised.length);
  expect(promisesIn(APPENDIX)).toEqual(promised);
});
