/**
 * `npm run package:lambda`: the Lambda handlers as archives for `issuer/deploy/sealgate.template.yaml`, in `dist/lambda-zip/`.
 * The same source makes the same bytes: no time and no path of this machine goes into them, so that anyone can check what was
 * deployed.
 */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { zipSync } from "fflate";
import { bundleLambda } from "./bundle.ts";

/** The earliest time that a ZIP archive can hold. */
const MTIME = new Date(1980, 0, 1);

/** Writes `<handler>.zip` for each handler of `issuer/lambda/` into the folder; Lambda finds it as `index.handler`. */
export async function packageLambdas(folder: string): Promise<readonly string[]> {
  const handlers = readdirSync("issuer/lambda").filter((name) => name.endsWith(".ts"));
  const packaged = handlers.map(async (file) => {
    const name = file.replace(/\.ts$/, "");
    const bundle = `${folder}/${name}.mjs`;
    await bundleLambda(`issuer/lambda/${file}`, bundle);
    const archive = zipSync({ "index.mjs": [readFileSync(bundle), { mtime: MTIME, level: 9, os: 0 }] });
    for (const path of [bundle, `${bundle}.map`]) rmSync(path);
    writeFileSync(`${folder}/${name}.zip`, archive);
    return `${folder}/${name}.zip`;
  });
  return Promise.all(packaged);
}

async function main(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const path of await packageLambdas(folder)) {
    const archive = readFileSync(path);
    const sha256 = createHash("sha256").update(archive).digest("hex");
    console.log(`${path}: ${String(archive.length)} bytes, SHA-256 ${sha256}`);
  }
}

if (import.meta.main) {
  process.chdir(fileURLToPath(new URL("../", import.meta.url)));
  await main("dist/lambda-zip");
}
