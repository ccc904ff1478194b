/** docs/differential-jose.md explains each reason that the comparison allows, and no other; its counts add up. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { jsonObject } from "../../support/values.ts";
import { STRICTER } from "../differential-reasons.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const page = readFileSync(`${ROOT}docs/differential-jose.md`, "utf8");

function count(text: string | undefined): number {
  return Number(text?.replaceAll(",", ""));
}

const explained = [...page.matchAll(/^\| `([a-z_0-9 ]+)` \| ([\d,]+) \| .{5,} \| .{5,} \|$/gm)].map(
  ([, name, tokens]) => ({
    name,
    tokens: count(tokens),
  }),
);

test("every reason is explained once, and none that does not exist", () => {
  const names = explained.map(({ name }) => name);
  expect(new Set(names)).toEqual(new Set(Object.keys(STRICTER)));
  expect(names).toHaveLength(Object.keys(STRICTER).length);
});

test("the counts add up to the run, and each reason was met", () => {
  const verdicts = [...page.matchAll(/^\| (?:both|only|other)[^|`]* \| ([\d,]+) \|$/gm)].map(([, tokens]) =>
    count(tokens),
  );
  const disagreements = explained.reduce((sum, { tokens }) => sum + tokens, 0);
  expect(verdicts).toHaveLength(5);
  expect(verdicts.reduce((sum, tokens) => sum + tokens)).toBe(100_000);
  expect(verdicts[2]).toBe(disagreements);
  expect(explained.every(({ tokens }) => tokens > 0)).toBe(true);
});

test("the version compared with is the one that is installed", () => {
  const { devDependencies } = jsonObject(readFileSync(`${ROOT}package.json`, "utf8"));
  expect(page).toContain(`\n${String((devDependencies as Record<string, unknown>)["jose"])} (`);
});
