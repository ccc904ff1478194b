/**
 * Bundles a Lambda handler into one self-contained ESM file, dependencies included: what is uploaded is what was tested,
 * whatever SDK the Lambda runtime brings along.
 */
import { build } from "esbuild";

/** For dependencies that are CommonJS: they call `require` for Node's own modules, and an ES module has none. */
const REQUIRE_FOR_CJS = `import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);`;

/**
 * @param entry path of the handler's module
 * @param outfile path of the bundle, ending in .mjs
 * @returns paths of all modules that went into it, relative to the working directory
 */
export async function bundleLambda(entry: string, outfile: string): Promise<readonly string[]> {
  const { metafile } = await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node22",
    mainFields: ["module", "main"],
    minify: true,
    // Names of classes stay readable in the stack traces that end up in CloudWatch.
    keepNames: true,
    legalComments: "none",
    banner: { js: REQUIRE_FOR_CJS },
    metafile: true,
    logLevel: "warning",
  });
  return Object.keys(metafile.inputs);
}
