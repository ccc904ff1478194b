/** `sealgate token verify`: by a KMS key, a ring's keys, or the key set of a gateway. */
import type { Command } from "commander";
import type { KeysUnavailable } from "../../shared/keys/held-key-set.ts";
import type { RevocationsUnavailable } from "../../shared/revocations/problems.ts";
import type { TokenRejection } from "../../shared/rejection.ts";
import { valueOf } from "../config/environment.ts";
import { readKeyConfig } from "../config/signing.ts";
import type { KeyConfig } from "../config/signing.ts";
import { createKmsVerifier } from "../verifier.ts";
import { durationToSeconds } from "./duration.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { argumentOrStdin, paint, printJson } from "./io.ts";
import type { CliIo } from "./io.ts";
import { describeRejection } from "../words/rejection.ts";
import {
  JSON_OPTION,
  collectAudiences,
  keyVariables,
  readTokenOptions,
  takeSeconds,
  withKeyOptions,
  withOptions,
} from "./options.ts";
import type { KeyOptions } from "./options.ts";
import { toSafeJson } from "../words/text.ts";
import { verifyAtGateway } from "./verify-at-gateway.ts";
import { verifyWithRing } from "./verify-with-ring.ts";
import type { RingVerdict } from "./verify-with-ring.ts";

/** Which keys a token is verified by. */
export interface VerificationOptions extends KeyOptions {
  readonly gateway?: string;
  readonly anchors?: string;
  /** True when the option was given without a name. */
  readonly ring?: string | true;
  readonly policy?: string;
}

interface HowToVerify {
  readonly mode: string;
  /** Seconds. */
  readonly clockSkew: string;
}

const USUAL: HowToVerify = { mode: "local", clockSkew: "60" };

interface VerifyOptions extends VerificationOptions, HowToVerify {
  readonly audience?: readonly string[];
}

/** Adds `verify` to the `token` commands. */
export function addVerifyCommand(token: Command, io: CliIo, setExitCode: (code: ExitCode) => void): void {
  withVerificationOptions(
    withKeyOptions(
      token.command("verify [token]").description('verify a token ("-" or nothing: from stdin) and print its claims'),
    )
      .option("--audience <aud>", "accepted aud, at least one; repeat it for several", collectAudiences)
      .option("--mode <mode>", '"local" with the public key, or "kms" by KMS itself', USUAL.mode)
      .option("--clock-skew <duration>", "leeway on exp, nbf and iat", durationToSeconds, USUAL.clockSkew),
  )
    .option(...JSON_OPTION)
    .action(async (argument: string | undefined, options: VerifyOptions) => {
      setExitCode(await verify(io, argument, options));
    });
}

/** The options of commands that verify a token, besides those of a key. */
export function withVerificationOptions(command: Command): Command {
  return command
    .option("--gateway <url>", "verify by the key set that this gateway serves, instead of a KMS key; needs no AWS")
    .option(
      "--ring [name]",
      'by the keys of a ring, by default "main", instead of a KMS key: from KV, or without its variables from KMS (SEALGATE_RING)',
    )
    .option("--policy <file>", "with --ring: JSON file with the ring's policy (SEALGATE_POLICY)")
    .option(
      "--anchors <json>",
      "with --gateway, or --ring from KV: the root keys, as ring anchors prints them (TRUST_ANCHORS)",
    );
}

async function verify(io: CliIo, argument: string | undefined, options: VerifyOptions): Promise<ExitCode> {
  const { audience: audiences, json } = options;
  const verifyBy = prepareVerification(io, options);
  if (audiences === undefined) throw new UsageError(AUDIENCE_MISSING);
  return report(io, await verifyBy(await argumentOrStdin(io, argument, "token"), audiences), json === true);
}

/** The process ends long before; the option of the verifier is for services. */
const PUBLIC_KEY_TTL_SECONDS = 300;

/**
 * Chooses the keys, before a token is read.
 * @throws UsageError for options that are missing, wrong or without effect
 */
export function prepareVerification(
  io: CliIo,
  options: VerificationOptions & Partial<HowToVerify>,
): (token: string, audiences: readonly string[]) => Promise<Verdict> {
  const { gateway, ring, mode = USUAL.mode, clockSkew = USUAL.clockSkew } = options;
  const isRing = gateway === undefined && (ring !== undefined || isRingNamed(io, options));
  if (gateway === undefined && !isRing) {
    const settings = readKeySettings(io, { ...options, mode, clockSkew });
    return async (token, audiences) => {
      const verified = await createKmsVerifier({ ...settings, audiences }).verify(token);
      return { verified, keysOf: undefined };
    };
  }
  requireNoKey({ ...options, mode, clockSkew }, gateway === undefined ? "--ring" : "--gateway");
  const named = { ...options, ring: typeof ring === "string" ? ring : undefined };
  return async (token, audiences) => {
    if (gateway === undefined) return verifyWithRing(io, named, audiences, token);
    const verified = await verifyAtGateway(io, { ...named, gateway }, audiences, token);
    return { verified, keysOf: "the gateway's key set" };
  };
}

interface KeySettings extends KeyConfig {
  readonly mode: "local" | "kms";
  readonly clockSkewSeconds: number;
  readonly publicKeyTtlSeconds: number;
}

/** As for `token sign`: the environment names a ring, and no key. */
function isRingNamed({ env }: CliIo, { key }: VerificationOptions): boolean {
  return (
    key === undefined && valueOf(env, "SEALGATE_KEY_ID") === undefined && valueOf(env, "SEALGATE_RING") !== undefined
  );
}

/** @throws UsageError naming everything that is missing or wrong */
function readKeySettings(io: CliIo, options: VerificationOptions & HowToVerify): KeySettings {
  const { anchors, policy, mode } = options;
  if (anchors !== undefined)
    throw new UsageError("--anchors belongs to --gateway or --ring: name one, or leave it out");
  if (policy !== undefined) throw new UsageError("--policy belongs to --ring: name it, or leave it out");
  const key = readTokenOptions((nameOf) => readKeyConfig(withOptions(io, keyVariables(options)), nameOf));
  if (mode !== "local" && mode !== "kms") throw new UsageError('--mode must be "local" or "kms"');
  const clockSkewSeconds = takeSeconds("--clock-skew", options.clockSkew, 0);
  return { ...key, mode, clockSkewSeconds, publicKeyTtlSeconds: PUBLIC_KEY_TTL_SECONDS };
}

const AUDIENCE_MISSING = "--audience is missing: say for which audience the token must be meant";

/** The key set says which key and leeway count; an option that would be ignored is refused. */
function requireNoKey(
  { key, alg, maxTtl, mode, clockSkew, policy }: VerificationOptions & HowToVerify,
  instead: string,
): void {
  const others = { "--key": key, "--alg": alg, "--max-ttl": maxTtl, "--mode": mode, "--clock-skew": clockSkew };
  if (policy !== undefined && instead === "--gateway")
    throw new UsageError("--policy has no effect with --gateway: leave it out");
  const defaults: Readonly<Record<string, string>> = { "--mode": USUAL.mode, "--clock-skew": USUAL.clockSkew };
  const given = Object.entries(others).find(([name, value]) => value !== undefined && value !== defaults[name]);
  if (given !== undefined) throw new UsageError(`${given[0]} has no effect with ${instead}: leave it out`);
}

export type Verdict = Pick<RingVerdict, "verified"> & { readonly keysOf: string | undefined };

function report(io: CliIo, { verified, keysOf }: Verdict, json: boolean): ExitCode {
  if (!verified.ok) {
    const { error } = verified;
    return "retryAfterSeconds" in error ? fail(io, error, json) : refuse(io, error, json);
  }
  const { header, claims } = verified.value;
  if (json) printJson(io, { valid: true, header, claims, ...(keysOf === undefined ? {} : { keysOf }) });
  else io.out(`${toSafeJson(claims, 2)}\n`);
  io.err(
    `${paint(io, "green", "valid")}: ${header.alg}, kid ${header.kid}${keysOf === undefined ? "" : ` (by ${keysOf})`}\n`,
  );
  return EXIT.ok;
}

/** That says nothing about the token. */
function fail(io: CliIo, { code, problem }: KeysUnavailable | RevocationsUnavailable, json: boolean): ExitCode {
  if (json) printJson(io, { code, problem });
  io.err(
    `${paint(io, "red", "problem")}: the ${code === "keys_unavailable" ? "key set" : "revocation list"} cannot be used (${problem}); the token was not looked at\n`,
  );
  return EXIT.failure;
}

export function refuse(io: CliIo, rejection: TokenRejection, json: boolean): ExitCode {
  if (json) printJson(io, { valid: false, rejection });
  io.err(`${paint(io, "red", "invalid")} ${rejection.code}: ${describeRejection(rejection)}\n`);
  return EXIT.tokenInvalid;
}
