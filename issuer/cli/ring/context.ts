/**
 * What every `ring` command needs: configuration from environment and policy file, the ports to KMS and KV, and where audit
 * lines go. Nothing is asked of KMS or KV here.
 */
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { epochSecondsFromMs } from "../../../shared/identifiers.ts";
import { createRingMemory, createRingPorts } from "../../key-ring/index.ts";
import type { AuditEntry, ReconcileOptions, RingPolicy, RingPorts } from "../../key-ring/index.ts";
import { createAwsKms } from "../../kms/aws-kms.ts";
import { createCloudflareKvPublisher } from "../../publish/cloudflare-kv.ts";
import { readRingConfig } from "../../ring-config.ts";
import { UsageError } from "../exit-codes.ts";
import type { CliIo } from "../io.ts";
import { fromEnv } from "../options.ts";

export interface RingOptions {
  readonly ring?: string;
  readonly policy?: string;
  readonly actor?: string;
  readonly json?: boolean;
}

export interface RingContext {
  readonly policy: RingPolicy;
  readonly ports: RingPorts;
  /** For observing and reconciling; add request and candidate. */
  readonly options: Pick<ReconcileOptions, "policy" | "memory" | "actor">;
}

export function withRingOptions(command: Command): Command {
  return command
    .option("--ring <name>", 'the ring (SEALGATE_RING, by default "main")')
    .option("--policy <file>", "JSON file with the ring's policy (or its text in SEALGATE_POLICY)")
    .option("--actor <name>", "who runs this, for the audit (SEALGATE_ACTOR, by default the user's name)")
    .option("--json", "print one line of JSON");
}

/**
 * @throws SealgateError `config_invalid` naming every variable and policy member that is wrong; UsageError for a policy file
 *   that cannot be read
 */
export async function createRingContext(io: CliIo, options: RingOptions): Promise<RingContext> {
  const env = options.ring === undefined ? io.env : { ...io.env, SEALGATE_RING: options.ring };
  const { policy, publish } = readRingConfig(env, await readPolicyText(io, options.policy));
  const publisher = createCloudflareKvPublisher({
    ...publish,
    deadlineMs: policy.publishDeadlineSeconds * 1000,
    maxClockSkewSeconds: policy.timing.clockSkewSeconds,
  });
  const ports = createRingPorts({
    kms: createAwsKms(),
    publisher,
    audit: (entry) => printAudit(io, entry),
    clock: () => epochSecondsFromMs(io.nowMs()),
  });
  const actor = fromEnv(io, options.actor, "SEALGATE_ACTOR") ?? io.env["USER"] ?? "unknown";
  return { policy, ports, options: { policy, memory: createRingMemory(), actor } };
}

async function readPolicyText(io: CliIo, file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return fromEnv(io, undefined, "SEALGATE_POLICY");
  try {
    return await readFile(file, "utf8");
  } catch {
    throw new UsageError("--policy: the file cannot be read");
  }
}

/** One line of JSON on stderr: stdout is for the command's own answer. */
function printAudit(io: CliIo, entry: AuditEntry): void {
  io.err(`${JSON.stringify({ audit: entry })}\n`);
}
