/** `sealgate token sign | verify | inspect`. */
import type { Command } from "commander";
import { ALGS, findAlgorithm } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { parseJsonObjectText } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { createIssuer } from "../issuer.ts";
import { createKmsSigner } from "../kms/signer.ts";
import { createKmsVerifier } from "../verifier.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { inspectToken, renderInspection } from "./inspect-token.ts";
import { argumentOrStdin, fromEnv, paint, printJson } from "./io.ts";
import type { CliIo } from "./io.ts";

interface KeyOptions {
  readonly key?: string;
  readonly alg?: string;
  readonly issuer?: string;
  readonly json?: boolean;
}

interface SignOptions extends KeyOptions {
  readonly claims?: string;
  readonly ttl: string;
  readonly maxTtl: string;
  readonly audience?: readonly string[];
  readonly typ?: string;
}

interface VerifyOptions extends KeyOptions {
  readonly audience?: readonly string[];
  readonly mode: string;
  readonly clockSkew: string;
  readonly maxTtl: string;
}

/** Adds the `token` commands. `setExitCode` tells an invalid token apart from a failed command. */
export function addTokenCommands(program: Command, io: CliIo, setExitCode: (code: ExitCode) => void): void {
  const token = program.command("token").description("sign, verify and inspect tokens");

  withKeyOptions(token.command("sign").description("sign a claims set with a KMS key"))
    .option("--claims <json>", 'claims as JSON; "-" reads them from stdin (default: {})')
    .option("--audience <aud...>", "aud of the token")
    .option("--ttl <seconds>", "lifetime of the token", "300")
    .option("--max-ttl <seconds>", "longest lifetime that is allowed", "3600")
    .option("--typ <typ>", '"JWT", or "at+jwt" for the access token profile of RFC 9068', "JWT")
    .action((options: SignOptions) => sign(io, options));

  withKeyOptions(
    token.command("verify [token]").description('verify a token ("-" or nothing: from stdin) with a KMS key'),
  )
    .option("--audience <aud...>", "accepted aud, at least one")
    .option("--mode <mode>", '"local" with the public key, or "kms" by KMS itself', "local")
    .option("--clock-skew <seconds>", "leeway on exp, nbf and iat", "60")
    .option("--max-ttl <seconds>", "longest lifetime that is accepted", "3600")
    .action(async (argument: string | undefined, options: VerifyOptions) => {
      setExitCode(await verify(io, argument, options));
    });

  token
    .command("inspect [token]")
    .description('show what a token says ("-" or nothing: from stdin); nothing is verified')
    .option("--json", "one line of JSON")
    .action(async (argument: string | undefined, options: { readonly json?: boolean }) => {
      const inspected = inspectToken(await argumentOrStdin(io, argument), io.nowMs());
      if (!inspected.ok) throw new UsageError(`not a compact JWS: ${inspected.error}`);
      if (options.json === true) printJson(io, inspected.value);
      else io.out(renderInspection(inspected.value));
      io.err(`${paint(io, "yellow", "unverified")}: this is what the token claims, not what is true\n`);
    });
}

function withKeyOptions(command: Command): Command {
  return command
    .option("--key <id>", "KMS key: id, ARN, alias name or alias ARN (SEALGATE_KEY_ID)")
    .option("--alg <alg>", `${ALGS.join(", ")} (SEALGATE_ALG)`)
    .option("--issuer <url>", "iss of the token (SEALGATE_ISSUER)")
    .option("--json", "one line of JSON");
}

async function sign(io: CliIo, options: SignOptions): Promise<void> {
  const { keyId, alg, issuer } = readKeyOptions(io, options);
  const typ = options.typ;
  if (typ !== "JWT" && typ !== "at+jwt") throw new UsageError('--typ must be "JWT" or "at+jwt"');
  const claims = parseClaims(options.claims === "-" ? await io.readStdin() : (options.claims ?? "{}"));
  const signer = await createKmsSigner({ keyId, alg });
  const tokens = createIssuer({ issuer, signer, maxTokenTtlSeconds: parseSeconds("--max-ttl", options.maxTtl) });
  const signed = await tokens.sign(claims, {
    ttlSeconds: parseSeconds("--ttl", options.ttl),
    typ,
    ...(options.audience === undefined ? {} : { audience: options.audience }),
  });
  if (options.json === true) printJson(io, signed);
  else io.out(`${signed.token}\n`);
}

async function verify(io: CliIo, argument: string | undefined, options: VerifyOptions): Promise<ExitCode> {
  const { keyId, alg, issuer } = readKeyOptions(io, options);
  if (options.audience === undefined) throw new UsageError("--audience is required: a token is meant for somebody");
  const mode = options.mode;
  if (mode !== "local" && mode !== "kms") throw new UsageError('--mode must be "local" or "kms"');
  const verifier = createKmsVerifier({
    keyId,
    alg,
    issuer,
    audiences: options.audience,
    mode,
    publicKeyTtlSeconds: 300,
    clockSkewSeconds: parseSeconds("--clock-skew", options.clockSkew),
    maxTokenTtlSeconds: parseSeconds("--max-ttl", options.maxTtl),
  });
  const verified = await verifier.verify(await argumentOrStdin(io, argument));
  if (!verified.ok) {
    if (options.json === true) printJson(io, { valid: false, rejection: verified.error });
    io.err(`${paint(io, "red", "invalid")}: ${verified.error.code}\n`);
    return EXIT.tokenInvalid;
  }
  if (options.json === true) printJson(io, { valid: true, ...verified.value });
  else io.out(`${JSON.stringify(verified.value.claims, undefined, 2)}\n`);
  io.err(`${paint(io, "green", "valid")}: ${verified.value.header.alg}, kid ${verified.value.header.kid}\n`);
  return EXIT.ok;
}

function readKeyOptions(io: CliIo, options: KeyOptions): { keyId: string; alg: Alg; issuer: string } {
  const keyId = fromEnv(io, options.key, "SEALGATE_KEY_ID");
  const alg = findAlgorithm(fromEnv(io, options.alg, "SEALGATE_ALG"));
  const issuer = fromEnv(io, options.issuer, "SEALGATE_ISSUER");
  const missing: string[] = [];
  if (keyId === undefined) missing.push("--key (or SEALGATE_KEY_ID)");
  if (alg === undefined) missing.push(`--alg (or SEALGATE_ALG), one of ${ALGS.join(", ")}`);
  if (issuer === undefined) missing.push("--issuer (or SEALGATE_ISSUER)");
  if (keyId === undefined || alg === undefined || issuer === undefined) {
    throw new UsageError(`needs ${missing.join("; ")}`);
  }
  return { keyId, alg: alg.alg, issuer };
}

function parseClaims(text: string): JsonObject {
  const claims = parseJsonObjectText(text);
  if (!claims.ok) throw new UsageError(`--claims is not a JSON object: ${claims.error}`);
  return claims.value;
}

function parseSeconds(option: string, text: string): number {
  const seconds = Number(text);
  if (!Number.isSafeInteger(seconds) || seconds < 0)
    throw new UsageError(`${option} must be a whole number of seconds`);
  return seconds;
}
