/** A release is published only under the version that tag, manifest and changelog agree on. */
import { expect, test } from "vitest";
import { releaseProblems } from "../../../tools/check-release.ts";

const CHANGELOG = "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-11-28\n\n- One thing.\n\n## [1.2.2]\n";

test("agreement is no problem", () => {
  expect(releaseProblems("v1.2.3", "1.2.3", CHANGELOG)).toEqual([]);
});

test.for([
  ["another tag", "v1.2.4", "1.2.3", CHANGELOG, "must be v1.2.3"],
  ["a tag without v", "1.2.3", "1.2.3", CHANGELOG, "must be v1.2.3"],
  ["a version that the changelog does not have", "v1.3.0", "1.3.0", CHANGELOG, "must be 1.3.0"],
  [
    "lines that belong to no version",
    "v1.2.3",
    "1.2.3",
    CHANGELOG.replace("\n\n## [1.2.3]", "\n\n- New.\n\n## [1.2.3]"),
    "unreleased lines",
  ],
  ["a changelog without versions", "v1.2.3", "1.2.3", "# Changelog\n", "is missing"],
] as const)("%s is named", ([, tag, version, changelog, words]) => {
  expect(releaseProblems(tag, version, changelog).join(" ")).toContain(words);
});
