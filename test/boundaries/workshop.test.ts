/**
 * The workshop as a contributor and a fresh machine find it: scripts, pinned versions, a lock file without hosts, and a
 * workflow that runs the same script as everybody. Whether those scripts succeed is what running them shows.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import { isJsonObject } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { jsonObject } from "../support/values.ts";

const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): Promise<string> => readFile(join(ROOT, path), "utf8");
const manifest = jsonObject(await read("package.json"));
const lock = jsonObject(await read("package-lock.json"));

function objectAt(json: JsonObject, name: string): JsonObject {
  const value = json[name];
  return isJsonObject(value) ? value : {};
}

describe("the package", () => {
  test("has the scripts that a contributor looks for", () => {
    const names = ["start", "demo", "test", "test:unit", "test:worker", "test:e2e", "lint", "format", "types"];
    const others = ["build", "bench", "deploy", "cf-typegen"];
    expect(Object.keys(objectAt(manifest, "scripts"))).toEqual(expect.arrayContaining([...names, ...others]));
  });

  test("names every development dependency by one exact version, and a range only for peers", () => {
    const versions = Object.entries(objectAt(manifest, "devDependencies"));
    expect(versions.length).toBeGreaterThan(15);
    const isExact = (version: unknown): boolean =>
      typeof version === "string" && /^(?:npm:[@\w/-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version);
    expect(versions.filter(([, version]) => !isExact(version))).toEqual([]);
    expect(objectAt(manifest, "dependencies")).toEqual({});
  });

  test("brings its own Node 24, and lets run the install scripts that it needs", () => {
    expect(objectAt(manifest, "devDependencies")["node"]).toMatch(/^24\./);
    // classic-level is dynalite's store on disk; the tests keep their tables in memory.
    expect(objectAt(manifest, "allowScripts")).toEqual({
      "classic-level": false,
      node: true,
      esbuild: true,
      workerd: true,
    });
  });
});

describe("the lock file", () => {
  const packages = Object.entries(objectAt(lock, "packages"));

  test("names no host: packages come from where the reader's npm gets them", () => {
    const resolved = packages.filter(([, entry]) => isJsonObject(entry) && Object.hasOwn(entry, "resolved"));
    expect(resolved).toEqual([]);
    expect(JSON.stringify(lock)).not.toMatch(/https?:\/\/[^"]*registry/i);
  });

  test("holds every package by its hash, binaries of other platforms too: npm run lock adds what npm leaves out", () => {
    const entries = packages.filter(([path]) => path !== "").map(([path, entry]) => ({ path, ...Object(entry) }));
    expect(entries.length).toBeGreaterThan(200);
    expect(entries.filter(({ integrity }) => !String(integrity).startsWith("sha512-")).map(({ path }) => path)).toEqual(
      [],
    );
  });

  test("holds one workerd", () => {
    expect(packages.filter(([path]) => path.endsWith("node_modules/workerd"))).toHaveLength(1);
  });
});

describe("continuous integration", () => {
  test("runs the README's two commands, then lint, types and build, and ends with the runner's own count", async () => {
    const script = await read(".ci/run");
    const commands = ["npm ci && npm run demo", "npm ci && npm test", "npm run lint", "npm run types", "npm run build"];
    const places = [...commands, ".ci/summary.mjs"].map((command) => script.indexOf(command));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    const readme = await read("README.md");
    for (const command of commands.slice(0, 2)) expect(readme).toContain(`\n${command}\n`);
  });

  test("finds the browser that is named, and says in a sentence why there is none without failing", async () => {
    const find = (env: NodeJS.ProcessEnv): Promise<{ readonly stdout: string; readonly stderr: string }> =>
      promisify(execFile)("/bin/bash", [join(ROOT, ".ci/browser")], { env });
    const named = await find({ CHROMIUM_PATH: process.execPath, PATH: "" });
    expect(named.stdout).toBe(`${process.execPath}\n`);
    // A machine without a package manager, and one whose package manager fails.
    const tools = await mkdtemp(join(tmpdir(), "sealgate-"));
    onTestFinished(() => rm(tools, { recursive: true }));
    const stub = (name: string, line: string): Promise<void> =>
      writeFile(join(tools, name), `#!/bin/bash\n${line}\n`, { mode: 0o755 });
    await Promise.all([stub("apt-get", "exit 100"), stub("id", "echo 0"), stub("mktemp", "echo /dev/null")]);
    await Promise.all([stub("grep", "exit 0"), stub("timeout", 'shift && "$@"')]);
    for (const path of ["", tools]) {
      const { stdout, stderr } = await find({ PATH: path });
      expect(stdout).toBe("");
      expect(stderr).toMatch(/^No browser: .+\. The tests that need one are skipped\. Set CHROMIUM_PATH to .+\.\n$/);
    }
  });

  test("on GitHub is that very script, with actions pinned by commit", async () => {
    const workflow = await read(".github/workflows/ci.yml");
    const commands = [...workflow.matchAll(/^ +(?:- )?run: (.+)$/gm)].map(([, command]) => command);
    // Beside it, new histories of the key ring: what they find is no fault of the change that is checked.
    expect(commands).toEqual([
      "bash .ci/run",
      "npm publish --dry-run",
      "npm ci",
      "npm run simulate -- --schedules 300",
    ]);
    const actions = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action]) => action);
    expect(actions.length).toBeGreaterThanOrEqual(2);
    expect(actions.filter((action) => !/@[0-9a-f]{40}$/.test(String(action)))).toEqual([]);
  });
});
