/** `sealgate console`: the ring on a local page, until Ctrl-C. */
import { once } from "node:events";
import type { Command } from "commander";
import { parseWholeNumber } from "../../shared/whole-number.ts";
import { UsageError } from "../cli/exit-codes.ts";
import { printJson } from "../cli/io.ts";
import type { CliIo } from "../cli/io.ts";
import { JSON_OPTION } from "../cli/options.ts";
import { createRingContext, withRingOptions } from "../cli/ring/context.ts";
import type { RingContext, RingOptions } from "../cli/ring/context.ts";
import { parseGatewayUrl } from "../cli/ring/gateway-health.ts";
import { askFor, readRing } from "../cli/ring/status.ts";
import { startHttpServer } from "../http/server.ts";
import type { HttpServer } from "../http/server.ts";
import { createSharedRun } from "../../shared/shared-run.ts";
import { createConsoleApp } from "./app.ts";
import { createDecisionLog } from "./decision-log.ts";
import type { DecisionLog } from "./decision-log.ts";
import { createRevocationsReader } from "./revocations.ts";
import { createGuard } from "./guard.ts";
import { readRoutes } from "./routes-file.ts";
import { readPageScript } from "./script.ts";
import { decisionsIn } from "./tail.ts";

interface ConsoleOptions extends RingOptions {
  readonly gateway?: readonly string[];
  readonly audience?: string;
  readonly decisions?: string;
  readonly routes?: string;
  readonly port: string;
}

/** Not an option: what the page shows is for this machine's user. */
const HOST = "127.0.0.1";

export function addConsoleCommand(program: Command, io: CliIo): void {
  withRingOptions(
    program.command("console").description("show the ring on a page of this machine until Ctrl-C; the page only reads"),
  )
    .option("--gateway <url>", "show what this Worker serves, too; repeat it for several", collect)
    .option("--audience <aud>", "what the form for a token begins with as the expected audience")
    .option("--routes <file>", "say what a gateway with this policy (its routes.ts, or JSON) would answer to a token")
    .option("--decisions <source>", "- shows a gateway's decisions as they come: wrangler tail --format json on stdin")
    .option("--port <number>", "port to listen on, on loopback; 0 takes a free one", "0")
    .option(...JSON_OPTION)
    .action((options: ConsoleOptions) => showConsole(io, options));
}

async function showConsole(io: CliIo, options: ConsoleOptions): Promise<void> {
  const port = parseWholeNumber(options.port, 0);
  if (port === undefined || port > 65_535) throw new UsageError("--port must be a number from 0 to 65535");
  const gateways = (options.gateway ?? []).map(parseGatewayUrl);
  const routes = options.routes === undefined ? undefined : await readRoutes(options.routes);
  const decisions = options.decisions === undefined ? undefined : readDecisions(io, options.decisions);
  const context = await createRingContext(io, options);
  const server = await startConsole({
    context,
    gateways,
    port,
    audience: options.audience ?? "",
    routes,
    decisions,
    interrupted: io.interrupted,
  });
  if (options.json === true) printJson(io, { url: server.url });
  else io.out(`${server.url}\n`);
  io.err("The URL works once, in the browser that opens it first. Ctrl-C stops the console.\n");
  if (!io.interrupted.aborted) await once(io.interrupted, "abort");
  await server.close();
}

/** They are read until stdin ends; the console goes on without more of them. */
function readDecisions(io: CliIo, source: string): DecisionLog {
  const tail = "npx wrangler tail --env production --format json | sealgate console --decisions -";
  if (source !== "-") throw new UsageError(`--decisions must be "-": ${tail}`);
  if (io.stdinIsTerminal) throw new UsageError(`--decisions reads a gateway's log on standard input: ${tail}`);
  const log = createDecisionLog();
  void follow();
  return log;

  async function follow(): Promise<void> {
    try {
      for await (const decision of decisionsIn(io.stdinChunks(), io.nowMs)) log.add(decision);
    } finally {
      log.end();
    }
  }
}

export interface StartConsoleOptions {
  readonly context: RingContext;
  readonly gateways: readonly URL[];
  /** What the form for a token begins with; may be empty. */
  readonly audience: string;
  /** A gateway's policy as JSON has it, unchecked; undefined when it is not at hand. */
  readonly routes: unknown;
  /** Of a gateway; undefined when its log is not at hand. */
  readonly decisions: DecisionLog | undefined;
  readonly port: number;
  /** Ends requests to gateways that are under way, and the streams to pages. */
  readonly interrupted: AbortSignal;
}

/**
 * Listens on loopback.
 * @returns the server, with the URL that lets one browser in
 * @throws SealgateError `address_unavailable` when the port is taken or not allowed
 */
export async function startConsole(options: StartConsoleOptions): Promise<HttpServer> {
  const { context, gateways, port, audience, routes, decisions, interrupted } = options;
  const { clock } = context.ports;
  const readRevocations = createRevocationsReader(context.ports);
  // Several tabs at the same moment are one look at KMS and KV.
  const reading = createSharedRun(async () => {
    const { state, plan } = await readRing(context);
    const [revocations, ...answers] = await Promise.all([
      readRevocations(state),
      ...gateways.map((url) => askFor(url, state, { interrupted }, clock)),
    ]);
    return { state, plan, gateways: answers, revocations };
  }, clock);
  const guard = createGuard();
  const expected = { issuer: context.policy.issuer, audience };
  const app = createConsoleApp({
    guard,
    read: () => reading.join(),
    expected,
    script: await readPageScript(),
    routes,
    decisions,
    closing: interrupted,
  });
  const server = await startHttpServer({ handler: (request) => app.fetch(request), host: HOST, port });
  return { ...server, url: `${server.url}/?token=${guard.token}` };
}

function collect(url: string, others: readonly string[] = []): readonly string[] {
  return [...others, url];
}
