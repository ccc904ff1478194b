/**
 * Workers in workerd, started by Miniflare: bundled by esbuild as a deploy would, all in one process of their own, each
 * with a loopback socket that leads straight to it. No clock is read here.
 */
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { childrenNamed } from "./cpu.ts";

const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** The same as in wrangler.toml. */
const COMPATIBILITY_DATE = "2026-11-01";
const COMPATIBILITY_FLAGS = ["no_nodejs_compat", "no_nodejs_compat_v2"];

export interface WorkerSpec {
  readonly name: string;
  /** The module with the default export, from the repository's root. */
  readonly entry: string;
  /** Vars: text or JSON. */
  readonly vars?: Readonly<Record<string, unknown>>;
  /** KV bindings: binding to namespace. */
  readonly kv?: Readonly<Record<string, string>>;
  /** Service bindings: binding to the name of another Worker. */
  readonly services?: Readonly<Record<string, string>>;
}

export interface RunningWorkers {
  /** Process id of workerd. */
  readonly pid: number;
  urlOf(name: string): string;
  /** Puts a text into a KV namespace of a Worker. */
  putKv(worker: string, binding: string, key: string, value: string): Promise<void>;
  close(): Promise<void>;
}

export interface Bundle {
  readonly code: string;
  readonly bytes: number;
  readonly gzipBytes: number;
}

/** One file of ESM, as uploaded. */
export async function bundleWorker(entry: string): Promise<Bundle> {
  const result = await build({
    absWorkingDir: ROOT,
    entryPoints: [entry],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    minify: true,
    conditions: ["workerd", "worker", "browser"],
    // As in wrangler.toml.
    alias: { "sealgate/edge-verifier": "./edge-verifier/index.ts" },
    logLevel: "warning",
  });
  const code = result.outputFiles[0]?.text ?? "";
  return { code, bytes: Buffer.byteLength(code), gzipBytes: gzipSync(code).length };
}

/** Starts the Workers together in one workerd process. */
export async function startWorkers(specs: readonly WorkerSpec[]): Promise<RunningWorkers> {
  // Local runs must not ask the network for anything.
  process.env["CLOUDFLARE_CF_FETCH_ENABLED"] = "false";
  const before = new Set(childrenNamed("workerd"));
  const workers = await Promise.all(
    specs.map(async (spec) => ({
      name: spec.name,
      modules: [
        { type: "ESModule" as const, path: `${spec.name}.mjs`, contents: (await bundleWorker(spec.entry)).code },
      ],
      compatibilityDate: COMPATIBILITY_DATE,
      compatibilityFlags: COMPATIBILITY_FLAGS,
      bindings: JSON.parse(JSON.stringify(spec.vars ?? {})),
      kvNamespaces: { ...spec.kv },
      serviceBindings: { ...spec.services },
      unsafeDirectSockets: [{ host: "127.0.0.1", port: 0 }],
    })),
  );
  const miniflare = new Miniflare(convertV4MiniflareOptions({ workers, cf: false, handleStructuredLogs: () => {} }));
  await miniflare.ready;
  const urls = new Map<string, string>();
  for (const { name } of specs) urls.set(name, (await miniflare.unsafeGetDirectURL(name)).origin);
  const pid = childrenNamed("workerd").find((child) => !before.has(child));
  if (pid === undefined) throw new Error("workerd is not among the children of this process");
  return {
    pid,
    urlOf(name) {
      const url = urls.get(name);
      if (url === undefined) throw new TypeError(`no Worker is called ${name}`);
      return url;
    },
    async putKv(worker, binding, key, value) {
      // Miniflare's types for this come from a package that is not installed.
      const namespace: unknown = await miniflare.getKVNamespace(binding, worker);
      if (!canPut(namespace)) throw new TypeError(`${binding} is not a KV namespace`);
      await namespace.put(key, value);
    },
    close: () => miniflare.dispose(),
  };
}

interface WritableKv {
  put(key: string, value: string): Promise<void>;
}

function canPut(value: unknown): value is WritableKv {
  return typeof value === "object" && value !== null && "put" in value && typeof value.put === "function";
}
