/**
 * The page's module as JavaScript: from the built package as tools/build.ts has bundled it, in the repository bundled when the
 * console starts, so that nothing has to be built there.
 */
import { readFile } from "node:fs/promises";

/** Beside the package's manifest, which is found from the sources and from the built program alike. */
const BUNDLED = "./dist/console-page.js";
const BUNDLER = "./tools/console-page.ts";

/** @param from the address of the module that asks: a TypeScript file in the repository */
export async function readPageScript(from: string = import.meta.url): Promise<string> {
  const root = import.meta.resolve("sealgate/package.json");
  if (!from.endsWith(".ts")) return readFile(new URL(BUNDLED, root), "utf8");
  const bundler: unknown = await import(new URL(BUNDLER, root).href);
  if (typeof bundler === "object" && bundler !== null && "bundleConsolePage" in bundler) {
    const { bundleConsolePage } = bundler;
    const script: unknown = typeof bundleConsolePage === "function" ? await bundleConsolePage() : undefined;
    if (typeof script === "string") return script;
  }
  throw new TypeError("tools/console-page.ts exports bundleConsolePage, which gives a text");
}
