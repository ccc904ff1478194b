/** `sealgate check`: what would be wrong with a deployment, before it is made. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import type { Result } from "../../../shared/result.ts";
import type { Environment } from "../../config/environment.ts";
import { EXIT, UsageError } from "../exit-codes.ts";
import type { ExitCode } from "../exit-codes.ts";
import { paint, printJson } from "../io.ts";
import type { CliIo } from "../io.ts";
import { JSON_OPTION, withOptions } from "../options.ts";
import { readPolicyText, withRingOptions } from "../ring/context.ts";
import { parseGatewayUrl } from "../ring/gateway-health.ts";
import { agreementRows } from "./agreement.ts";
import { askWorkers } from "./ask-workers.ts";
import { checkOnline } from "./online.ts";
import { isInOrder, renderRows, rowsToJson } from "./render.ts";
import type { Role } from "./rights.ts";
import { fine, wrong } from "./row.ts";
import type { CheckRow } from "./row.ts";
import { checkSettings } from "./settings.ts";
import { checkVariables } from "./variables.ts";
import { bundleRow, verdictRows } from "./verdict.ts";
import { readWorkerConfig } from "./worker-config.ts";
import type { WorkerConfig } from "./worker-config.ts";
import { findConfig, findWrangler } from "./wrangler.ts";
import type { InstalledWrangler, Wrangler } from "./wrangler.ts";

export interface CheckOptions {
  readonly env: string;
  readonly config?: string;
  readonly ring?: string;
  readonly policy?: string;
  readonly gateway?: string;
  readonly role?: string;
  readonly write?: boolean;
  readonly offline?: boolean;
  readonly json?: boolean;
}

export function addCheckCommand(program: Command, io: CliIo, setExitCode: (code: ExitCode) => void): void {
  withRingOptions(
    program
      .command("check")
      .description("say what would be wrong with a deployment of the Worker, and how to repair it; reads only")
      .option("--env <name>", 'environment of the wrangler configuration; "" is the top level', "production")
      .option("--config <file>", "the wrangler configuration; by default the one in this folder"),
  )
    .option("--gateway <url>", "the deployed gateway; by default the hostname in the Worker's routes")
    .option("--role <role>", '"signer" or "rotator": whose rights the AWS credentials must have; by default either')
    .option("--write", "write a KV entry that expires after a minute, to try the right to write")
    .option("--offline", "ask neither AWS nor Cloudflare nor the gateway")
    .option(...JSON_OPTION)
    .action(async (options: CheckOptions) => setExitCode(await check(io, options)));
}

async function check(io: CliIo, options: CheckOptions): Promise<ExitCode> {
  const environment = options.env === "" ? undefined : options.env;
  const gateway = options.gateway === undefined ? undefined : parseGatewayUrl(options.gateway);
  const role = parseRole(options.role);
  const env = withOptions(io, { SEALGATE_RING: options.ring, SEALGATE_POLICY: await readPolicyText(options.policy) });
  const installed = findWrangler(findConfig(options.config));
  const bundling = await beginBundling(installed, environment);
  try {
    const wrangler = await installed.load();
    const read = readConfigs(wrangler, environment);
    if (!read.ok) return finish(io, options, [read.row]);
    const { config, others } = read;
    const [offline, online] = await Promise.all([
      tryWorker(wrangler, config, bundling),
      options.offline === true ? [] : checkOnline(io, env, { config, gateway, role, mayWrite: options.write === true }),
    ]);
    return finish(io, options, [...settingRows(io, env, config, others), ...offline, ...online]);
  } finally {
    await bundling.end();
  }
}

function settingRows(
  { nowMs }: CliIo,
  env: Environment,
  config: WorkerConfig,
  others: readonly WorkerConfig[],
): readonly CheckRow[] {
  const of = config.environment ?? "the top level";
  const known = fine("config", `wrangler reads the configuration of ${of}, the Worker ${config.name}.`);
  const rows = [...checkVariables(config, nowMs()), ...checkSettings(config, others), ...agreementRows(env, config)];
  return [known, ...rows];
}

function finish(io: CliIo, { json, env }: CheckOptions, rows: readonly CheckRow[]): ExitCode {
  if (json === true) printJson(io, rowsToJson(rows, env === "" ? undefined : env));
  else io.out(renderRows(rows, (style, text) => paint(io, style, text)));
  return isInOrder(rows) ? EXIT.ok : EXIT.notConverged;
}

function parseRole(text: string | undefined): Role | undefined {
  if (text === undefined || text === "signer" || text === "rotator") return text;
  throw new UsageError('--role must be "signer" or "rotator"');
}

type ReadConfigs =
  | { readonly ok: true; readonly config: WorkerConfig; readonly others: readonly WorkerConfig[] }
  | { readonly ok: false; readonly row: CheckRow };

/** The environment that is asked for, and the others that can be read. */
function readConfigs(wrangler: Wrangler, environment: string | undefined): ReadConfigs {
  const json = wrangler.readConfig(environment);
  if (!json.ok) {
    const repair = "Correct the wrangler configuration, or name another environment with --env.";
    return { ok: false, row: wrong("config", json.error, repair) };
  }
  const config = readWorkerConfig(json.value, environment);
  const defined: unknown = json.value["definedEnvironments"];
  const names = [undefined, ...(Array.isArray(defined) ? defined.map(String) : [])];
  const others = names.flatMap((name): readonly WorkerConfig[] => {
    const other: Result<WorkerConfig["json"], string> | undefined =
      name === environment ? undefined : wrangler.readConfig(name);
    return other?.ok === true ? [readWorkerConfig(other.value, name)] : [];
  });
  return { ok: true, config, others };
}

interface Bundling {
  /** A folder that is there until the end. */
  readonly root: string;
  readonly folder: string;
  readonly bundled: Promise<Result<void, string>>;
  /** Ends what is still under way. */
  end(): Promise<void>;
}

/** Bundles the Worker as a deployment would. */
async function beginBundling(wrangler: InstalledWrangler, environment: string | undefined): Promise<Bundling> {
  const root = await mkdtemp(join(tmpdir(), "sealgate-check-"));
  const folder = join(root, "bundle");
  const stop = new AbortController();
  const bundled = wrangler.bundle(environment, folder, stop.signal);
  return {
    root,
    folder,
    bundled,
    async end() {
      stop.abort();
      await bundled;
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** Starts the bundle on this host. */
async function tryWorker(
  wrangler: Wrangler,
  config: WorkerConfig,
  { root, folder, bundled }: Bundling,
): Promise<readonly CheckRow[]> {
  const done = await bundled;
  if (!done.ok) return [bundleRow(done.error)];
  const main = (await readdir(folder)).find((name) => /\.m?js$/.test(name));
  if (main === undefined)
    return [wrong("bundle", "wrangler has written no bundle.", "Set main in the wrangler configuration.")];
  const [verdict] = await askWorkers(wrangler, root, [{ config, main: join(folder, main) }]);
  const rows = verdict === undefined ? [] : verdictRows(verdict, config);
  return [fine("bundle", "The Worker can be bundled, as for a deployment."), ...rows];
}
