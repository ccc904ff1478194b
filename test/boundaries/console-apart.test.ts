/** The console costs nothing where it is not used: it is in no library, no Lambda handler and no Worker, and the page is in no program. */
import { glob } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { beforeAll, expect, test } from "vitest";

const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** As in package.json, and what wrangler uploads; test/boundaries/worker-bundle.test.ts looks at that as it is built. */
const LIBRARIES = [
  "issuer/index.ts",
  "edge-verifier/index.ts",
  "edge-verifier/worker.ts",
  "shared/index.ts",
  "shared/jose.ts",
  "shared/origin.ts",
];

const CONSOLE = /^issuer\/(?:console\/|words\/decision\.ts)/;

let handlers: readonly string[];
beforeAll(async () => {
  const found: string[] = [];
  for await (const path of glob("issuer/lambda/*.ts", { cwd: ROOT })) found.push(path.replaceAll("\\", "/"));
  handlers = found;
});

/** The files of the repository that a bundle of an entry point is made of. */
async function inputsOf(entry: string): Promise<readonly string[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "node",
    packages: "external",
  });
  return Object.keys(metafile.inputs);
}

test("no library, handler or Worker has a file of the console", async () => {
  expect(handlers.length).toBeGreaterThan(1);
  for (const entry of [...LIBRARIES, ...handlers]) {
    const inputs = await inputsOf(entry);
    expect(inputs, entry).toContain(entry);
    expect(
      inputs.filter((input) => CONSOLE.test(input)),
      entry,
    ).toEqual([]);
  }
});

test("the program has the console, and neither the page nor the edge, which are a file of their own", async () => {
  const inputs = await inputsOf("issuer/cli/bin.ts");
  expect(inputs).toContain("issuer/console/app.ts");
  expect(inputs.filter((input) => /^(?:issuer\/console\/page|edge-verifier)\//.test(input))).toEqual([]);
});
