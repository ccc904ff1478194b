/** A fresh clone of what the Worker is made of: sources and configuration, nothing built, and the repository's node_modules. */
import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { ROOT } from "./package-project.ts";

const PARTS = ["shared", "edge-verifier", "package.json", "tsconfig.base.json", "wrangler.toml"];

export interface Clone {
  /** Puts a file in place, then compiles the edge and bundles the Worker as a deployment would. @throws what they say */
  build(path: string, text: string): Promise<void>;
  remove(): Promise<void>;
}

export async function makeClone(): Promise<Clone> {
  const folder = await mkdtemp(join(tmpdir(), "sealgate-clone-"));
  for (const part of PARTS) await cp(join(ROOT, part), join(folder, part), { recursive: true });
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  const env = {
    PATH: [join(ROOT, "node_modules/.bin"), dirname(process.execPath), "/usr/bin", "/bin"].join(":"),
    HOME: folder,
    WRANGLER_SEND_METRICS: "false",
  };
  const run = async (program: string, args: readonly string[]): Promise<void> => {
    try {
      await promisify(execFile)(program, args, { cwd: folder, env });
    } catch (error) {
      const { stdout, stderr } = { stdout: "", stderr: "", ...Object(error) };
      throw new Error(`${program} ${args.join(" ")}:\n${String(stdout)}${String(stderr)}`, { cause: error });
    }
  };
  return {
    async build(path, text) {
      await writeFile(join(folder, path), text);
      await run("tsc", ["--build", "edge-verifier"]);
      await run("wrangler", ["deploy", "--dry-run", "--env", "production"]);
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
