/**
 * `sealgate new <folder>`: a Worker's project with a gateway, its policy, tests on a local ring, and workflows. The files are
 * those of `template/` in the package; the project has no code of sealgate, so that updating it is a version number.
 */
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { UsageError } from "../exit-codes.ts";
import { printJson } from "../io.ts";
import type { CliIo } from "../io.ts";
import { JSON_OPTION } from "../options.ts";

interface NewOptions {
  readonly name?: string;
  readonly json?: boolean;
}

/** What both npm and Cloudflare take as a name (https://developers.cloudflare.com/workers/wrangler/configuration/). */
const NAME = /^[a-z](?:[a-z0-9-]{0,52}[a-z0-9])?$/;

export function addNewCommand(program: Command, io: CliIo): void {
  program
    .command("new <folder>")
    .description("make a Worker's project: gateway, policy, tests on a local ring, workflows")
    .option("--name <name>", "name of the Worker, by default the folder's")
    .option(...JSON_OPTION)
    .action((folder: string, options: NewOptions) => makeProject(io, folder, options));
}

async function makeProject(
  io: CliIo,
  folder: string,
  { name = basename(resolve(folder)), json }: NewOptions,
): Promise<void> {
  // A shell's variable that is not set. Joined to a file's name, it would be this folder.
  if (folder === "") throw new UsageError("the folder's name is empty: name one, or . for this one");
  if (!NAME.test(name))
    throw new UsageError(
      "the name must be 1 to 54 of a-z, 0-9 and inner hyphens, beginning with a letter: choose one with --name",
    );
  // Many run `git init` first. The path is resolved, as those of the files will be: `a/..` is this folder, also where there is no `a`.
  if ((await entriesOf(resolve(folder))).some((entry) => entry !== ".git"))
    throw new UsageError("the folder is not empty: name a new one");
  const template = join(dirname(fileURLToPath(import.meta.resolve("sealgate/package.json"))), "template");
  const files = (await filesBelow(template)).toSorted();
  for (const file of files) {
    const text = await readFile(join(template, file), "utf8");
    await writeNew(join(folder, targetOf(file)), fillIn(text, { name, sealgate: io.version }));
  }
  if (json === true) return printJson(io, { folder, name, files: files.map((file) => targetOf(file)) });
  for (const file of files) io.out(`${join(folder, targetOf(file))}\n`);
  io.err(`Now: cd ${JSON.stringify(folder)} && npm install && npm test\n`);
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { flag: "wx" });
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "no code";
    throw new UsageError(`${path} cannot be written (${code}): name another folder`);
  }
}

/** npm leaves files out whose names begin with a dot, or reads them itself. */
export function targetOf(file: string): string {
  return file.replace(/^_/, ".");
}

/** Every `{{name}}` with its value. */
export function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}

async function entriesOf(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new UsageError("the folder cannot be read: name a new one");
  }
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
