/** Whether patterns together match all that another one matches, against every path of a small world. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isCovered } from "../../../../edge-verifier/policy/coverage.ts";
import { parsePattern } from "../../../../edge-verifier/policy/pattern.ts";
import { matchesPath } from "../../../support/pattern-oracle.ts";
import type { PathPattern } from "../../../../edge-verifier/policy/pattern.ts";
import { valueOf } from "../../../support/values.ts";

const pattern = (text: string): PathPattern => valueOf(parsePattern(text));

function covers({ foldedSegments, tree }: PathPattern, path: string): boolean {
  return matchesPath(foldedSegments, tree, path);
}

function allPaths(depth: number): readonly string[] {
  if (depth === 0) return ["/"];
  if (depth === 1) return ["/a", "/b", "/other"];
  return allPaths(depth - 1).flatMap((path) => ["a", "b", "other"].map((segment) => `${path}/${segment}`));
}

test("is found exactly: no path of a covered pattern escapes, and an uncovered one has a path that does", () => {
  const segment = fc.constantFrom("a", "b", "B", ":p");
  const text = fc
    .tuple(fc.array(segment, { maxLength: 3 }), fc.boolean())
    .map(([segments, tree]) => `/${[...segments, ...(tree ? ["*"] : [])].join("/")}`);
  // Every path over the literals and one other segment, deep enough to tell the patterns apart.
  const paths = [0, 1, 2, 3, 4].flatMap((depth) => allPaths(depth));
  fc.assert(
    fc.property(text, fc.array(text, { maxLength: 5 }), (one, others) => {
      const [target, rest] = [pattern(one), others.map(pattern)];
      const escapes = paths.some((path) => covers(target, path) && !rest.some((other) => covers(other, path)));
      expect(isCovered(target, rest)).toBe(!escapes);
    }),
    { numRuns: 3000 },
  );
});
