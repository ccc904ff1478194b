/** docs/errors.md and the code know the same codes. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { declaredCodes } from "../../support/declared-codes.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const ROW = /^\| `([a-z_0-9]+)` \|/gm;

const declared = declaredCodes(ROOT, ["shared", "issuer", "edge-verifier"]);
const documented = [...readFileSync(`${ROOT}docs/errors.md`, "utf8").matchAll(ROW)].map(([, code = ""]) => code);

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

test("every code is documented once", () => {
  expect(documented.filter((code, index) => documented.indexOf(code) !== index)).toEqual([]);
});
