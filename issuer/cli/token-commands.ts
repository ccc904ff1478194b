/** `sealgate token sign | verify | inspect | revoke`. */
import type { Command } from "commander";
import type { JsonObject } from "../../shared/json.ts";
import { parseSeconds } from "../config/environment.ts";
import { SealgateError } from "../errors.ts";
import { parseExactJsonObject } from "../exact-numbers.ts";
import { createIssuer } from "../issuer.ts";
import { durationToSeconds } from "./duration.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { inspectToken, renderInspection } from "./inspect-token.ts";
import { argumentOrStdin, paint, printJson } from "./io.ts";
import type { CliIo } from "./io.ts";
import { JSON_OPTION, collectAudiences, fromEnv, takeSeconds, withKeyOptions } from "./options.ts";
import type { KeyOptions } from "./options.ts";
import { readSigningOptions, withRingSigning } from "./signing-options.ts";
import { addTokenRevokeCommand } from "./revocations/revoke.ts";
import type { RingSigningOptions, Signing } from "./signing-options.ts";
import { addVerifyCommand, refuse } from "./verify-command.ts";

interface SignOptions extends KeyOptions, RingSigningOptions {
  readonly claims: string;
  readonly ttl?: string;
  readonly audience?: readonly string[];
  readonly typ: string;
}

interface InspectOptions {
  readonly json?: boolean;
}

/** Adds the `token` commands. `setExitCode` tells an invalid token apart from a failed command. */
export function addTokenCommands(program: Command, io: CliIo, setExitCode: (code: ExitCode) => void): void {
  const token = program.command("token").description("sign, verify, inspect and take back tokens");

  withRingSigning(
    withKeyOptions(token.command("sign").description("sign claims with a KMS key, or a ring's, and print the token")),
  )
    .option("--claims <json>", 'claims as a JSON object; "-" reads them from stdin', "{}")
    .option("--audience <aud>", "aud of the token; repeat it for several", collectAudiences)
    .option(
      "--ttl <duration>",
      "lifetime of the token, by default 300 or --max-ttl, whichever is shorter (SEALGATE_DEFAULT_TTL_SECONDS)",
      durationToSeconds,
    )
    .option("--typ <typ>", '"JWT", or "at+jwt" for the access token profile of RFC 9068', "JWT")
    .option(...JSON_OPTION)
    .action((options: SignOptions) => sign(io, options));

  addVerifyCommand(token, io, setExitCode);

  token
    .command("inspect [token]")
    .description('show what a token says ("-" or nothing: from stdin); nothing is verified')
    .option(...JSON_OPTION)
    .action(async (argument: string | undefined, options: InspectOptions) => {
      setExitCode(await inspect(io, argument, options));
    });

  addTokenRevokeCommand(token, io, setExitCode);
}

async function sign(io: CliIo, options: SignOptions): Promise<void> {
  const signing = await readSigningOptions(io, options);
  const { typ, audience } = options;
  if (typ !== "JWT" && typ !== "at+jwt") throw new UsageError('--typ must be "JWT" or "at+jwt"');
  const ttlSeconds = readTtl(io, options.ttl);
  if (ttlSeconds !== undefined) requireTtl(ttlSeconds, signing);
  const claims = parseClaims(options.claims === "-" ? await io.readStdin() : options.claims);
  const tokens = createIssuer(await signing.resolve());
  const signed = await tokens.sign(claims, {
    typ,
    ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    ...(audience === undefined ? {} : { audience: oneOrMany(audience) }),
  });
  if (options.json === true) printJson(io, signed);
  else io.out(`${signed.token}\n`);
}

/** A variable holds seconds, as the issuer and the Lambda functions read it: no duration. */
function readTtl(io: CliIo, option: string | undefined): number | undefined {
  if (option !== undefined) return takeSeconds("--ttl", option, 1);
  const variable = fromEnv(io, undefined, "SEALGATE_DEFAULT_TTL_SECONDS");
  if (variable === undefined) return undefined;
  const seconds = parseSeconds(variable);
  if (!seconds.ok) throw new UsageError(`SEALGATE_DEFAULT_TTL_SECONDS ${seconds.error}`);
  return seconds.value;
}

/** Here and not by the issuer, which knows no options of a command line. */
function requireTtl(ttlSeconds: number, { maxTokenTtlSeconds, limit }: Signing): void {
  if (ttlSeconds <= maxTokenTtlSeconds) return;
  throw new SealgateError(
    "lifetime_too_long",
    `--ttl (SEALGATE_DEFAULT_TTL_SECONDS) asks for ${ttlSeconds} s, and a token may live at most ${maxTokenTtlSeconds} s. ` +
      `Ask for less, or ${limit}.`,
  );
}

async function inspect(io: CliIo, argument: string | undefined, { json }: InspectOptions): Promise<ExitCode> {
  const inspected = inspectToken(await argumentOrStdin(io, argument, "token"), io.nowMs());
  if (!inspected.ok) return refuse(io, inspected.error, json === true);
  if (json === true) printJson(io, inspected.value);
  else io.out(renderInspection(inspected.value));
  io.err(`${paint(io, "yellow", "unverified")}: this is what the token claims, not what is true\n`);
  return EXIT.ok;
}

/** A single audience as a string, which every verifier understands (RFC 7519 section 4.1.3). */
function oneOrMany(audiences: readonly string[]): string | readonly string[] {
  const [first, ...others] = audiences;
  return first !== undefined && others.length === 0 ? first : audiences;
}

function parseClaims(text: string): JsonObject {
  const claims = parseExactJsonObject(text);
  if (!claims.ok) throw new UsageError(`--claims must be a JSON object: ${claims.error}`);
  return claims.value;
}
