/** Workers that are no gateways, and one that does not start. What gateways say is in command-mistakes.test.ts. */
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { askWorkers } from "../../../../../issuer/cli/check/ask-workers.ts";
import { readWorkerConfig } from "../../../../../issuer/cli/check/worker-config.ts";
import { findWrangler } from "../../../../../issuer/cli/check/wrangler.ts";
import { makeProject } from "./support.ts";
import type { Project } from "./support.ts";

let project: Project;
beforeAll(async () => {
  project = await makeProject();
});
afterAll(() => project.remove());

const config = readWorkerConfig({ name: "one", compatibility_date: "2026-11-01" }, undefined);

test("a Worker that throws while it is loaded is told apart from one that answers", async () => {
  const wrangler = await findWrangler(join(project.folder, "wrangler.json")).load();
  const main = await project.write("throws.js", 'throw new TypeError("createGateway takes no option clocks");\n');
  const [verdict] = await askWorkers(wrangler, await project.makeFolder(), [{ config, main }]);
  expect(verdict).toEqual({ kind: "crashed", message: "createGateway takes no option clocks" });
  const other = await project.write("other.js", 'export default { fetch: () => new Response("hello") };\n');
  const fails = await project.write(
    "fails.js",
    'export default { fetch: () => new Response("oh", { status: 500 }) };\n',
  );
  const both = [
    { config, main: other },
    { config, main: fails },
  ];
  expect(await askWorkers(wrangler, await project.makeFolder(), both)).toEqual([
    { kind: "other" },
    { kind: "crashed", message: "with HTTP 500" },
  ]);
});
