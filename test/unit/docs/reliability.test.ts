/** docs/reliability.md names tests that exist, and says the numbers that the formulas give. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { DEFAULT_TIMING, outageSurvivedSeconds, stalenessBoundSeconds } from "../../../shared/timing.ts";
import { ringPolicy } from "../../support/ring-world.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const page = readFileSync(`${ROOT}docs/reliability.md`, "utf8");

/** A file, and the title of a test or of a group of tests in it. */
const named = [...page.matchAll(/`(test\/[\w./-]+\.test\.ts)` "(.+?)" \|$/gm)].map(([, file = "", name = ""]) => ({
  file,
  name,
}));
const rows = page.split("\n").filter((line) => /^\| (?!-|fault|what is claimed|number)/.test(line));

/** Formatting may break a title's line, but never the title: it stands in the source as it is, between quotes. */
function hasTest(source: string, name: string): boolean {
  return ['"', "`"].some((quote) =>
    source.includes(`${quote}${quote === "`" ? name : name.replaceAll('"', '\\"')}${quote}`),
  );
}

describe("docs/reliability.md", () => {
  test("has a test for each row", () => {
    expect(named.length).toBeGreaterThan(40);
    const measured = rows.filter((row) => !row.includes("`test/"));
    // The three rows of numbers are measured by the test that is named above them.
    expect(measured.filter((row) => !row.endsWith(" s |"))).toEqual([]);
    expect(measured).toHaveLength(3);
  });

  test.each(named)("$file: $name", ({ file, name }) => {
    expect(existsSync(ROOT + file)).toBe(true);
    expect(hasTest(readFileSync(ROOT + file, "utf8"), name)).toBe(true);
  });

  test("names no file that does not exist", () => {
    for (const [, file = ""] of page.matchAll(/`((?:test|shared|docs)\/[\w./-]+)`/g))
      expect(existsSync(ROOT + file)).toBe(true);
  });

  test("says the numbers of a default ring", () => {
    const policy = ringPolicy();
    const grouped = (value: number): string => value.toLocaleString("en-US");
    expect(policy.timing).toEqual(DEFAULT_TIMING);
    expect(page).toContain(`${grouped(policy.documentLifetimeSeconds)} s life of a document`);
    expect(page).toContain(`R ${policy.reconcileEverySeconds} s between two runs`);
    expect(page).toContain(`= ${stalenessBoundSeconds(policy.timing)} s**`);
    expect(page).toContain(`= ${grouped(outageSurvivedSeconds(policy.timing, policy))} s**`);
  });
});
