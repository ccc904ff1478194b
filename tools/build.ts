/**
 * `npm run build`: everything that leaves the repository, in `dist/`.
 *
 *   types/            declarations, by the compiler (which is also the check of the dependency law)
 *   issuer.js edge-verifier.js verify.js jose.js origin.js   the package's libraries; their peer dependencies stay imports
 *   cli.js            the program, with everything that it needs: `npx sealgate` works alone
 *   console-page.js   what `sealgate console` shows in a browser
 *   lambda/*.mjs      one self-contained ESM file per handler
 *   worker/           the Worker as wrangler would upload it, and its list of inputs
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { bundleLambda, FOR_NODE, SELF_CONTAINED } from "./bundle.ts";
import { bundleConsolePage } from "./console-page.ts";
import { measureFeatures } from "./feature-bytes.ts";
import type { FeatureBytes } from "./feature-bytes.ts";

/** Part of the design: what a cold isolate has to load, without the features that edge-verifier/features.ts adds to it. */
const MAX_WORKER_GZIP_BYTES = 27_000;

process.chdir(fileURLToPath(new URL("../", import.meta.url)));
removeOldBuild();
// The tests have types of their own, which are no part of what is built.
run("tsc", ["--build", "--force", "shared", "issuer", "edge-verifier"]);
await buildEntryPoints();
for (const handler of readdirSync("issuer/lambda").filter((name) => name.endsWith(".ts"))) {
  await bundleLambda(`issuer/lambda/${handler}`, `dist/lambda/${handler.replace(/\.ts$/, ".mjs")}`);
}
for (const environment of ["", "staging"]) run("wrangler", ["deploy", "--dry-run", `--env=${environment}`]);
run("wrangler", ["deploy", "--dry-run", "--env", "production", "--outdir", "dist/worker", "--metafile", "--minify"]);
checkWorkerSize(await measureFeatures());

/** Everything but the compiler's notes on what is up to date, which the next `npm run types` is faster with. */
function removeOldBuild(): void {
  mkdirSync("dist", { recursive: true });
  const kept = new Set(["tsbuildinfo", "types-bench", "types-test"]);
  for (const name of readdirSync("dist")) {
    if (!kept.has(name)) rmSync(`dist/${name}`, { recursive: true });
  }
}

async function buildEntryPoints(): Promise<void> {
  await build({
    ...FOR_NODE,
    entryPoints: {
      issuer: "issuer/index.ts",
      "edge-verifier": "edge-verifier/index.ts",
      verify: "shared/index.ts",
      jose: "shared/jose.ts",
      origin: "shared/origin.ts",
    },
    outdir: "dist",
    splitting: true,
    chunkNames: "chunks/[hash]",
    packages: "external",
    sourcemap: true,
  });
  await build({
    ...FOR_NODE,
    ...SELF_CONTAINED,
    entryPoints: { cli: "issuer/cli/bin.ts" },
    outdir: "dist",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
  });
  chmodSync("dist/cli.js", 0o755);
  writeFileSync("dist/console-page.js", await bundleConsolePage());
}

/** Prints what each feature would add, and which ones are in the Worker: by their bytes the budget grows. */
function checkWorkerSize(features: readonly FeatureBytes[]): void {
  const path = "dist/worker/worker.js";
  const gzipBytes = gzipSync(readFileSync(path)).length;
  // What is in the output stands behind "outputs"; before, what was only looked at.
  const [, outputs = ""] = readFileSync("dist/worker/bundle-meta.json", "utf8").split('"outputs":');
  let most = MAX_WORKER_GZIP_BYTES;
  console.log("Optional features, in bytes with gzip:");
  for (const { file, name, bytes } of features) {
    const isListed = outputs.includes(`"edge-verifier/features/${file}"`);
    console.log(`  ${name.padEnd(20)} ${String(bytes).padStart(5)}${isListed ? "  in this Worker" : ""}`);
    if (isListed) most += bytes;
  }
  console.log(`Worker: ${String(statSync(path).size)} bytes, ${String(gzipBytes)} gzip (at most ${String(most)})`);
  if (gzipBytes > most) throw new Error("the Worker bundle is larger than its budget");
}

function run(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: "inherit", env: { ...process.env, WRANGLER_SEND_METRICS: "false" } });
}
