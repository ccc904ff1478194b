/**
 * The wrangler that the Worker's project has installed, which is the one that deploys it: it reads the configuration, bundles
 * the Worker without uploading it, and starts it in workerd. Its functions are called by name, because sealgate does not depend on it.
 */
import { execFile } from "node:child_process";
import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { isJsonObject } from "../../../shared/json.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { err, ok } from "../../../shared/result.ts";
import type { Result } from "../../../shared/result.ts";
import { UsageError } from "../exit-codes.ts";

/** As wrangler looks for them (https://developers.cloudflare.com/workers/wrangler/configuration/). */
const CONFIG_NAMES = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];

/** @throws UsageError when there is no such file */
export function findConfig(given: string | undefined): string {
  if (given !== undefined) {
    if (isFile(given)) return resolve(given);
    throw new UsageError("--config: there is no such file");
  }
  const name = CONFIG_NAMES.find((one) => isFile(one));
  if (name !== undefined) return resolve(name);
  throw new UsageError(
    `there is no ${CONFIG_NAMES.join(" or ")} here: go to the Worker's folder, or name it with --config`,
  );
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

export interface Wrangler {
  /** The configuration of one environment, as wrangler understands it; or wrangler's own words for what is wrong. */
  readConfig(environment: string | undefined): Result<JsonObject, string>;
  /** Starts Workers side by side in one workerd; their files are below `root`. */
  start(root: string, workers: readonly JsonObject[]): Promise<RunningWorkers>;
}

export interface RunningWorkers {
  fetch(worker: string, url: string): Promise<{ readonly status: number; readonly body: string }>;
  /** What the Workers have logged since the last call. */
  takeLogs(): readonly string[];
  close(): Promise<void>;
}

/** A wrangler that is installed, and not loaded yet: loading takes as long as bundling, which is a process of its own. */
export interface InstalledWrangler {
  /**
   * Bundles the Worker into a folder, as a deployment would.
   * @param signal ends the process
   * @returns wrangler's own words if it cannot
   */
  bundle(environment: string | undefined, folder: string, signal?: AbortSignal): Promise<Result<void, string>>;
  /** @throws UsageError when it is too old */
  load(): Promise<Wrangler>;
}

/**
 * @param configPath the project's wrangler configuration
 * @throws UsageError when the project has no wrangler
 */
export function findWrangler(configPath: string): InstalledWrangler {
  // Nothing of it may be sent or downloaded while it only looks.
  process.env["WRANGLER_SEND_METRICS"] = "false";
  process.env["CLOUDFLARE_CF_FETCH_ENABLED"] = "false";
  const require = createRequire(configPath);
  const library = resolveFrom(require, "wrangler");
  const program = resolveFrom(require, "wrangler/package.json");
  if (library === undefined || program === undefined) {
    throw new UsageError(
      "the Worker's project has no wrangler: install it there, with npm install --save-dev wrangler",
    );
  }
  const script = join(dirname(program), "bin", "wrangler.js");
  return {
    bundle: (env, folder, signal) => bundle(script, configPath, { env, folder, signal }),
    load: () => load(library, configPath),
  };
}

async function load(library: string, configPath: string): Promise<Wrangler> {
  const module: unknown = await import(pathToFileURL(library).href);
  for (const name of ["unstable_readConfig", "createTestHarness"]) {
    if (typeof member(module, name) === "function") continue;
    throw new UsageError(`the wrangler of the Worker's project has no ${name}: install a newer one`);
  }
  return {
    readConfig(env) {
      try {
        const config = call(module, "unstable_readConfig", { config: configPath, env }, { hideWarnings: true });
        return isJsonObject(config) ? ok(config) : err("wrangler has read no configuration");
      } catch (error) {
        return err(error instanceof Error ? oneLine(error.message) : "wrangler cannot read the configuration");
      }
    },
    start: (root, workers) =>
      start(call(module, "createTestHarness", { root, workers: workers.map((config) => ({ config })) })),
  };
}

function resolveFrom({ resolve: find }: NodeJS.Require, specifier: string): string | undefined {
  try {
    return find(specifier);
  } catch {
    return undefined;
  }
}

/** `--env=` is wrangler's way to say the top level. */
async function bundle(
  script: string,
  config: string,
  {
    env,
    folder,
    signal,
  }: { readonly env: string | undefined; readonly folder: string; readonly signal?: AbortSignal | undefined },
): Promise<Result<void, string>> {
  const argv = [script, "deploy", "--dry-run", "--outdir", folder, "--config", config, `--env=${env ?? ""}`];
  const variables = { ...process.env, WRANGLER_HIDE_BANNER: "true", NO_COLOR: "1" };
  const options = { cwd: dirname(config), env: variables, ...(signal === undefined ? {} : { signal }) };
  const { promise, resolve: settle } = Promise.withResolvers<Result<void, string>>();
  execFile(process.execPath, argv, options, (error, stdout, stderr) => {
    settle(error === null ? ok(undefined) : err(oneLine(lastWords(`${stdout}\n${stderr}`))));
  });
  return promise;
}

async function start(harness: unknown): Promise<RunningWorkers> {
  try {
    await call(harness, "listen");
  } catch (error) {
    const logs = takeLogs(harness).join("\n");
    await call(harness, "close");
    throw error instanceof Error ? new Error(startupWords(`${logs}\n${error.message}`)) : error;
  }
  return {
    async fetch(name, url) {
      const response = await call(call(harness, "getWorker", name), "fetch", url);
      return { status: Number(member(response, "status")), body: String(await call(response, "text")) };
    },
    takeLogs: () => takeLogs(harness),
    close: async () => void (await call(harness, "close")),
  };
}

function takeLogs(harness: unknown): readonly string[] {
  const logs = call(harness, "getLogs");
  call(harness, "clearLogs");
  return Array.isArray(logs) ? logs.map((log: unknown) => String(member(log, "message"))) : [];
}

function member(of: unknown, name: string): unknown {
  return (typeof of === "object" && of !== null) || typeof of === "function" ? Reflect.get(of, name) : undefined;
}

function call(of: unknown, name: string, ...parameters: readonly unknown[]): unknown {
  const method = member(of, name);
  if (typeof method !== "function") throw new TypeError(`wrangler has no ${name}`);
  return Reflect.apply(method, of, parameters);
}

/** What the Worker has thrown while it was loaded, without workerd's references. */
function startupWords(text: string): string {
  const thrown = /Uncaught (?:\w*Error: )?([^\n]+)/.exec(text)?.[1];
  return oneLine(thrown ?? text).replace(/","context_depth".*$/s, "");
}

/** An error of wrangler or esbuild, and where it is, if that follows. */
const ERROR = /\[ERROR\]\s*([\s\S]*?)\s*(?:\n\s*\n(?:\s*(\S+:\d+:\d+):\n)?|$)/g;

/** wrangler prints colours and boxes; each error is behind "[ERROR]". */
function lastWords(printed: string): string {
  const text = plainText(printed);
  const errors = [...text.matchAll(ERROR)].map(([, words = "", place]) =>
    place === undefined ? words : `${words} (${place})`,
  );
  return errors.length === 0 ? text.slice(-500) : errors.join(" ");
}

/** On one line, as a row of a table needs it. */
function oneLine(text: string): string {
  return plainText(text).replaceAll(/\s*\n\s*/g, " ");
}

function plainText(text: string): string {
  return stripVTControlCharacters(text).trim();
}
