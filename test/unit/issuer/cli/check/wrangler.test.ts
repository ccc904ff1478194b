/** The wrangler of the Worker's project: where it is, what it says, and what is said when it is not there. */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findConfig, findWrangler } from "../../../../../issuer/cli/check/wrangler.ts";
import { UsageError } from "../../../../../issuer/cli/exit-codes.ts";
import { makeProject } from "./support.ts";
import type { Project } from "./support.ts";

let project: Project;
beforeAll(async () => {
  project = await makeProject();
});
afterAll(() => project.remove());

test("a project without wrangler is told to install it", async () => {
  const bare = await makeProject();
  await rm(join(bare.folder, "node_modules"));
  expect(() => findWrangler(join(bare.folder, "wrangler.json"))).toThrow(
    new UsageError("the Worker's project has no wrangler: install it there, with npm install --save-dev wrangler"),
  );
  const packages = join(bare.folder, "node_modules", "wrangler");
  await mkdir(packages, { recursive: true });
  await writeFile(join(packages, "package.json"), '{"name":"wrangler","main":"index.js"}');
  await writeFile(join(packages, "index.js"), "exports.unstable_readConfig = () => ({});\n");
  await expect(findWrangler(join(bare.folder, "wrangler.json")).load()).rejects.toThrow(
    /has no createTestHarness: install a newer one/,
  );
  await bare.remove();
});

test("a file that is not there", () => {
  expect(() => findConfig(join(project.folder, "other.toml"))).toThrow(UsageError);
  expect(findConfig(join(project.folder, "wrangler.json"))).toBe(join(project.folder, "wrangler.json"));
});

test("an environment that is not defined is said in wrangler's words, without colours", async () => {
  const wrangler = await findWrangler(join(project.folder, "wrangler.json")).load();
  const read = wrangler.readConfig("prod");
  expect(read).toMatchObject({
    ok: false,
    error: expect.stringContaining('No environment found in configuration with name "prod"') as unknown,
  });
  expect(JSON.stringify(read)).not.toContain(String.raw`\u001b`);
});

test("code that cannot be bundled is said in wrangler's words", async () => {
  await project.write("broken.ts", 'import { nothing } from "./nowhere.ts";\nexport default nothing;\n');
  const path = await project.write(
    "wrangler-broken.json",
    JSON.stringify({ name: "broken", main: "broken.ts", compatibility_date: "2026-11-01" }),
  );
  const bundled = await findWrangler(path).bundle(undefined, await project.makeFolder());
  expect(bundled).toMatchObject({
    ok: false,
    error: 'Build failed with 1 error: Could not resolve "./nowhere.ts" (broken.ts:1:24)',
  });
});
