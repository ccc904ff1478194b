/**
 * The Worker as it is uploaded: what `wrangler deploy` would send, built into a temporary directory.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import type { PluginBuild } from "esbuild";

export interface WorkerBundle {
  /** The one module. */
  readonly code: string;
  /** The sources that are in it, relative to the package. */
  readonly inputs: readonly string[];
}

const ROOT: string = fileURLToPath(new URL("../..", import.meta.url));

/** The Worker with every feature; the deployed one has those of edge-verifier/features.ts. */
export const COMPLETE_WORKER: string = "test/support/complete-worker.ts";

/**
 * Builds as `wrangler deploy` does, without uploading. Takes some seconds.
 * @param entry another module than the deployed one
 */
export async function buildWorkerBundle(entry?: string): Promise<WorkerBundle> {
  const directory = await mkdtemp(join(tmpdir(), "sealgate-bundle-"));
  try {
    const wrangler = join(ROOT, "node_modules", "wrangler", "bin", "wrangler.js");
    const parameters = [
      wrangler,
      "deploy",
      ...(entry === undefined ? [] : [entry]),
      "--dry-run",
      "--env=production",
      "--outdir",
      directory,
      "--metafile",
    ];
    await promisify(execFile)(process.execPath, parameters, {
      cwd: ROOT,
      env: { ...process.env, WRANGLER_SEND_METRICS: "false" },
    });
    const meta: unknown = JSON.parse(await readFile(join(directory, "bundle-meta.json"), "utf8"));
    const name = entry === undefined ? "worker.js" : basename(entry).replace(/\.ts$/, ".js");
    return { code: await readFile(join(directory, name), "utf8"), inputs: inputsOf(meta) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/**
 * A gateway with this policy, as one module. Faster than {@link buildWorkerBundle}, and not what is uploaded.
 * @param policy the text of a routes.ts
 * @param features by name; all of them if left out
 */
export async function buildGatewayOf(policy: string, features?: readonly string[]): Promise<string> {
  const edge = join(ROOT, "edge-verifier", "index.ts");
  const routes = { name: "policy", setup: providing(policy) };
  const { outputFiles } = await build({
    stdin: {
      contents: `import * as edge from "sealgate/edge-verifier";
        import routes from "policy:";
        const features = ${features === undefined ? "edge.allFeatures" : `[${features.map((one) => `edge.${one}`).join(", ")}]`};
        export default edge.createGateway(routes, { features });`,
      resolveDir: ROOT,
    },
    alias: { "sealgate/edge-verifier": edge },
    plugins: [routes],
    bundle: true,
    format: "esm",
    target: "es2024",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

function providing(policy: string): (builder: PluginBuild) => void {
  return (builder) => {
    builder.onResolve({ filter: /^policy:$/ }, () => ({ path: "policy", namespace: "policy" }));
    builder.onLoad({ filter: /.*/, namespace: "policy" }, () => ({ contents: policy, loader: "ts", resolveDir: ROOT }));
  };
}

/** The inputs of the esbuild metafile that contribute to an output. */
function inputsOf(meta: unknown): readonly string[] {
  const inputs = new Set<string>();
  for (const output of Object.values(memberOf(meta, "outputs"))) {
    for (const input of Object.keys(memberOf(output, "inputs"))) inputs.add(input);
  }
  return [...inputs];
}

function memberOf(value: unknown, name: string): object {
  const member: unknown = typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
  if (typeof member !== "object" || member === null) throw new TypeError(`the metafile has no ${name}`);
  return member;
}
