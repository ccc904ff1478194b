/**
 * What each optional feature adds to the Worker, in bytes with gzip: the gateway with this feature alone, less the gateway without any.
 */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const ROOT: string = fileURLToPath(new URL("../", import.meta.url));
const FEATURES: string = `${ROOT}edge-verifier/features/`;

export interface FeatureBytes {
  /** In edge-verifier/features/. */
  readonly file: string;
  /** As it is exported. */
  readonly name: string;
  readonly bytes: number;
}

/** Takes about a second. */
export async function measureFeatures(): Promise<readonly FeatureBytes[]> {
  const without = await gatewayBytes("");
  const files = readdirSync(FEATURES).filter((file) => file !== "all.ts");
  return Promise.all(
    files.map(async (file) => {
      const source = readFileSync(FEATURES + file, "utf8");
      const name = /^export const (\w+): Feature\b/m.exec(source)?.[1];
      if (name === undefined) throw new Error(`${file} exports no feature`);
      const bytes =
        (await gatewayBytes(`import { ${name} } from "./edge-verifier/features/${file}"; use(${name});`)) - without;
      return { file, name, bytes };
    }),
  );
}

/** @param more says which features there are */
async function gatewayBytes(more: string): Promise<number> {
  const contents = `import { createGateway } from "./edge-verifier/gateway.ts";
    const features = [];
    const use = (feature) => features.push(feature);
    ${more}
    export default createGateway([], { features });`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2024",
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? "").length;
}
