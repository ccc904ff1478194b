/**
 * The dependency law: shared imports nothing, issuer and edge import shared, and neither knows the other. Read off every
 * source file, and shown to be held by the compiler and by lint with files that break it.
 */
import { execFile } from "node:child_process";
import { cp, glob, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** What the files of a folder, or a file, may import: folders of the package, and modules of others. The longest folder counts. */
const LAW: readonly { readonly folder: string; readonly folders: readonly string[]; readonly modules: RegExp }[] = [
  { folder: "shared", folders: ["shared"], modules: /^$/ },
  { folder: "edge-verifier", folders: ["shared", "edge-verifier"], modules: /^(?:hono(?:\/|$)|cloudflare:workers$)/ },
  // Written by users, in the words that a project with the package uses; wrangler.toml leads it to the source.
  { folder: "edge-verifier/routes.ts", folders: [], modules: /^sealgate\/edge-verifier$/ },
  { folder: "issuer", folders: ["shared", "issuer"], modules: /^(?:node:|commander$)/ },
  { folder: "issuer/kms", folders: ["shared", "issuer"], modules: /^(?:node:|@aws-sdk\/client-kms$|@smithy\/)/ },
  { folder: "issuer/http", folders: ["shared", "issuer"], modules: /^(?:node:|hono(?:\/|$))/ },
];

const IMPORT = /\b(?:import|export)\b[^"'`;]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(?\s*["']([^"']+)["']/g;

interface Import {
  readonly file: string;
  readonly specifier: string;
}

async function readImports(): Promise<readonly Import[]> {
  const imports: Import[] = [];
  for await (const path of glob("{shared,issuer,edge-verifier}/**/*.ts", { cwd: ROOT })) {
    const file = path.replaceAll("\\", "/");
    const source = withoutComments(await readFile(join(ROOT, path), "utf8"));
    for (const [, from, bare] of source.matchAll(IMPORT)) imports.push({ file, specifier: from ?? bare ?? "" });
  }
  return imports;
}

function withoutComments(source: string): string {
  return source.replaceAll(/\/\*[\s\S]*?\*\//g, "").replaceAll(/^\s*\/\/.*$/gm, "");
}

function isLawful({ file, specifier }: Import): boolean {
  const rules = LAW.filter(({ folder }) => file === folder || file.startsWith(`${folder}/`));
  const law = rules.toSorted((a, b) => b.folder.length - a.folder.length)[0];
  if (law === undefined) return false;
  if (!specifier.startsWith(".")) return law.modules.test(specifier);
  const target = posix.join(posix.dirname(file), specifier);
  return law.folders.some((folder) => target.startsWith(`${folder}/`));
}

describe("every source file", () => {
  test("imports only what its folder may", async () => {
    const imports = await readImports();
    expect(imports.length).toBeGreaterThan(100);
    expect(imports.filter((one) => !isLawful(one))).toEqual([]);
  });

  test("would be found if it did not", () => {
    expect(isLawful({ file: "edge-verifier/request/forward.ts", specifier: "../../issuer/token.ts" })).toBe(false);
    expect(isLawful({ file: "edge-verifier/request/app.ts", specifier: "node:crypto" })).toBe(false);
    expect(isLawful({ file: "shared/jws.ts", specifier: "hono" })).toBe(false);
    expect(isLawful({ file: "issuer/token.ts", specifier: "@aws-sdk/client-kms" })).toBe(false);
    expect(isLawful({ file: "issuer/kms/adapter.ts", specifier: "@aws-sdk/client-kms" })).toBe(true);
  });
});

/** A file that breaks the law, and who notices. */
const PROBES: readonly { readonly file: string; readonly source: string; readonly byCompiler: boolean }[] = [
  { file: "edge-verifier/probe-issuer.ts", source: 'export * from "../issuer/probe-target.ts";', byCompiler: true },
  { file: "edge-verifier/probe-node.ts", source: 'export * from "node:crypto";', byCompiler: true },
  // The types of the platform declare it, although the Worker's flags switch it off: lint alone notices.
  { file: "edge-verifier/probe-global.ts", source: "export const env: unknown = process.env;", byCompiler: false },
  { file: "edge-verifier/probe-aws.ts", source: 'export * from "@aws-sdk/client-kms";', byCompiler: false },
  {
    file: "edge-verifier/probe-dynamic.ts",
    source: 'export const late: Promise<unknown> = import("../issuer/probe-late-target.ts");',
    byCompiler: true,
  },
  { file: "issuer/probe-edge.ts", source: 'export * from "../edge-verifier/probe-target.ts";', byCompiler: true },
  { file: "issuer/probe-aws.ts", source: 'export * from "@aws-sdk/client-kms";', byCompiler: false },
  { file: "shared/probe-node.ts", source: 'export * from "node:crypto";', byCompiler: true },
  { file: "shared/probe-hono.ts", source: 'export * from "hono";', byCompiler: false },
  { file: "shared/probe-issuer.ts", source: 'export * from "../issuer/probe-target.ts";', byCompiler: true },
  {
    file: "shared/keys/probe-edge.ts",
    source: 'export * from "../../edge-verifier/probe-target.ts";',
    byCompiler: true,
  },
];

/** Files that the probes import, and one that keeps the law: it shows that not simply everything is refused. */
const LAWFUL = [
  "shared/probe-lawful.ts",
  "shared/keys/probe-lawful.ts",
  "issuer/probe-target.ts",
  "issuer/probe-late-target.ts",
  "edge-verifier/probe-target.ts",
];

describe("a file that breaks the law", () => {
  let directory: string;
  let compiler: string;
  let lint: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "sealgate-law-"));
    await symlink(join(ROOT, "node_modules"), join(directory, "node_modules"));
    const configs = ["tsconfig.base.json", ".oxlintrc.json", "shared", "issuer", "edge-verifier"];
    for (const config of configs) {
      const path = config.includes(".") ? config : join(config, "tsconfig.json");
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await cp(join(ROOT, path), join(directory, path));
    }
    await mkdir(join(directory, "shared", "keys"));
    for (const { file, source } of PROBES) await writeFile(join(directory, file), `${source}\n`);
    for (const file of LAWFUL) await writeFile(join(directory, file), "export const lawful: number = 1;\n");
    [compiler, lint] = await Promise.all([
      run(directory, "tsc", ["-b", "shared", "issuer", "edge-verifier", "--pretty", "false"]),
      run(directory, "oxlint", ["--format", "unix"]),
    ]);
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test.each(PROBES.filter(({ byCompiler }) => byCompiler))("does not compile: $file", ({ file }) => {
    expect(linesAbout(compiler, file)).not.toEqual([]);
  });

  test.each(PROBES)("does not pass lint: $file", ({ file }) => {
    expect(linesAbout(lint, file).join("\n")).toMatch(/no-restricted-(?:imports|globals)/);
  });

  test.each(LAWFUL)("a file that keeps it passes both: %s", (file) => {
    expect([...linesAbout(compiler, file), ...linesAbout(lint, file)]).toEqual([]);
  });
});

/** The lines that are about a file: both tools begin them with its name. */
function linesAbout(output: string, file: string): readonly string[] {
  return output.split("\n").filter((line) => line.startsWith(file) || line.startsWith(`./${file}`));
}

/** What a tool prints, whatever its exit code. */
function run(cwd: string, tool: string, parameters: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    execFile(join(ROOT, "node_modules", ".bin", tool), [...parameters], { cwd }, (_error, stdout, stderr) => {
      resolve(stdout + stderr);
    });
  });
}
