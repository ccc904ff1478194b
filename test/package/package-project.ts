/**
 * A project that has installed the package, without a network: built and packed as for publishing, unpacked into
 * node_modules, with the peer dependencies that its manifest names, and no others, linked from the repository's.
 */
import { execFile } from "node:child_process";
import type { ExecFileOptions } from "node:child_process";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isJsonObject } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { inject } from "vitest";
import { startTestKms } from "../support/kms.ts";
import { jsonObject } from "../support/values.ts";

const execute = promisify(execFile);

/** Runs a program to its end. @throws Error with all that it has printed, when it fails */
async function run(program: string, args: readonly string[], options: ExecFileOptions): Promise<Output> {
  try {
    const { stdout, stderr } = await execute(program, args, { ...options, encoding: "utf8" });
    return { out: stdout, err: stderr };
  } catch (error) {
    const { code, stdout, stderr } = { code: undefined, stdout: "", stderr: "", ...Object(error) };
    throw new ProgramError(`${program} ended with ${String(code)}:\n${String(stdout)}${String(stderr)}`, code);
  }
}

/** A program that has failed. */
class ProgramError extends Error {
  readonly code: unknown;

  constructor(message: string, code: unknown) {
    super(message);
    this.code = code;
  }
}

export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

export interface Output {
  readonly out: string;
  readonly err: string;
}

export interface PackageProject {
  readonly folder: string;
  /** Where the package is unpacked. */
  readonly packageFolder: string;
  readonly manifest: JsonObject;
  /** Paths of all files in the package, sorted. */
  readonly files: readonly string[];
  /** Puts a file into the project. */
  write(path: string, text: string): Promise<void>;
  /** Puts another version of a peer dependency in place: `source` is its name in the repository, undefined takes it away. */
  usePeer(name: string, source: string | undefined): Promise<void>;
  /** Runs a program of the project's node_modules/.bin, or node, in the project. */
  run(program: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Output>;
  /** Runs a module in the project, which must say nothing on stderr. @returns what it has printed, as JSON */
  runModule(source: string, env?: Readonly<Record<string, string>>): Promise<unknown>;
  remove(): Promise<void>;
}

export const ISSUER = "https://auth.example.com";
export const AUDIENCE = "https://api.example.com";

/** The package in a project, beside an embedded KMS with one ES256 key. */
export interface SigningProject {
  readonly project: PackageProject;
  /** For programs of the project that sign with the key. */
  readonly env: Readonly<Record<string, string>>;
  /** Runs a module with these variables. */
  runModule(source: string): Promise<unknown>;
  close(): Promise<void>;
}

export async function startSigningProject(): Promise<SigningProject> {
  const [aws, project] = await Promise.all([startTestKms(), installPackage()]);
  const key = await aws.createKeyFor("ES256");
  const env = { ...aws.env, SEALGATE_KEY_ID: key, SEALGATE_ALG: "ES256", SEALGATE_ISSUER: ISSUER };
  return {
    project,
    env,
    runModule: (source) => project.runModule(source, env),
    async close() {
      await aws.close();
      await project.remove();
    },
  };
}

/** Installs what `pack-once.ts` has built and packed. */
export async function installPackage(): Promise<PackageProject> {
  const folder = await mkdtemp(join(tmpdir(), "sealgate-package-"));
  const packageFolder = join(folder, "node_modules", "sealgate");
  await mkdir(join(folder, "node_modules", ".bin"), { recursive: true });
  await run("tar", ["-xzf", inject("tarball")], { cwd: folder });
  await rename(join(folder, "package"), packageFolder);
  await writeFile(join(folder, "package.json"), '{"private":true,"type":"module"}');
  const manifest = jsonObject(await readFile(join(packageFolder, "package.json"), "utf8"));
  const usePeer = (name: string, source: string | undefined): Promise<void> => linkPeer(folder, name, source);
  for (const name of peersOf(manifest)) await usePeer(name, name);
  await linkPrograms(folder, manifest);
  // Of this process only what finds the programs: neither npm's variables nor the machine's AWS configuration.
  const path = [join(folder, "node_modules", ".bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(delimiter);
  const runHere: PackageProject["run"] = (program, args, env = {}) =>
    run(program, args, { cwd: folder, env: { PATH: path, ...env } });
  return {
    folder,
    packageFolder,
    manifest,
    files: (await filesBelow(packageFolder)).toSorted(),
    write: (name, text) => writeFile(join(folder, name), text),
    usePeer,
    run: runHere,
    async runModule(source, env) {
      await writeFile(join(folder, "script.mjs"), source);
      const { out, err } = await runHere("node", ["script.mjs"], env);
      if (err !== "") throw new Error(err);
      const printed: unknown = JSON.parse(out);
      return printed;
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

export function peersOf({ peerDependencies }: JsonObject): readonly string[] {
  return isJsonObject(peerDependencies) ? Object.keys(peerDependencies) : [];
}

async function linkPeer(folder: string, name: string, source: string | undefined): Promise<void> {
  const link = join(folder, "node_modules", name);
  await rm(link, { force: true });
  if (source === undefined) return;
  await mkdir(dirname(link), { recursive: true });
  await symlink(join(ROOT, "node_modules", source), link);
}

/** As npm does for `bin`. */
async function linkPrograms(folder: string, { bin }: JsonObject): Promise<void> {
  for (const [name, path] of Object.entries(isJsonObject(bin) ? bin : {})) {
    if (typeof path !== "string") throw new TypeError("bin must name files");
    await symlink(join("..", "sealgate", path), join(folder, "node_modules", ".bin", name));
  }
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
}
