/** The installed program on a Node that is too old: one line that says so, and no stack trace. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { transform } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { given } from "../support/values.ts";
import { installPackage } from "./package-project.ts";
import type { Output, PackageProject } from "./package-project.ts";

let project: PackageProject;
let least: string;

beforeAll(async () => {
  project = await installPackage();
  const engines = JSON.stringify(project.manifest["engines"]);
  least = given(/^\{"node":">=(\d+\.\d+)\.0"\}$/.exec(engines)?.[1]);
});
afterAll(() => project.remove());

const program = (): string => join(project.packageFolder, "dist/cli.js");

/** Runs it with a Node that says it is of this version. */
function runAs(version: string): Promise<Output> {
  const pretend = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`;
  return project.run("node", [
    "--import",
    `data:text/javascript,${encodeURIComponent(pretend)}`,
    program(),
    "--version",
  ]);
}

test.for(["18.20.8", "20.20.2", "22.11.0"])("Node %s: one line, and exit code 2", async (version) => {
  const line = `sealgate needs Node ${least} or newer; this is Node ${version}.\n`;
  await expect(runAs(version)).rejects.toMatchObject({ code: 2, message: `node ended with 2:\n${line}` });
});

test.for(["least", "24.0.0", "100.0.0"])("Node %s is new enough", async (version) => {
  const { out } = await runAs(version === "least" ? `${least}.0` : version);
  expect(out.trimEnd()).toBe(project.manifest["version"]);
});

test("what is loaded before the version is looked at can be read by such a Node", async () => {
  const entry = await readFile(program(), "utf8");
  const modules = [...entry.matchAll(/^\s*(?:import|export)\b.*?"([^"]+)";$/gm)].map(([, specifier]) => specifier);
  expect(modules.filter((specifier) => specifier !== "node:module")).toEqual([]);
  // esbuild refuses what it cannot express in the syntax of a target: a top-level await, say.
  await expect(transform(entry, { target: "node12", supported: { "top-level-await": false } })).resolves.toBeDefined();
});

test("a Node of this machine that is too old says the same", async (context) => {
  const version = await project.run("/usr/bin/node", ["--version"]).catch(() => undefined);
  const found = /^v((?:18|20)\.\S+)/.exec(version?.out ?? "")?.[1];
  context.skip(found === undefined, "there is none at /usr/bin/node");
  await expect(project.run("/usr/bin/node", [program(), "token", "--help"])).rejects.toMatchObject({
    code: 2,
    message: `/usr/bin/node ended with 2:\nsealgate needs Node ${least} or newer; this is Node ${String(found)}.\n`,
  });
});
