/**
 * The documentation points at what is there: every relative link and its anchor, every path of the repository that is named,
 * every npm script. Links to other hosts are not followed.
 */
import { existsSync, readdirSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { given, jsonObject } from "../../support/values.ts";

const ROOT: string = fileURLToPath(new URL("../../..", import.meta.url));

interface Page {
  readonly path: string;
  /** Without what stands in fenced code. */
  readonly prose: string;
  readonly text: string;
}

async function readPages(): Promise<readonly Page[]> {
  const pages: Page[] = [];
  for await (const path of glob(["*.md", "docs/**/*.md"], { cwd: ROOT })) {
    const text = await readFile(join(ROOT, path), "utf8");
    pages.push({ path, text, prose: withoutFences(text) });
  }
  return pages;
}

function withoutFences(text: string): string {
  return text.replaceAll(/^( *)```[^\n]*\n[\s\S]*?^\1```$/gm, "");
}

/** Anchors of headings, as GitHub makes them. */
function anchorsOf(prose: string): readonly string[] {
  return [...prose.matchAll(/^#{1,6} +(.+)$/gm)].map(([, heading = ""]) =>
    heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1")
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(" ", "-"),
  );
}

/** What is wrong with a relative link; undefined when it leads somewhere. */
function problemOf(page: Page, target: string, pages: readonly Page[]): string | undefined {
  const [file = "", anchor] = target.split("#");
  const path = file === "" ? page.path : relative(ROOT, join(ROOT, dirname(page.path), file));
  if (path.startsWith("..") || !existsSync(join(ROOT, path))) return `${page.path}: ${target} leads nowhere`;
  if (anchor === undefined) return undefined;
  const linked = pages.find((one) => one.path === path);
  const isThere = linked !== undefined && anchorsOf(linked.prose).includes(anchor);
  return isThere ? undefined : `${page.path}: ${target} names no heading`;
}

/** In Markdown, and the sources of pictures in HTML, which differ for light and dark. */
function linksIn(prose: string): readonly string[] {
  return [...prose.matchAll(/\]\(([^)\s]+)\)|\s(?:src|srcset)="([^"]*)"/g)].map(([, target, source]) =>
    given(target ?? source),
  );
}

interface ShownPicture {
  readonly alt: string;
  readonly source: string;
}

function picturesIn(prose: string): readonly ShownPicture[] {
  const images = /!\[([^\]]*)\]\(([^)\s]+)\)|<img\s[^>]*>/g;
  return [...prose.matchAll(images)].map(([image, alt, source]) => ({
    alt: alt ?? /\salt="([^"]*)"/.exec(image)?.[1] ?? "",
    source: source ?? /\ssrc="([^"]*)"/.exec(image)?.[1] ?? "",
  }));
}

/** What the package has of the documentation: a link from one of these pages to another file is dead for its readers. */
const PACKAGED =
  /^(docs\/[\w./-]+\.md|docs\/pictures\/[\w-]+\.(?:svg|png)|(README|CHANGELOG|CONTRIBUTING|SECURITY)\.md|LICENSE)$/;

/** @returns false for a link to a file that is not in the package; it is to be named as code instead */
function staysInPackage(page: Page, target: string): boolean {
  const [file = ""] = target.split("#");
  return file === "" || PACKAGED.test(relative(ROOT, join(ROOT, dirname(page.path), file)));
}

/** Paths of the repository in backticks: a folder of its own at the front, nothing that stands for something else. */
function pathsIn(prose: string): readonly string[] {
  return [...prose.matchAll(/`((?:shared|issuer|edge-verifier|test|bench|docs|\.ci)\/[\w./-]*)`/g)].map(([, path]) =>
    given(path),
  );
}

describe("the documentation", async () => {
  const pages = await readPages();

  test("has the pages that a newcomer looks for", () => {
    expect(pages.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "README.md",
        "SECURITY.md",
        "docs/architecture.md",
        "docs/errors.md",
        "docs/key-set-format.md",
      ]),
    );
    expect(existsSync(join(ROOT, "LICENSE"))).toBe(true);
  });

  test("links to files and headings that are there", () => {
    const links = pages.flatMap((page) => linksIn(page.prose).map((target) => ({ page, target })));
    const own = links.filter(({ target }) => !/^[a-z]+:/.test(target));
    expect(own.length).toBeGreaterThan(20);
    expect(own.flatMap(({ page, target }) => problemOf(page, target, pages) ?? [])).toEqual([]);
  });

  test("links to no file that the package does not have", () => {
    const leaving = pages.flatMap((page) =>
      linksIn(page.prose)
        .filter((target) => !/^[a-z]+:/.test(target) && !staysInPackage(page, target))
        .map((target) => `${page.path}: ${target}`),
    );
    expect(leaving).toEqual([]);
  });

  test("says of each picture what is to be seen, and shows each picture of docs/pictures", () => {
    const shown = pages.flatMap((page) => picturesIn(page.prose).map((picture) => ({ page: page.path, ...picture })));
    expect(shown.filter(({ alt }) => alt.length < 60)).toEqual([]);
    const sources = pages.flatMap((page) => linksIn(page.prose).map((target) => join(dirname(page.path), target)));
    const drawn = readdirSync(join(ROOT, "docs/pictures")).map((file) => join("docs/pictures", file));
    expect(drawn.length).toBeGreaterThan(5);
    expect(drawn.filter((file) => !sources.includes(file))).toEqual([]);
  });

  test("README shows its pictures where npmjs.com does: it leads relative images to the repository, not their alternatives", () => {
    const readme = pages.find(({ path }) => path === "README.md");
    expect(picturesIn(readme?.prose ?? "").length).toBeGreaterThan(1);
    expect(readme?.prose).not.toMatch(/<source|srcset/);
  });

  test("is listed by reader in docs/README.md, page by page", () => {
    const index = pages.find(({ path }) => path === "docs/README.md");
    const listed = linksIn(index?.prose ?? "").map((target) => join("docs", target));
    const inDocs = pages.map(({ path }) => path).filter((path) => path.startsWith("docs/") && path !== index?.path);
    expect(inDocs.filter((path) => !listed.includes(path))).toEqual([]);
  });

  test("explains its words: every page for users links to the glossary", () => {
    // One is about one comparison, one is written by the benchmark.
    const exempt = ["docs/glossary.md", "docs/differential-jose.md", "docs/performance-run.md"];
    const forUsers = pages.filter(({ path }) => /^docs\/(runbooks\/)?[\w-]+\.md$/.test(path) && !exempt.includes(path));
    expect(forUsers.length).toBeGreaterThan(15);
    expect(forUsers.filter(({ prose }) => !prose.includes("glossary.md)")).map(({ path }) => path)).toEqual([]);
  });

  test("names only paths of the repository that are there", () => {
    const named = pages.flatMap(({ path, prose }) => pathsIn(prose).map((named) => ({ path, named })));
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((one) => !existsSync(join(ROOT, one.named)))).toEqual([]);
  });

  test("names only npm scripts that are there", async () => {
    const { scripts } = jsonObject(await readFile(join(ROOT, "package.json"), "utf8"));
    const named = pages.flatMap(({ path, text }) =>
      [...text.matchAll(/\bnpm (?:run (?:-s )?([\w:-]+)|(start|test))\b/g)].map(([, script, short]) => ({
        path,
        script: script ?? short ?? "",
      })),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(({ script }) => !Object.hasOwn(Object(scripts), script))).toEqual([]);
  });
});

test("a link that leads nowhere, and an anchor without a heading, are found", () => {
  const page = { path: "README.md", text: "", prose: "# What it *is*, in short\n" };
  expect(problemOf(page, "docs/nothing.md", [page])).toContain("leads nowhere");
  expect(problemOf(page, "../outside.md", [page])).toContain("leads nowhere");
  expect(problemOf(page, "#what-it-is-in-short", [page])).toBeUndefined();
  expect(problemOf(page, "#elsewhere", [page])).toContain("names no heading");
});

test("a picture in HTML is found with its alternatives, and one without words has none", () => {
  const prose = '<source srcset="docs/dark.png">\n<img src="docs/light.png" alt="Light">\n![](docs/bare.svg)';
  expect(linksIn(prose)).toEqual(["docs/dark.png", "docs/light.png", "docs/bare.svg"]);
  expect(picturesIn(prose)).toEqual([
    { alt: "Light", source: "docs/light.png" },
    { alt: "", source: "docs/bare.svg" },
  ]);
});

test("a link to a source file, a folder or a test is found", () => {
  const page = { path: "docs/security.md", text: "", prose: "" };
  const leaving = ["../issuer/errors.ts", "../issuer", "../test/PROMISES.md", "decisions"];
  expect(leaving.filter((target) => staysInPackage(page, target))).toEqual([]);
  expect(staysInPackage(page, "../SECURITY.md#reporting")).toBe(true);
});
