/** docs/errors.md and the code know the same codes, each with a cause and an action of its own. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { ALL_PROBLEMS } from "../../../edge-verifier/http/feature-problems.ts";
import { PROBLEM_EFFECTS } from "../../../issuer/key-ring/model/plan.ts";
import { declaredCodes } from "../../support/declared-codes.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const ROW = /^\| `([a-z_0-9]+)` \|/gm;

/** Codes that are passed on without a type of their own: answers of `sealgate serve`, and what commands print. */
const SPOKEN = {
  "issuer/http/app.ts": /\bproblem\(context, \d+, "([a-z_]+)"/g,
  "issuer/cli/program.ts": /return (?:.* \? )?"([a-z_]+)"(?: : "([a-z_]+)")?;/g,
};

const declared = new Set([
  ...declaredCodes(ROOT, ["shared", "issuer", "edge-verifier"]),
  ...Object.entries(SPOKEN).flatMap(([file, pattern]) =>
    [...readFileSync(ROOT + file, "utf8").matchAll(pattern)].flatMap(([, ...codes]) =>
      codes.filter((code) => code !== undefined),
    ),
  ),
]);
const PAGE = readFileSync(`${ROOT}docs/errors.md`, "utf8");
const documented = [...PAGE.matchAll(ROW)].map(([, code = ""]) => code);

test("the scan finds the codes of every family", () => {
  for (const code of [
    "kms_throttled",
    "signature_invalid",
    "key_set_missing",
    "invalid_token",
    "standby_not_ready",
    "unauthorized",
    "unexpected",
    "usage_invalid",
    "interrupted",
  ]) {
    expect(declared).toContain(code);
  }
  expect(declared.size).toBeGreaterThan(90);
});

test("every code is documented", () => {
  expect([...declared].filter((code) => !documented.includes(code))).toEqual([]);
});

test("every documented code exists", () => {
  expect(documented.filter((code) => !declared.has(code))).toEqual([]);
});

test("which problems of a ring fail a run is documented as the rotator has it", () => {
  const section = PAGE.split("### Problems of the ring")[1]?.split(/^## /m)[0] ?? "";
  const rows = [...section.matchAll(/^\| `(\w+)` \| (\w+) \|/gm)].map(([, code, effect]) => [code, effect]);
  // Documented among the faults of publishing, with the same code.
  const { clock_skewed: _, ...others } = PROBLEM_EFFECTS;
  expect(Object.fromEntries(rows)).toEqual(others);
});

test("every code is documented once", () => {
  expect(documented.filter((code, index) => documented.indexOf(code) !== index)).toEqual([]);
});

/** The cells of each row that begins with a code. */
const rows = PAGE.split("\n")
  .filter((line) => /^\| `[a-z_0-9]+` \|/.test(line))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );

test("every code has a cause and an action, and none refers to the row above", () => {
  const wanting = rows.filter((cells) => cells.slice(-2).some((cell) => !/\w{3}/.test(cell) || /\babove\b/.test(cell)));
  expect(wanting).toEqual([]);
});

test("status and challenge of what a client sees are the gateway's", () => {
  const source = readFileSync(`${ROOT}edge-verifier/request/refusal.ts`, "utf8");
  const [, codes = ""] = /const ALSO_CHALLENGED\b[^=]*= \[(.*?)\];/s.exec(source) ?? [];
  const alsoChallenged = [...codes.matchAll(/"(\w+)"/g)].map(([, code]) => code);
  expect(alsoChallenged).toContain("insufficient_scope");
  for (const [code, { status }] of Object.entries(ALL_PROBLEMS)) {
    const row = rows.find(([name]) => name === `\`${code}\``);
    expect([code, row?.[1], row?.[2]]).toEqual([
      code,
      String(status),
      status === 401 || alsoChallenged.includes(code) ? "yes" : "no",
    ]);
  }
});
