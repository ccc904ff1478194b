/** Whether a rule lets fewer requests pass than another one. */
import { expect, test } from "vitest";
import { compilePolicy } from "../../../../edge-verifier/policy/compile.ts";
import { isStricter } from "../../../../edge-verifier/policy/strictness.ts";
import type { RouteRule } from "../../../../edge-verifier/policy/rule.ts";
import { valueOf } from "../../../support/values.ts";

const OPEN = { path: "/a", allow: "anyone" } as const;
const ANONYMOUS = { path: "/a", allow: "anonymous" } as const;
const ANY_TOKEN = { path: "/a", require: {} };
const ADMIN = { path: "/a", require: { scope: ["admin"] } };
const OTHER = { path: "/a", require: { scope: ["other"] } };
const REPORT: RouteRule = { ...ADMIN, mode: "report" };

const cases: readonly (readonly [string, RouteRule, RouteRule, boolean])[] = [
  ["any token, open", ANY_TOKEN, OPEN, true],
  ["any token, anonymous", ANY_TOKEN, ANONYMOUS, true],
  ["anonymous, open", ANONYMOUS, OPEN, true],
  ["anonymous, any token", ANONYMOUS, ANY_TOKEN, false],
  ["admin, any token", ADMIN, ANY_TOKEN, true],
  ["any token, admin", ANY_TOKEN, ADMIN, false],
  ["admin, the same written again", ADMIN, { ...ADMIN }, false],
  ["admin, other", ADMIN, OTHER, true],
  ["other, admin", OTHER, ADMIN, true],
  ["only reporting, any token", REPORT, ANY_TOKEN, false],
  ["any token, only reporting", ANY_TOKEN, REPORT, true],
];
test.each(cases)("%s: %4$s", (_name, one, other, expected) => {
  const compiled = (rule: RouteRule): Parameters<typeof isStricter>[0] | undefined =>
    valueOf(compilePolicy([rule], [])).rules[0];
  const [rule, second] = [compiled(one), compiled(other)];
  expect(rule && second && isStricter(rule, second)).toBe(expected);
});
