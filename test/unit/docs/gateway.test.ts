/** Every policy that docs/gateway.md and the README show compiles, and the gateway would start with it. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readFeatures } from "../../../edge-verifier/request/hooks.ts";
import { pathTolerance } from "../../../edge-verifier/features/path-tolerance.ts";
import { compilePolicy } from "../../../edge-verifier/policy/compile.ts";
import { isJsonObject } from "../../../shared/json.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const BLOCK = /```ts\n(.*?)```/gs;

async function policiesOf(page: string): Promise<readonly string[]> {
  const blocks = [...(await readFile(join(ROOT, page), "utf8")).matchAll(BLOCK)].map(([, code = ""]) => code);
  return blocks.filter((code) => code.includes("export default defineRoutes("));
}

let folder: string;
let files: readonly string[];
beforeAll(async () => {
  const policies = [...(await policiesOf("docs/gateway.md")), ...(await policiesOf("README.md"))];
  folder = await mkdtemp(join(tmpdir(), "sealgate-policies-"));
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  files = policies.map((_, index) => join(folder, `policy-${String(index)}.ts`));
  const edge = join(ROOT, "edge-verifier", "policy", "rule.ts");
  for (const [index, file] of files.entries()) {
    await writeFile(file, String(policies[index]).replace("sealgate/edge-verifier", edge));
  }
});
afterAll(() => rm(folder, { recursive: true }));

test("there are as many as are shown", () => {
  expect(files.length).toBeGreaterThanOrEqual(5);
});

test("compile as strictly as this repository", async () => {
  const flags = ["--strict", "--exactOptionalPropertyTypes", "--allowImportingTsExtensions", "--verbatimModuleSyntax"];
  const lib = ["--module", "preserve", "--target", "es2024", "--lib", "es2024,webworker", "--types", "", "--noEmit"];
  const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
  const compiling = promisify(execFile)(process.execPath, [tsc, ...flags, ...lib, "--skipLibCheck", ...files], {
    cwd: folder,
  });
  await expect(compiling).resolves.toMatchObject({ stdout: "" });
});

test("are accepted at start-up", async () => {
  for (const file of files) {
    const module: unknown = await import(pathToFileURL(file).href);
    const routes = isJsonObject(module) ? module["default"] : undefined;
    const setup = { env: {}, report: (): undefined => undefined, base: "", routes, clock: () => 0 };
    const hooks = await readFeatures([pathTolerance], setup);
    expect(compilePolicy(hooks.routes ?? routes, [])).toMatchObject({ ok: true });
  }
});
