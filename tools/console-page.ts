/** The console's page module, bundled for browsers: by `npm run build` into the package, and in the repository at each start. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

export async function bundleConsolePage(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../issuer/console/page/main.ts", import.meta.url))],
    bundle: true,
    write: false,
    minify: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    logLevel: "warning",
  });
  return outputFiles.map(({ text }) => text).join("");
}
