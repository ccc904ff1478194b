/**
 * The route policy of a gateway, from the file that the gateway is built with (`edge-verifier/routes.ts`, `src/routes.ts`), or from JSON.
 * Only read here: the page decides by it, with the gateway's code.
 */
import { readFile } from "node:fs/promises";
import * as nodeModule from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UsageError } from "../cli/exit-codes.ts";

/** What a policy is written with gives it back as it is, and checks at most its type. */
const WORDS = `data:text/javascript,${encodeURIComponent("export const defineRoutes = (routes) => routes;")}`;

/**
 * @param file TypeScript or JavaScript that exports the policy by default, or a `.json` file
 * @returns the policy as JSON has it, unchecked
 * @throws UsageError when it cannot be read
 */
export async function readRoutes(file: string): Promise<unknown> {
  const routes = file.endsWith(".json")
    ? await orUsage(() => readJson(file))
    : await orUsage(() => importDefault(file));
  if (!Array.isArray(routes)) throw new UsageError("--routes: the file exports no list of rules by default");
  // For the page: a policy is data, and what is not would be lost here as well as there.
  return orUsage(async () => JSON.parse(JSON.stringify(routes)));
}

async function orUsage(read: () => Promise<unknown>): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    const why = error instanceof Error ? error.message : "it throws something that is no error";
    throw new UsageError(`--routes: the file cannot be loaded: ${why}`);
  }
}

async function readJson(file: string): Promise<unknown> {
  const value: unknown = JSON.parse(await readFile(file, "utf8"));
  return value;
}

async function importDefault(file: string): Promise<unknown> {
  // The gateway's package need not be built, nor installed, to read a list of rules. Node 22.12 to 22.14 cannot redirect, and needs it.
  const hooks = nodeModule.registerHooks?.({
    resolve: (specifier, context, next) =>
      specifier === "sealgate/edge-verifier" ? { url: WORDS, shortCircuit: true } : next(specifier, context),
  });
  try {
    const module: unknown = await import(pathToFileURL(resolve(file)).href);
    return typeof module === "object" && module !== null ? Reflect.get(module, "default") : undefined;
  } finally {
    hooks?.deregister();
  }
}
