/** What `token sign` signs with: one KMS key, or the active key of a ring. */
import type { Command } from "commander";
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { IssuerOptions } from "../issuer.ts";
import { ringAliasProblem } from "../kms/ring-alias.ts";
import { createKmsSigner } from "../kms/signer.ts";
import { readRingPolicy } from "../config/ring-policy.ts";
import { createRingSource } from "../key-ring/sign/ring-source.ts";
import { UsageError } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";
import { fromEnv, parseSeconds, readKeyOptions } from "./options.ts";
import type { KeyOptions } from "./options.ts";
import { readPolicyText } from "./ring/context.ts";

export interface RingSigningOptions {
  /** True when the option was given without a name. */
  readonly ring?: string | true;
  readonly policy?: string;
}

/** Read and checked; asks KMS for nothing until it is resolved. */
export interface Signing {
  readonly maxTokenTtlSeconds: number;
  /** What to change for longer tokens. */
  readonly limit: string;
  resolve(): Promise<IssuerOptions>;
}

export function withRingSigning(command: Command): Command {
  return command
    .option("--ring [name]", 'the active key of a ring, by default "main", instead of --key (SEALGATE_RING)')
    .option("--policy <file>", "JSON file with the ring's policy; the variable holds its text (SEALGATE_POLICY)");
}

/**
 * A ring when it is asked for, or when the environment names one and no key.
 * @throws UsageError naming everything that is missing or wrong; SealgateError `config_invalid`
 */
export async function readSigningOptions(io: CliIo, options: KeyOptions & RingSigningOptions): Promise<Signing> {
  const { ring } = options;
  if (ring !== undefined && options.key !== undefined) throw new UsageError("--ring and --key exclude each other");
  const isKeyNamed = fromEnv(io, options.key, "SEALGATE_KEY_ID") !== undefined;
  const isRingNamed = fromEnv(io, undefined, "SEALGATE_RING") !== undefined;
  if (ring !== undefined || (isRingNamed && !isKeyNamed)) return readRingSigning(io, options);
  const { keyId, alg, ...settings } = readKeyOptions(io, options);
  const problem = ringAliasProblem(keyId, (name) => `Use --ring ${name} instead of --key`);
  if (problem !== undefined) throw new UsageError(`--key (or SEALGATE_KEY_ID) ${problem}`);
  const clock = clockOf(io);
  return {
    maxTokenTtlSeconds: settings.maxTokenTtlSeconds,
    limit: "raise --max-ttl (SEALGATE_MAX_TOKEN_TTL_SECONDS), and what the verifiers accept first",
    resolve: async () => ({ ...settings, clock, signer: await createKmsSigner({ keyId, alg, clock }) }),
  };
}

async function readRingSigning(io: CliIo, options: KeyOptions & RingSigningOptions): Promise<Signing> {
  if (options.alg !== undefined) throw new UsageError("--alg is the ring's to choose: leave it out");
  const policy = readRingPolicy({
    SEALGATE_ISSUER: fromEnv(io, options.issuer, "SEALGATE_ISSUER"),
    SEALGATE_RING: typeof options.ring === "string" ? options.ring : io.env["SEALGATE_RING"],
    SEALGATE_POLICY: await readPolicyText(io, options.policy),
  });
  const { issuer, timing } = policy;
  const maxTtl = fromEnv(io, options.maxTtl, "SEALGATE_MAX_TOKEN_TTL_SECONDS");
  const maxTokenTtlSeconds =
    maxTtl === undefined
      ? timing.maxTokenTtlSeconds
      : parseSeconds("--max-ttl (or SEALGATE_MAX_TOKEN_TTL_SECONDS)", maxTtl, 1);
  if (maxTokenTtlSeconds > timing.maxTokenTtlSeconds) {
    throw new UsageError(
      `--max-ttl must be at most the ring's timing.maxTokenTtlSeconds (${timing.maxTokenTtlSeconds})`,
    );
  }
  const clock = clockOf(io);
  return {
    maxTokenTtlSeconds,
    limit:
      maxTokenTtlSeconds < timing.maxTokenTtlSeconds
        ? `raise --max-ttl (SEALGATE_MAX_TOKEN_TTL_SECONDS), at most to the policy's ${timing.maxTokenTtlSeconds}`
        : "raise timing.maxTokenTtlSeconds of the ring's policy",
    resolve: async () => ({ issuer, maxTokenTtlSeconds, clock, ring: createRingSource(policy, { clock }) }),
  };
}

function clockOf(io: CliIo): () => EpochSeconds {
  return () => epochSecondsFromMs(io.nowMs());
}
