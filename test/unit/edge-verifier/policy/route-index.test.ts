/** The index of rules: the same rules as asking each in turn, in the same order. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePattern } from "../../../../edge-verifier/policy/pattern.ts";
import { matchesPath } from "../../../support/pattern-oracle.ts";
import type { PathPattern } from "../../../../edge-verifier/policy/pattern.ts";
import { findRules, indexRules } from "../../../../edge-verifier/policy/route-index.ts";
import { valueOf } from "../../../support/values.ts";

const pattern = (text: string): PathPattern => valueOf(parsePattern(text));

describe("the index of rules", () => {
  test("finds what asking every rule in turn would find, in the same order", () => {
    const segment = fc.constantFrom("a", "b", "B", "c", ":p");
    const text = fc
      .tuple(fc.array(segment, { maxLength: 3 }), fc.boolean())
      .map(([segments, tree]) => `/${[...segments, ...(tree ? ["*"] : [])].join("/")}`);
    const path = fc
      .tuple(fc.array(fc.constantFrom("a", "b", "c", "other", "constructor", ""), { maxLength: 4 }), fc.boolean())
      .map(([segments, slash]) => `/${segments.join("/")}${slash && segments.length > 0 ? "/" : ""}`);
    fc.assert(
      fc.property(fc.array(text, { maxLength: 8 }), path, (texts, folded) => {
        const rules = texts.map((one) => ({ pattern: pattern(one) }));
        const expected = rules.filter(({ pattern: one }) => matchesPath(one.foldedSegments, one.tree, folded));
        expect(findRules(indexRules(rules), folded)).toEqual(expected);
      }),
      { numRuns: 5000 },
    );
  });
});
