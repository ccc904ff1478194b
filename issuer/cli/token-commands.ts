/** `sealgate token sign | verify | inspect`. */
import type { Command } from "commander";
import type { JsonObject } from "../../shared/json.ts";
import type { KeysUnavailable } from "../../shared/keys/held-key-set.ts";
import type { TokenRejection } from "../../shared/rejection.ts";
import type { Result } from "../../shared/result.ts";
import type { VerifiedToken } from "../../shared/verify-token.ts";
import { SealgateError } from "../errors.ts";
import { parseExactJsonObject } from "../exact-numbers.ts";
import { readKeyConfig } from "../config/signing.ts";
import { createIssuer } from "../issuer.ts";
import { createKmsVerifier } from "../verifier.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { inspectToken, renderInspection } from "./inspect-token.ts";
import { argumentOrStdin, paint, printJson } from "./io.ts";
import type { CliIo } from "./io.ts";
import {
  JSON_OPTION,
  collectAudiences,
  fromEnv,
  keyVariables,
  readTokenOptions,
  takeSeconds,
  withKeyOptions,
  withOptions,
} from "./options.ts";
import type { KeyOptions } from "./options.ts";
import { readSigningOptions, withRingSigning } from "./signing-options.ts";
import type { RingSigningOptions, Signing } from "./signing-options.ts";
import { toSafeJson } from "./text.ts";
import { verifyAtGateway } from "./verify-at-gateway.ts";

interface SignOptions extends KeyOptions, RingSigningOptions {
  readonly claims: string;
  readonly ttl?: string;
  readonly audience?: readonly string[];
  readonly typ: string;
}

interface VerifyOptions extends KeyOptions {
  readonly audience?: readonly string[];
  readonly mode: string;
  readonly clockSkew: string;
  readonly gateway?: string;
  readonly anchors?: string;
  readonly ring?: string;
}

interface InspectOptions {
  readonly json?: boolean;
}

/** Adds the `token` commands. `setExitCode` tells an invalid token apart from a failed command. */
export function addTokenCommands(program: Command, io: CliIo, setExitCode: (code: ExitCode) => void): void {
  const token = program.command("token").description("sign, verify and inspect tokens");

  withRingSigning(
    withKeyOptions(token.command("sign").description("sign claims with a KMS key, or a ring's, and print the token")),
  )
    .option("--claims <json>", 'claims as a JSON object; "-" reads them from stdin', "{}")
    .option("--audience <aud>", "aud of the token; repeat it for several", collectAudiences)
    .option(
      "--ttl <seconds>",
      "lifetime of the token, by default 300 or --max-ttl, whichever is shorter (SEALGATE_DEFAULT_TTL_SECONDS)",
    )
    .option("--typ <typ>", '"JWT", or "at+jwt" for the access token profile of RFC 9068', "JWT")
    .option(...JSON_OPTION)
    .action((options: SignOptions) => sign(io, options));

  withKeyOptions(
    token.command("verify [token]").description('verify a token ("-" or nothing: from stdin) and print its claims'),
  )
    .option("--audience <aud>", "accepted aud, at least one; repeat it for several", collectAudiences)
    .option("--mode <mode>", '"local" with the public key, or "kms" by KMS itself', "local")
    .option("--clock-skew <seconds>", "leeway on exp, nbf and iat", "60")
    .option("--gateway <url>", "verify by the key set that this gateway serves, instead of a KMS key; needs no AWS")
    .option("--anchors <json>", "with --gateway: the root keys, as ring anchors prints them (TRUST_ANCHORS)")
    .option("--ring <name>", 'with --gateway: the ring, by default "main" (SEALGATE_RING)')
    .option(...JSON_OPTION)
    .action(async (argument: string | undefined, options: VerifyOptions) => {
      setExitCode(await verify(io, argument, options));
    });

  token
    .command("inspect [token]")
    .description('show what a token says ("-" or nothing: from stdin); nothing is verified')
    .option(...JSON_OPTION)
    .action(async (argument: string | undefined, options: InspectOptions) => {
      setExitCode(await inspect(io, argument, options));
    });
}

async function sign(io: CliIo, options: SignOptions): Promise<void> {
  const signing = await readSigningOptions(io, options);
  const { typ, audience } = options;
  if (typ !== "JWT" && typ !== "at+jwt") throw new UsageError('--typ must be "JWT" or "at+jwt"');
  const ttl = fromEnv(io, options.ttl, "SEALGATE_DEFAULT_TTL_SECONDS");
  const ttlSeconds = ttl === undefined ? undefined : takeSeconds("--ttl (or SEALGATE_DEFAULT_TTL_SECONDS)", ttl, 1);
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

/** Here and not by the issuer, which knows no options of a command line. */
function requireTtl(ttlSeconds: number, { maxTokenTtlSeconds, limit }: Signing): void {
  if (ttlSeconds <= maxTokenTtlSeconds) return;
  throw new SealgateError(
    "lifetime_too_long",
    `--ttl (SEALGATE_DEFAULT_TTL_SECONDS) asks for ${ttlSeconds} s, and a token may live at most ${maxTokenTtlSeconds} s. ` +
      `Ask for less, or ${limit}.`,
  );
}

/** The process ends long before; the option of the verifier is for services. */
const PUBLIC_KEY_TTL_SECONDS = 300;

async function verify(io: CliIo, argument: string | undefined, options: VerifyOptions): Promise<ExitCode> {
  const { mode, audience: audiences, gateway } = options;
  if (gateway !== undefined) {
    if (audiences === undefined) throw new UsageError(AUDIENCE_MISSING);
    requireNoKey(options);
    const token = await argumentOrStdin(io, argument, "token");
    return report(io, await verifyAtGateway(io, { ...options, gateway }, audiences, token), options.json === true);
  }
  if (options.anchors !== undefined || options.ring !== undefined) {
    throw new UsageError("--anchors and --ring belong to --gateway: name it, or leave them out");
  }
  const settings = readTokenOptions((nameOf) => readKeyConfig(withOptions(io, keyVariables(options)), nameOf));
  if (audiences === undefined) throw new UsageError(AUDIENCE_MISSING);
  if (mode !== "local" && mode !== "kms") throw new UsageError('--mode must be "local" or "kms"');
  const clockSkewSeconds = takeSeconds("--clock-skew", options.clockSkew, 0);
  const publicKeyTtlSeconds = PUBLIC_KEY_TTL_SECONDS;
  const verifier = createKmsVerifier({ ...settings, audiences, mode, publicKeyTtlSeconds, clockSkewSeconds });
  return report(io, await verifier.verify(await argumentOrStdin(io, argument, "token")), options.json === true);
}

const AUDIENCE_MISSING = "--audience is missing: say for which audience the token must be meant";

/** The key set says which key and leeway count; an option that would be ignored is refused. */
function requireNoKey({ key, alg, maxTtl, mode, clockSkew }: VerifyOptions): void {
  const others = { "--key": key, "--alg": alg, "--max-ttl": maxTtl, "--mode": mode, "--clock-skew": clockSkew };
  const defaults: Readonly<Record<string, string>> = { "--mode": "local", "--clock-skew": "60" };
  const given = Object.entries(others).find(([name, value]) => value !== undefined && value !== defaults[name]);
  if (given !== undefined) throw new UsageError(`${given[0]} has no effect with --gateway: leave it out`);
}

function report(io: CliIo, verified: Result<VerifiedToken, TokenRejection | KeysUnavailable>, json: boolean): ExitCode {
  if (!verified.ok) {
    const { error } = verified;
    return error.code === "keys_unavailable" ? fail(io, error, json) : refuse(io, error, json);
  }
  const { header, claims } = verified.value;
  if (json) printJson(io, { valid: true, header, claims });
  else io.out(`${toSafeJson(claims, 2)}\n`);
  io.err(`${paint(io, "green", "valid")}: ${header.alg}, kid ${header.kid}\n`);
  return EXIT.ok;
}

async function inspect(io: CliIo, argument: string | undefined, { json }: InspectOptions): Promise<ExitCode> {
  const inspected = inspectToken(await argumentOrStdin(io, argument, "token"), io.nowMs());
  if (!inspected.ok) return refuse(io, inspected.error, json === true);
  if (json === true) printJson(io, inspected.value);
  else io.out(renderInspection(inspected.value));
  io.err(`${paint(io, "yellow", "unverified")}: this is what the token claims, not what is true\n`);
  return EXIT.ok;
}

/** That says nothing about the token. */
function fail(io: CliIo, { code, problem }: KeysUnavailable, json: boolean): ExitCode {
  if (json) printJson(io, { code, problem });
  io.err(
    `${paint(io, "red", "problem")}: the gateway's key set cannot be used (${problem}); the token was not looked at\n`,
  );
  return EXIT.failure;
}

function refuse(io: CliIo, rejection: TokenRejection, json: boolean): ExitCode {
  const { code, ...evidence } = rejection;
  const details = Object.entries(evidence).map(([name, value]) => `${name}: ${plainly(value)}`);
  if (json) printJson(io, { valid: false, rejection });
  io.err(`${paint(io, "red", "invalid")}: ${[code, ...details].join(", ")}\n`);
  return EXIT.tokenInvalid;
}

/** As JSON, which shows a control character as an escape; words and URLs without its quotation marks. */
function plainly(value: unknown): string {
  const json = JSON.stringify(value);
  return /^"[\w.:/-]*"$/.test(json) ? json.slice(1, -1) : json;
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
