/** Which codes every gateway can answer with. The texts: feature-problems.test.ts. */
import { expect, test } from "vitest";
import { isWireCode, PROBLEMS } from "../../../../edge-verifier/http/problem.ts";

test("a code with a text is a code of the wire", () => {
  expect(Object.keys(PROBLEMS).every(isWireCode)).toBe(true);
});

test.each(["constructor", "toString", "token_expired", "too_many_refusals", ""])("%j is no such code", (code) => {
  expect(isWireCode(code)).toBe(false);
});
