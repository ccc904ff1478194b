/** A Worker's project on disk, as its owner has it: a configuration, the code, and wrangler in node_modules. */
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readWorkerConfig } from "../../../../../issuer/cli/check/worker-config.ts";
import type { WorkerConfig } from "../../../../../issuer/cli/check/worker-config.ts";
import type { JsonObject } from "../../../../../shared/json.ts";
import { serialiseJwk } from "../../../../../shared/key-set.ts";
import { rootKey } from "../../../../support/observed-ring.ts";

export const ROOT: string = fileURLToPath(new URL("../../../../../", import.meta.url));

export const ISSUER = "https://auth.acme.dev";
export const NAMESPACE_ID = "0123456789abcdef0123456789abcdef";

export const ANCHORS: string = JSON.stringify([serialiseJwk(rootKey.jwk, rootKey.kid)]);

const VARS = {
  ISSUER,
  AUDIENCE: "https://api.acme.dev",
  RING: "main",
  TRUST_ANCHORS: ANCHORS,
  ORIGIN_URL: "https://origin.acme.dev",
  CORS_ORIGINS: "https://app.acme.dev",
};

/** An environment in which nothing is wrong. */
export const GOOD = {
  workers_dev: false,
  preview_urls: false,
  routes: [{ pattern: "api.acme.dev", custom_domain: true }],
  kv_namespaces: [{ binding: "KEY_SETS", id: NAMESPACE_ID }],
  vars: VARS,
};

/** The same with other vars; undefined takes one away. */
export function withVars(changes: Readonly<Record<string, string | undefined>>): JsonObject {
  const vars = { ...VARS, ...changes };
  return {
    ...GOOD,
    vars: Object.fromEntries(Object.entries(vars).flatMap(([k, v]) => (v === undefined ? [] : [[k, v]]))),
  };
}

export const STAGING = { ...GOOD, kv_namespaces: [{ binding: "KEY_SETS", id: "f".repeat(32) }] };

/** The configuration with this as its environment `production`. */
export function configFile(production: JsonObject, main = "worker.ts"): JsonObject {
  return {
    name: "gateway",
    main,
    compatibility_date: "2026-11-01",
    compatibility_flags: ["no_nodejs_compat", "no_nodejs_compat_v2"],
    alias: { "sealgate/edge-verifier": `${ROOT}edge-verifier/index.ts` },
    env: { production, staging: STAGING },
  };
}

export const RULES = {
  good: '{ path: "/api/*", require: {} }',
  unreachable: '{ path: "/api/*", require: {} }, { path: "/api/admin/*", require: { scope: ["admin"] } }',
} as const;

const WORKER = `import { cors, createGateway, defineRoutes } from "sealgate/edge-verifier";
export default createGateway(defineRoutes([${RULES.good}]), { features: [cors] });
`;

export interface Project {
  readonly folder: string;
  write(path: string, text: string): Promise<string>;
  /** @returns a new, empty folder in it */
  makeFolder(): Promise<string>;
  remove(): Promise<void>;
}

/** A project with a good Worker and a file of local development, which no check may take for the deployment's. */
export async function makeProject(): Promise<Project> {
  const folder = await mkdtemp(join(tmpdir(), "sealgate-project-"));
  const write = async (path: string, text: string): Promise<string> => {
    await writeFile(join(folder, path), text);
    return join(folder, path);
  };
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  await write("worker.ts", WORKER);
  await write("wrangler.json", JSON.stringify(configFile(GOOD)));
  await write(
    ".dev.vars",
    Object.entries(VARS)
      .map(([name, value]) => `${name}='${value}'\n`)
      .join(""),
  );
  return {
    folder,
    write,
    makeFolder: () => mkdtemp(join(folder, "folder-")),
    remove: () => rm(folder, { recursive: true }),
  };
}

/** A good environment as the checks see it, without wrangler; `changes` replaces members. */
export function workerConfig(changes: JsonObject = {}): WorkerConfig {
  return readWorkerConfig({ name: "gateway-production", ...GOOD, ...changes }, "production");
}
