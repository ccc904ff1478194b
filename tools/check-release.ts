/**
 * `node tools/check-release.ts v1.2.3`: whether that version can be published. The tag, package.json and the newest section of
 * CHANGELOG.md have to name the same version, and the changelog must not have unreleased lines.
 */
import { readFileSync } from "node:fs";

/** @returns what is wrong, as sentences */
export function releaseProblems(tag: string, version: string, changelog: string): readonly string[] {
  const problems: string[] = [];
  if (tag !== `v${version}`)
    problems.push(`The tag is ${tag}, and package.json has ${version}: the tag must be v${version}.`);
  const [, unreleased = ""] = /^## \[Unreleased\]\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(changelog) ?? [];
  if (unreleased.trim() !== "") problems.push("CHANGELOG.md has unreleased lines: move them below the version.");
  const [, newest] = /^## \[(\d[^\]]*)\]/m.exec(changelog) ?? [];
  if (newest !== version)
    problems.push(`The newest version in CHANGELOG.md is ${newest ?? "missing"}: it must be ${version}.`);
  return problems;
}

if (import.meta.main) {
  const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");
  const { version }: { version: string } = JSON.parse(read("package.json"));
  const problems = releaseProblems(process.argv[2] ?? "", version, read("CHANGELOG.md"));
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
