/**
 * How programs for Node are bundled. A Lambda handler is one self-contained ESM file, dependencies included: what is uploaded
 * is what was tested, whatever SDK the Lambda runtime brings along.
 */
import { build } from "esbuild";
import type { BuildOptions } from "esbuild";

/** For everything that runs in Node. */
export const FOR_NODE: BuildOptions = {
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node22",
  logLevel: "warning",
};

/** For programs that bring their dependencies along. */
export const SELF_CONTAINED: BuildOptions = {
  mainFields: ["module", "main"],
  minify: true,
  // Names of classes stay readable in the stack traces that end up in CloudWatch.
  keepNames: true,
  legalComments: "none",
  // Dependencies that are CommonJS call `require` for Node's own modules, and an ES module has none.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
};

/**
 * @param entry path of the handler's module
 * @param outfile path of the bundle, ending in .mjs
 * @returns paths of all modules that went into it, relative to the working directory
 */
export async function bundleLambda(entry: string, outfile: string): Promise<readonly string[]> {
  // The source map says where a stack trace's line comes from. It holds no sources: they are in the repository.
  const output: BuildOptions = { outfile, metafile: true, sourcemap: true, sourcesContent: false };
  const { metafile } = await build({ ...FOR_NODE, ...SELF_CONTAINED, ...output, entryPoints: [entry] });
  return Object.keys(metafile?.inputs ?? {});
}
