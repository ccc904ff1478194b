/** A gateway's policy from its file: as it is deployed, and as JSON. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import routes from "../../../../edge-verifier/routes.ts";
import { UsageError } from "../../../../issuer/cli/exit-codes.ts";
import { readRoutes } from "../../../../issuer/console/routes-file.ts";

async function fileWith(name: string, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "sealgate-routes-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, name), text);
  return join(folder, name);
}

test("the policy of this repository, and one in JSON", async () => {
  const file = fileURLToPath(new URL("../../../../edge-verifier/routes.ts", import.meta.url));
  expect(await readRoutes(file)).toEqual(routes);
  expect(await readRoutes(await fileWith("routes.json", '[{"path":"/a","allow":"anyone"}]'))).toEqual([
    { path: "/a", allow: "anyone" },
  ]);
});

test.each([
  ["routes.json", "{", "cannot be loaded"],
  ["routes.json", "{}", "exports no list of rules"],
  ["routes.mjs", "export const routes = [];", "exports no list of rules"],
  ["routes.mjs", 'throw new Error("broken")', "cannot be loaded: broken"],
  ["routes.mjs", "export default [1n];", "cannot be loaded: Do not know how to serialize a BigInt"],
])("refuses %s: %s", async (name, text, words) => {
  const reading = readRoutes(await fileWith(name, text));
  await expect(reading).rejects.toThrow(UsageError);
  await expect(reading).rejects.toThrow(words);
});
