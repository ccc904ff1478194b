/**
 * What the pages of the gateway show is what the gateway does: every policy compiles and would be accepted at start, the example
 * request is answered and logged as printed, and every variable has its row.
 */
import { execFile } from "node:child_process";
import { glob, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { DEFAULT_IDENTITY_HEADERS } from "../../../edge-verifier/http/identity.ts";
import { createGateway } from "../../../edge-verifier/gateway.ts";
import { allFeatures } from "../../../edge-verifier/features/all.ts";
import { readFeatures } from "../../../edge-verifier/request/hooks.ts";
import { compilePolicy } from "../../../edge-verifier/policy/compile.ts";
import { defineRoutes } from "../../../edge-verifier/policy/rule.ts";
import type { RoutePolicy } from "../../../edge-verifier/policy/rule.ts";
import { isJsonObject } from "../../../shared/json.ts";
import { blocksOf } from "../../support/doc-examples.ts";
import { makeRoot } from "../../support/key-sets.ts";
import { given, jsonObject } from "../../support/values.ts";
import { measureFeatures } from "../../../tools/feature-bytes.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const BLOCK = /```ts\n(.*?)```/gs;

async function policiesOf(page: string): Promise<readonly string[]> {
  const blocks = [...(await readFile(join(ROOT, page), "utf8")).matchAll(BLOCK)].map(([, code = ""]) => code);
  return blocks.filter((code) => code.includes("export default defineRoutes("));
}

let folder: string;
let files: readonly string[];
beforeAll(async () => {
  const policies = [
    ...(await policiesOf("docs/gateway.md")),
    ...(await policiesOf("docs/gateway-policy.md")),
    ...(await policiesOf("README.md")),
  ];
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
  expect(files.length).toBeGreaterThanOrEqual(7);
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
    const routes = await routesOf(file);
    const setup = { env: {}, report: (): undefined => undefined, routes, keySet: undefined, clock: () => 0 };
    const hooks = await readFeatures(allFeatures, setup);
    expect(compilePolicy(hooks.routes ?? routes, [])).toMatchObject({ ok: true });
  }
});

/** The default export of a policy's file. */
async function routesOf(file: string): Promise<RoutePolicy> {
  const module: unknown = await import(pathToFileURL(file).href);
  const routes: unknown = isJsonObject(module) ? module["default"] : undefined;
  if (!Array.isArray(routes)) throw new TypeError(`${file} exports no policy`);
  return defineRoutes(routes);
}

test("the example request is answered and logged as docs/gateway.md prints it", async () => {
  const root = await makeRoot();
  const [, printed = "", log = ""] = blocksOf("docs/gateway.md")
    .filter(({ begins }) => /^(curl|HTTP|\{"event")/.test(begins))
    .map(({ code }) => code);
  const [head = "", body = ""] = printed.split("\n\n");
  const [status, ...lines] = head.split("\n");
  const headers = new Headers(
    lines.map((line): [string, string] => [given(line.split(": ")[0]), line.slice(line.indexOf(": ") + 2)]),
  );
  const event = jsonObject(log);
  const events: unknown[] = [];
  const gateway = createGateway(await routesOf(given(files[0])), {
    onEvent: (seen) => events.push(seen),
    clock: () => 0,
  });
  const env = {
    ISSUER: "https://auth.example.com",
    AUDIENCE: "https://api.example.com",
    TRUST_ANCHORS: [root.jwk],
    KEY_SETS: { get: () => Promise.resolve(null) },
    ORIGIN_URL: "https://origin.example.com",
    VERSION: { id: event["version"] },
  };
  const request = new Request("https://api.example.com/api/orders", {
    headers: { "X-Request-Id": given(headers.get("x-request-id") ?? undefined), "CF-Ray": "8f1d2c3b4a596877-FRA" },
  });
  const answer = await gateway.fetch(request, env, { waitUntil: () => undefined });
  expect(`HTTP/1.1 ${String(answer.status)} Unauthorized`).toBe(status);
  expect(Object.fromEntries(answer.headers)).toEqual(Object.fromEntries(headers));
  expect(await answer.text()).toBe(body.trim());
  // This gateway has just been started; the printed one has held a key set for a while.
  expect(events).toEqual([{ ...event, keySet: expect.any(Object) as unknown }]);
});

test.each(['{ "x-user-id"', '{ "x-roles"'])("the example %s… of IDENTITY_HEADERS is accepted", async (start) => {
  const [block] = blocksOf("docs/gateway-requests.md").filter(({ begins }) => begins.startsWith(start));
  const problems: string[] = [];
  const report = (variable: string, problem: string): undefined => void problems.push(`${variable} ${problem}`);
  const env = { IDENTITY_HEADERS: given(block).code };
  await readFeatures(allFeatures, { env, report, routes: [], keySet: undefined, clock: () => 0 });
  expect(problems).toEqual([]);
});

test("every variable and binding that the gateway reads has its place on docs/gateway.md", async () => {
  const read = new Set<string>();
  for await (const path of glob("edge-verifier/**/*.ts", { cwd: ROOT })) {
    const source = await readFile(join(ROOT, path), "utf8");
    for (const [, name] of source.matchAll(/\benv\["([A-Z_]+)"\]/g)) read.add(given(name));
  }
  const page = await readFile(join(ROOT, "docs/gateway.md"), "utf8");
  expect(read.size).toBeGreaterThan(15);
  expect([...read].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test("the identity headers without IDENTITY_HEADERS are the documented ones", async () => {
  const page = (await readFile(join(ROOT, "docs/gateway-requests.md"), "utf8")).toLowerCase();
  expect(DEFAULT_IDENTITY_HEADERS).toHaveLength(2);
  for (const { name, path } of DEFAULT_IDENTITY_HEADERS) expect(page).toContain(`\`${name}\` with \`${path.join()}\``);
});

test("every option of the middleware has its row on docs/middleware.md", async () => {
  const page = await readFile(join(ROOT, "docs/middleware.md"), "utf8");
  const source = await readFile(join(ROOT, "edge-verifier/middleware-options.ts"), "utf8");
  const [, members = ""] = /export interface SealgateOptions \{\n(.*?)\n\}/s.exec(source) ?? [];
  const options = [...members.matchAll(/^ {2}readonly (\w+)\?:/gm)].map(([, name]) => given(name));
  const rows = [
    ...(page.split("## Options\n")[1] ?? "")
      .split(/^## /m, 1)
      .join("")
      .matchAll(/^\| `(\w+)` \|/gm),
  ];
  expect(options.length).toBeGreaterThan(10);
  expect(rows.map(([, name]) => name)).toEqual(options);
});

test("the bytes of each feature are documented as the build prints them, to a tenth", async () => {
  const page = await readFile(join(ROOT, "docs/gateway.md"), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)`, ([\w-]+\.ts) \|.* (\d+) \|$/gm)];
  const documented = rows.map(([, name = "", file = "", bytes = ""]) => ({ name, file, bytes: Number(bytes) }));
  const measured = await measureFeatures();
  expect(documented.map(({ name, file }) => `${name} ${file}`).toSorted()).toEqual(
    measured.map(({ name, file }) => `${name} ${file}`).toSorted(),
  );
  const wrong = measured.filter(({ name, bytes }) => {
    const said = documented.find((one) => one.name === name)?.bytes ?? 0;
    return Math.abs(said - bytes) > 20 + bytes / 10;
  });
  expect(wrong).toEqual([]);
});
