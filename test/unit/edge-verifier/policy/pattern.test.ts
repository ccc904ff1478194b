/** Path patterns: which texts are one, and which paths lie in it. */
import { describe, expect, test } from "vitest";
import { matchesPath, parsePattern } from "../../../../edge-verifier/policy/pattern.ts";
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
});
