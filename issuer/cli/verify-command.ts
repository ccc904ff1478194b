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

interface VerifyOptions extends KeyOptions {
  readonly audience?: readonly string[];
  readonly mode: string;
  readonly clockSkew: string;
  readonly gateway?: string;
  readonly anchors?: string;
  /** True when the option was given without a name. */
  readonly ring?: string | true;
  readonly policy?: string;
}

/** Adds `verify` to the `token` commands. */
export function addVerifyCommand(token: Command, io: CliIo, setExitCode: (code: ExitCode) => void): void {
  withKeyOptions(
    token.command("verify [token]").description('verify a token ("-" or nothing: from stdin) and print its claims'),
  )
    .option("--audience <aud>", "accepted aud, at least one; repeat it for several", collectAudiences)
    .option("--mode <mode>", '"local" with the public key, or "kms" by KMS itself', "local")
    .option("--clock-skew <duration>", "leeway on exp, nbf and iat", durationToSeconds, "60")
    .option("--gateway <url>", "verify by the key set that this gateway serves, instead of a KMS key; needs no AWS")
    .option(
      "--ring [name]",
      'by the keys of a ring, by default "main", instead of a KMS key: from KV, or without its variables from KMS (SEALGATE_RING)',
    )
    .option("--policy <file>", "with --ring: JSON file with the ring's policy (SEALGATE_POLICY)")
    .option(
      "--anchors <json>",
      "with --gateway, or --ring from KV: the root keys, as ring anchors prints them (TRUST_ANCHORS)",
    )
    .option(...JSON_OPTION)
    .action(async (argument: string | undefined, options: VerifyOptions) => {
      setExitCode(await verify(io, argument, options));
    });
}

/** The process ends long before; the option of the verifier is for services. */
const PUBLIC_KEY_TTL_SECONDS = 300;

async function verify(io: CliIo, argument: string | undefined, options: VerifyOptions): Promise<ExitCode> {
  const { audience: audiences, gateway, ring } = options;
  const isRing = gateway === undefined && (ring !== undefined || isRingNamed(io, options));
  const settings = gateway === undefined && !isRing ? readKeySettings(io, options) : undefined;
  if (audiences === undefined) throw new UsageError(AUDIENCE_MISSING);
  if (settings !== undefined) {
    const verifier = createKmsVerifier({ ...settings, audiences });
    const verified = await verifier.verify(await argumentOrStdin(io, argument, "token"));
    return report(io, { verified, keysOf: undefined }, options.json === true);
  }
  requireNoKey(options, gateway === undefined ? "--ring" : "--gateway");
  const named = { ...options, ring: typeof ring === "string" ? ring : undefined };
  const token = await argumentOrStdin(io, argument, "token");
  const verdict =
    gateway === undefined
      ? await verifyWithRing(io, named, audiences, token)
      : {
          verified: await verifyAtGateway(io, { ...named, gateway }, audiences, token),
          keysOf: "the gateway's key set",
        };
  return report(io, verdict, options.json === true);
}

interface KeySettings extends KeyConfig {
  readonly mode: "local" | "kms";
  readonly clockSkewSeconds: number;
  readonly publicKeyTtlSeconds: number;
}

/** As for `token sign`: the environment names a ring, and no key. */
function isRingNamed({ env }: CliIo, { key }: VerifyOptions): boolean {
  return (
    key === undefined && valueOf(env, "SEALGATE_KEY_ID") === undefined && valueOf(env, "SEALGATE_RING") !== undefined
  );
}

/** @throws UsageError naming everything that is missing or wrong */
function readKeySettings(io: CliIo, options: VerifyOptions): KeySettings {
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
function requireNoKey({ key, alg, maxTtl, mode, clockSkew, policy }: VerifyOptions, instead: string): void {
  const others = { "--key": key, "--alg": alg, "--max-ttl": maxTtl, "--mode": mode, "--clock-skew": clockSkew };
  if (policy !== undefined && instead === "--gateway")
    throw new UsageError("--policy has no effect with --gateway: leave it out");
  const defaults: Readonly<Record<string, string>> = { "--mode": "local", "--clock-skew": "60" };
  const given = Object.entries(others).find(([name, value]) => value !== undefined && value !== defaults[name]);
  if (given !== undefined) throw new UsageError(`${given[0]} has no effect with ${instead}: leave it out`);
}

type Verdict = Pick<RingVerdict, "verified"> & { readonly keysOf: string | undefined };

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
