/** Path patterns: which texts are one, and which paths lie in it. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { literalsFit, parsePattern } from "../../../../edge-verifier/policy/pattern.ts";
import { matchesPath } from "../../../support/pattern-oracle.ts";
import { fuzzSettings } from "../../../support/fuzz.ts";
import { valueOf } from "../../../support/values.ts";

describe("a pattern", () => {
  test.each([
    ["/", [], false],
    ["/*", [], true],
    ["/a/:id/B.c", ["a", undefined, "B.c"], false],
    ["/a/*", ["a"], true],
  ])("%s is read segment by segment", (text, segments, tree) => {
    expect(valueOf(parsePattern(text))).toMatchObject({ text, segments, tree });
  });

  test("has a form in lower case for the comparison without regard to case", () => {
    expect(valueOf(parsePattern("/A/:Id")).foldedSegments).toEqual(["a", undefined]);
  });

  test.each([
    ["/", "/", true],
    ["/a/:id", "/a/7", true],
    ["/a/:id", "/a/7/", true],
    ["/a/:id", "/a/", false],
    ["/a/:id", "/a/7/b", false],
    ["/a/*", "/a", true],
    ["/a/*", "/a/b/c", true],
    ["/a/*", "/ab", false],
    ["/a", "/A", false],
  ])("%s and the path %s: %s", (text, path, expected) => {
    const { segments, tree } = valueOf(parsePattern(text));
    expect(matchesPath(segments, tree, path)).toBe(expected);
  });

  test("fits a path in which it lies but for case, exactly if it lies in it with case", () => {
    const segment = fc.constantFrom("a", "A", "b", "Bc", "7");
    const path = fc
      .tuple(fc.array(segment, { maxLength: 5 }), fc.constantFrom("", "/"))
      .map(([parts, end]) => `/${parts.join("/")}${parts.length > 0 ? end : ""}`);
    const written = fc
      .tuple(fc.array(fc.oneof(segment, fc.constant(":p")), { maxLength: 4 }), fc.constantFrom("", "/*"))
      .map(([parts, end]) => `/${parts.join("/")}${end}`.replace("//", "/"));
    let fitting = 0;
    fc.assert(
      fc.property(written, path, (text, raw) => {
        const { segments, foldedSegments, tree } = valueOf(parsePattern(text));
        if (!matchesPath(foldedSegments, tree, raw.toLowerCase())) return;
        fitting += 1;
        expect(literalsFit(segments, raw)).toBe(matchesPath(segments, tree, raw));
      }),
      fuzzSettings(4000),
    );
    expect(fitting).toBeGreaterThan(100);
  });
});
