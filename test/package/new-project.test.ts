/** A project that `sealgate new` of the packed package makes: its types, its tests, its bundle, and what the check says of it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { installPackage } from "./package-project.ts";
import type { PackageProject } from "./package-project.ts";

let project: PackageProject;
beforeAll(async () => {
  project = await installPackage();
  for (const tool of ["wrangler", "typescript"]) await project.usePeer(tool, tool);
  await project.run("sealgate", ["new", "gateway"]);
});
afterAll(() => project.remove());

/** In the new project, whose dependencies lie in the folder above. */
const inProject = (command: string): ReturnType<PackageProject["run"]> =>
  project.run("sh", ["-c", `cd gateway && ${command}`], { HOME: project.folder, WRANGLER_SEND_METRICS: "false" });

test("its types are right", async () => {
  await expect(inProject("node ../node_modules/typescript/bin/tsc")).resolves.toEqual({ out: "", err: "" });
});

test("its tests pass: a ring is made, a token signed, and the gateway lets it through", async () => {
  const { out } = await inProject('node --test --test-reporter tap "test/**/*.test.js"');
  expect(out).toMatch(/^# pass 5$/m);
  expect(out).toMatch(/^# fail 0$/m);
});

test("the check finds nothing but what only its owner can fill in", async () => {
  const { out: said } = await inProject("sealgate check --offline || echo exit code $?");
  expect(said).toMatch(/\nexit code 4\n$/);
  const wrong = [...said.matchAll(/^✗ (\w+)/gm)].map(([, name]) => name);
  expect(new Set(wrong)).toEqual(new Set(["worker", "placeholders", "kv_namespace"]));
  expect(said).toMatch(/✗ worker +TRUST_ANCHORS is missing\./);
  expect(said).toMatch(/✓ bundle /);
});
