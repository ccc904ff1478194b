/** What `token sign` signs with: one KMS key, or the active key of a ring. */
import type { Command } from "commander";
import { createConfiguredSigners } from "../config/signer-source.ts";
import { readSignConfig } from "../config/signing.ts";
import type { SigningKey } from "../config/signing.ts";
import type { IssuerOptions } from "../issuer-options.ts";
import { UsageError } from "./exit-codes.ts";
import type { CliIo } from "./io.ts";
import { keyVariables, readTokenOptions, ringVariables, withOptions } from "./options.ts";
import type { KeyOptions } from "./options.ts";
import { inSeconds } from "../clock.ts";
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
 * @throws UsageError for options that exclude each other; SealgateError `config_invalid` naming everything that is missing or
 *   wrong
 */
export async function readSigningOptions(io: CliIo, options: KeyOptions & RingSigningOptions): Promise<Signing> {
  const { ring, alg } = options;
  if (ring !== undefined && options.key !== undefined) throw new UsageError("--ring and --key exclude each other");
  const env = withOptions(io, {
    ...keyVariables(options),
    ...ringVariables(io, ring),
    SEALGATE_POLICY: await readPolicyText(options.policy),
    // What a single token asks for is compared where its option is known.
    SEALGATE_DEFAULT_TTL_SECONDS: "",
  });
  const { issuer, signWith, maxTokenTtlSeconds } = readTokenOptions((nameOf) => readSignConfig(env, nameOf));
  if (signWith.kind === "rings" && alg !== undefined)
    throw new UsageError("--alg is the ring's to choose: leave it out");
  const clock = inSeconds(io.nowMs);
  return {
    maxTokenTtlSeconds,
    limit: limitOf(signWith, maxTokenTtlSeconds),
    resolve: async () => ({
      issuer,
      maxTokenTtlSeconds,
      clock,
      ...(await createConfiguredSigners(signWith, { clock })),
    }),
  };
}

function limitOf(signWith: SigningKey, maxTokenTtlSeconds: number): string {
  if (signWith.kind === "key")
    return "raise --max-ttl (SEALGATE_MAX_TOKEN_TTL_SECONDS), and what the verifiers accept first";
  const longest = Math.min(...signWith.rings.map(({ policy }) => policy.timing.maxTokenTtlSeconds));
  return maxTokenTtlSeconds < longest
    ? `raise --max-ttl (SEALGATE_MAX_TOKEN_TTL_SECONDS), at most to the policy's ${longest}`
    : "raise timing.maxTokenTtlSeconds of the ring's policy";
}
