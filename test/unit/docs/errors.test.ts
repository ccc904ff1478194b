/** docs/errors.md and the code know the same codes. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { PROBLEM_EFFECTS } from "../../../issuer/key-ring/model.ts";
import { declaredCodes } from "../../support/declared-codes.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const ROW = /^\| `([a-z_0-9]+)` \|/gm;

const declared = declaredCodes(ROOT, ["shared", "issuer", "edge-verifier"]);
const PAGE = readFileSync(`${ROOT}docs/errors.md`, "utf8");
const documented = [...PAGE.matchAll(ROW)].map(([, code = ""]) => code);

test("the scan finds the codes of every family", () => {
  for (const code of ["kms_throttled", "signature_invalid", "key_set_missing", "invalid_token", "standby_not_ready"]) {
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
