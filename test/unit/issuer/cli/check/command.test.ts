/** `sealgate check` as a whole, on a project on disk. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EXIT } from "../../../../../issuer/cli/exit-codes.ts";
import { jsonOf, sealgate } from "../support.ts";
import { configFile, makeProject, withVars } from "./support.ts";
import type { Project } from "./support.ts";

let project: Project;
beforeAll(async () => {
  project = await makeProject();
});
afterAll(() => project.remove());

test("a project in which nothing is wrong is exit code 0", async () => {
  const run = await sealgate(["check", "--offline", "--config", join(project.folder, "wrangler.json")]);
  expect(run.out).toMatch(
    /^✓ config +wrangler reads the configuration of production, the Worker gateway-production\.$/m,
  );
  expect(run.out).toMatch(/^✓ worker +The Worker starts/m);
  expect(run.out).toMatch(/\nnothing is wrong, 1 skipped\n$/);
  expect(run).toMatchObject({ code: EXIT.ok, err: "" });
});

test("a mistake is exit code 4; variables of local development do not hide it", async () => {
  const path = await project.write("wrangler-bad.json", JSON.stringify(configFile(withVars({ TRUST_ANCHORS: "" }))));
  const run = await sealgate(["check", "--offline", "--json", "--config", path]);
  expect(run.code).toBe(EXIT.notConverged);
  const { ok, checks } = jsonOf(run);
  expect(ok).toBe(false);
  expect(checks).toContainEqual({
    check: "worker",
    status: "wrong",
    message: "TRUST_ANCHORS is missing.",
    variable: "TRUST_ANCHORS",
    repair: "Run sealgate ring anchors, and make TRUST_ANCHORS in env.production.vars the array that it prints.",
  });
});

test("an environment that does not exist is the one thing that is told", async () => {
  const run = await sealgate(["check", "--env", "prod", "--config", join(project.folder, "wrangler.json")]);
  expect(run.out).toMatch(/^✗ config +.*No environment found/);
  expect(run.out).toMatch(/\n1 to repair\n$/);
  expect(run.code).toBe(EXIT.notConverged);
});

test.each([
  [["--role", "root"], /--role must be "signer" or "rotator"/],
  [["--gateway", "api.acme.dev"], /--gateway must be an http or https URL/],
  [["--config", "nowhere.toml"], /--config: there is no such file/],
  [["--config", "/"], /--config: there is no such file/],
  // The top level; an empty text is refused of every other option.
  [["--env", "", "--config", "nowhere.toml"], /--config: there is no such file/],
])("wrong options: %j", async (argv, message) => {
  const run = await sealgate(["check", ...argv]);
  expect(run).toMatchObject({ code: EXIT.usage, err: expect.stringMatching(message) as unknown });
});
