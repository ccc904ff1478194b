/** Builds and packs the package once for all tests of a run, which then unpack it. Takes some seconds. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** Path of the packed package. */
    readonly tarball: string;
  }
}

export default function setup(project: TestProject): () => void {
  const cwd = fileURLToPath(new URL("../..", import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), "sealgate-tarball-"));
  run(cwd, ["run", "build"]);
  run(cwd, ["pack", "--ignore-scripts", "--pack-destination", folder]);
  const [tarball] = readdirSync(folder);
  if (tarball === undefined) throw new Error("npm pack has written no tarball");
  project.provide("tarball", join(folder, tarball));
  return () => rmSync(folder, { recursive: true });
}

/** @throws Error with all that npm has printed, when it fails */
function run(cwd: string, args: readonly string[]): void {
  execFileSync("npm", args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
}
