/**
 * The module of docs/verify.md that runs everywhere, run there: in Node, and in Deno, Bun and Chromium where they are found (in PATH, or
 * named by DENO, BUN or CHROMIUM_PATH). It follows a real gateway; in Chromium from a page of another web origin.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { launchChromium, NO_CHROMIUM } from "../support/browser.ts";
import { blocksOf } from "../support/doc-examples.ts";
import { startIssuerGateway } from "../support/issuer-gateway.ts";
import type { IssuerGateway } from "../support/issuer-gateway.ts";
import { makeKey, TEST_ISSUER } from "../support/key-sets.ts";
import { given } from "../support/values.ts";

const run = promisify(execFile);

const RIGHT = ["hello user-1", "audience_mismatch", "kid_unknown", "token_malformed"];

let gateway: IssuerGateway;
let folder: string;
/** An ES module that asks the example, and leaves what it has heard in `globalThis.answers`. */
let script: string;
beforeAll(async () => {
  gateway = await startIssuerGateway(TEST_ISSUER);
  folder = await mkdtemp(join(tmpdir(), "sealgate-elsewhere-"));
  script = await bundleExample();
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await gateway.close();
});

async function bundleExample(): Promise<string> {
  const example = given(
    blocksOf("docs/verify.md").find(
      ({ begins, code }) => begins.endsWith('from "sealgate/verify";') && code.includes("anchors: [{"),
    ),
  );
  const code = example.code
    .replace("https://gateway.example.com", gateway.url)
    .replace(/anchors: \[\{.*\}\],/, `anchors: ${JSON.stringify(gateway.anchors)},`);
  const tokens = [
    await gateway.token(),
    await gateway.token({ aud: "https://other.example.com" }),
    await gateway.token({}, {}, await makeKey("ES256")),
    "no token",
  ];
  const asking = `
    const answers = [];
    for (const token of ${JSON.stringify(tokens)}) answers.push(await verify(token));
    globalThis.answers = answers;`;
  const { outputFiles } = await build({
    stdin: { contents: code + asking, loader: "ts", resolveDir: folder },
    alias: { "sealgate/verify": fileURLToPath(new URL("../../shared/index.ts", import.meta.url)) },
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2024",
  });
  return given(outputFiles[0]).text;
}

const PROGRAMS = [
  ["node", process.execPath, []],
  ["deno", process.env["DENO"] ?? "deno", ["run", "--no-prompt", "--allow-net=127.0.0.1"]],
  ["bun", process.env["BUN"] ?? "bun", ["run"]],
] as const;

test.for(PROGRAMS)("in %s", async ([name, program, argv], context) => {
  const isFound = await run(program, ["--version"]).then(
    () => true,
    () => false,
  );
  if (!isFound) context.skip(`${name} is not in PATH, and ${name.toUpperCase()} does not name it`);
  const file = join(folder, `${name}.mjs`);
  await writeFile(file, `${script}\nconsole.log(JSON.stringify(globalThis.answers));\n`);
  const { stdout } = await run(program, [...argv, file]);
  expect(JSON.parse(stdout)).toEqual(RIGHT);
});

test("in Chromium, from a page of another web origin", async (context) => {
  const browser = await launchChromium();
  if (browser === undefined) return context.skip(NO_CHROMIUM);
  const html = '<!doctype html><title>verify</title><script type="module" src="/page.js"></script>';
  const server = createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    response.setHeader("Content-Type", isScript ? "text/javascript" : "text/html").end(isScript ? script : html);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await page.waitForFunction("globalThis.answers !== undefined");
    expect(await page.evaluate("globalThis.answers")).toEqual(RIGHT);
  } finally {
    await browser.close();
    server.close();
  }
});
