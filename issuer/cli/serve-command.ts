/** `sealgate serve`: the issuer as an HTTP service, on loopback unless told otherwise, and with `--revoke` what takes tokens back. */
import { once } from "node:events";
import type { Command } from "commander";
import { explain } from "../errors.ts";
import { LEAST_SECRET_LENGTH, createIssuerApp } from "../http/app.ts";
import { createReadiness } from "../http/readiness.ts";
import type { IssuerAppOptions } from "../http/app.ts";
import { startHttpServer } from "../http/server.ts";
import type { FetchHandler } from "../http/server.ts";
import { createIssuer } from "../issuer.ts";
import { poolOf } from "../issuer-options.ts";
import { readSignConfig } from "../config/signing.ts";
import type { SigningKey } from "../config/signing.ts";
import type { Environment } from "../config/environment.ts";
import { readRevokingConfig } from "../config/revoking.ts";
import { readTokenVerifier } from "../config/token-verifier.ts";
import { NO_AUDIENCE } from "../revocations/prove-token.ts";
import { createRevocations } from "../revocations/revocations.ts";
import { createKmsVerifier } from "../verifier.ts";
import { createConfiguredSigners } from "../config/signer-source.ts";
import { UsageError } from "./exit-codes.ts";
import { printJson } from "./io.ts";
import type { CliIo } from "./io.ts";
import { parseWholeNumber } from "../../shared/whole-number.ts";
import { inSeconds } from "../clock.ts";
import { JSON_OPTION, fromEnv, ringVariables, withOptions } from "./options.ts";
import { tendRings } from "./serve-rings.ts";

interface ServeOptions {
  readonly host: string;
  readonly port: string;
  /** True when the option was given without a name. */
  readonly ring?: string | true;
  readonly revoke?: boolean;
  readonly gateway?: string;
  readonly json?: boolean;
}

export function addServeCommand(program: Command, io: CliIo): void {
  program
    .command("serve")
    .description("sign tokens over HTTP until Ctrl-C, for callers that hold SEALGATE_CALLER_SECRET")
    .option("--host <host>", "address to listen on; anything but loopback needs TLS in front", "127.0.0.1")
    .option("--port <number>", "port to listen on; 0 takes a free one", "8788")
    .option(
      "--ring [name]",
      'sign with the active key of a ring, by default "main", also when a key is named; several, home first: main,west (SEALGATE_RING)',
    )
    .option(
      "--revoke",
      "take tokens back as well, in the tables of taken-back tokens: POST /revoke and POST /sessions/<sid>/revoke",
    )
    .option(
      "--gateway <url>",
      "with --revoke, where a ring signs: tokens are verified by the key set of this gateway (SEALGATE_GATEWAY), and the root keys of TRUST_ANCHORS",
    )
    .option(...JSON_OPTION)
    .action((options: ServeOptions) => serve(io, options));
}

async function serve(io: CliIo, options: ServeOptions): Promise<void> {
  const port = parsePort(options.port);
  const callerSecret = readSecret(io);
  const env = withOptions(io, { ...ringVariables(io, options.ring), SEALGATE_GATEWAY: options.gateway });
  const { signWith, defaultTtlSeconds, ...settings } = readSignConfig(env);
  if (options.gateway !== undefined && (options.revoke !== true || signWith.kind === "key")) {
    throw new UsageError("--gateway belongs to --revoke where a ring signs: leave it out");
  }
  const revoking =
    options.revoke === true ? await createRevoking(io, env, signWith, settings.maxTokenTtlSeconds) : undefined;
  // Before anybody is let in: a wrong key shows now, not at the first request.
  const clock = inSeconds(io.nowMs);
  const configured = await createConfiguredSigners(signWith, { clock });
  const signers = poolOf(configured);
  const rings = "rings" in configured ? configured.rings : undefined;
  await rings?.check();
  await signers.use(async () => {});
  const ttl = defaultTtlSeconds === undefined ? {} : { defaultTtlSeconds };
  const issuer = createIssuer({ ...settings, ...ttl, clock, ...configured });
  const log = (entry: object): void => io.err(`${JSON.stringify({ token: entry })}\n`);
  const readiness = createReadiness({ signers, nowMs: io.nowMs, ...(rings && { rings: () => rings.health() }) });
  const app = createIssuerApp({ issuer, readiness, callerSecret, log, nowMs: io.nowMs, ...(revoking && { revoking }) });
  // What it fails with is `/readyz`'s to report, and to try again: KMS may only be busy.
  const fault = await readiness.check();
  if (fault !== undefined) io.err(`not ready, ${fault.code}: ${explain(fault)}\n`);
  const handler: FetchHandler = (request, target) => app.fetch(request, { target });
  const server = await startHttpServer({ handler, host: options.host, port });
  if (options.json === true) printJson(io, { url: server.url });
  else io.out(`${server.url}/tokens\n`);
  io.err("Ctrl-C stops it.\n");
  if (rings !== undefined) await tendRings(io, rings);
  else if (!io.interrupted.aborted) await once(io.interrupted, "abort");
  await server.close();
}

/** How long a public key is used without asking KMS again. */
const PUBLIC_KEY_TTL_SECONDS = 300;

/** Where one key signs, it verifies as well: this process has it. */
async function createRevoking(
  io: CliIo,
  env: Environment,
  signWith: SigningKey,
  maxTokenTtlSeconds: number,
): Promise<NonNullable<IssuerAppOptions["revoking"]>> {
  const config = readRevokingConfig(env);
  const { issuer, tables } = config;
  // One key has no policy that says how long its tokens live.
  const timing = { ...config.timing, ...(signWith.kind === "key" && { maxTokenTtlSeconds }) };
  const clock = inSeconds(io.nowMs);
  const verifier =
    signWith.kind === "rings"
      ? await readTokenVerifier(env, config, { clock: io.nowMs })
      : createKmsVerifier({
          keyId: signWith.keyId,
          alg: signWith.alg,
          issuer,
          maxTokenTtlSeconds,
          audiences: [NO_AUDIENCE],
          mode: "local",
          publicKeyTtlSeconds: PUBLIC_KEY_TTL_SECONDS,
          clock,
        });
  return {
    revocations: createRevocations({ ...timing, issuer, tables, clock }),
    verifier,
    clockSkewSeconds: timing.clockSkewSeconds,
    clock,
    log: (entry) => io.err(`${JSON.stringify({ revocation: entry })}\n`),
  };
}

function readSecret(io: CliIo): string {
  const secret = fromEnv(io, undefined, "SEALGATE_CALLER_SECRET");
  if (secret === undefined) throw new UsageError("SEALGATE_CALLER_SECRET is missing");
  if (secret.length >= LEAST_SECRET_LENGTH && /^[!-~]+$/.test(secret)) return secret;
  throw new UsageError(`SEALGATE_CALLER_SECRET must be at least ${LEAST_SECRET_LENGTH} visible ASCII characters`);
}

function parsePort(text: string): number {
  const port = parseWholeNumber(text, 0);
  if (port === undefined || port > 65_535) throw new UsageError("--port must be a number from 0 to 65535");
  return port;
}
