/**
 * What every `ring` command needs: configuration from environment and policy file, the ports to KMS and KV, and where audit
 * lines go. Nothing is asked of KMS or KV here.
 */
import { appendFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { createRingMemory, createRingPorts } from "../../key-ring/index.ts";
import type { AuditSink, ReconcileOptions, RingPolicy, RingPorts } from "../../key-ring/index.ts";
import { createAwsKms } from "../../kms/aws-kms.ts";
import { createCloudflareKvPublisher } from "../../publish/cloudflare-kv.ts";
import { systemClock } from "../../publish/retry.ts";
import { readRingConfig, revocationPorts } from "../../config/ring.ts";
import type { RevocationChanges } from "../../revocations/store.ts";
import { UsageError } from "../exit-codes.ts";
import type { CliIo } from "../io.ts";
import { inSeconds } from "../../clock.ts";
import { RING_OPTIONS, fromEnv, namedBy, withOptions } from "../options.ts";

export interface RingOptions {
  readonly ring?: string;
  readonly policy?: string;
  readonly actor?: string;
  readonly audit?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export interface RingContext {
  readonly policy: RingPolicy;
  readonly ports: RingPorts;
  /** For observing and reconciling; add request and candidate. */
  readonly options: Pick<ReconcileOptions, "policy" | "memory" | "actor">;
  /** Tells when a token was taken back; undefined where that is not possible. */
  readonly changes?: RevocationChanges | undefined;
}

/** Options of commands that only look. */
export function withRingOptions(command: Command): Command {
  return command
    .option("--ring <name>", 'the ring, by default "main" (SEALGATE_RING)')
    .option("--policy <file>", "JSON file with the ring's policy; the variable holds its text (SEALGATE_POLICY)");
}

/** Options of commands that may change the ring. */
export function withChangeOptions(command: Command): Command {
  return withRingOptions(command)
    .option("--actor <name>", "who runs this, for the audit; by default the user's name (SEALGATE_ACTOR)")
    .option(
      "--audit <file>",
      "append the audit lines to this file instead of stderr, which gets them where it is no terminal (SEALGATE_AUDIT_FILE)",
    )
    .option("--dry-run", "print what would be done, and do nothing");
}

/**
 * @throws SealgateError `config_invalid` naming every variable and policy member that is wrong; UsageError for a file that
 *   cannot be read or written
 */
export async function createRingContext(io: CliIo, options: RingOptions): Promise<RingContext> {
  const SEALGATE_POLICY = await readPolicyText(options.policy);
  const { policy, publish, kms, revocationTable } = readRingConfig(
    withOptions(io, { SEALGATE_RING: options.ring, SEALGATE_POLICY }),
    namedBy(RING_OPTIONS),
  );
  const publisher = createCloudflareKvPublisher({
    ...publish,
    deadlineMs: policy.publishDeadlineSeconds * 1000,
    maxClockSkewSeconds: policy.timing.clockSkewSeconds,
    clock: { ...systemClock, epochMs: io.nowMs, sleep: (ms) => io.sleep(ms) },
  });
  const revocations = revocationPorts({ revocationTable }, publisher);
  const ports = createRingPorts({
    kms: createAwsKms(kms),
    kmsInRegion: (region) => createAwsKms({ region }),
    publisher,
    revocations,
    audit: createAuditSink(io, fromEnv(io, options.audit, "SEALGATE_AUDIT_FILE")),
    clock: inSeconds(io.nowMs),
    ...(io.monotonicMs === undefined ? {} : { monotonicMs: io.monotonicMs }),
  });
  const actor = fromEnv(io, options.actor, "SEALGATE_ACTOR") ?? io.env["USER"] ?? "unknown";
  return { policy, ports, options: { policy, memory: createRingMemory(), actor }, changes: revocations.store };
}

/** The text of the file that `--policy` names, if it names one. */
export async function readPolicyText(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, "utf8");
  } catch {
    throw new UsageError("--policy: the file cannot be read");
  }
}

/**
 * One line of JSON per step, in a file or on stderr: stdout is for the command's own answer. A person at a terminal reads
 * there what was done, and is spared the JSON.
 */
function createAuditSink(io: CliIo, file: string | undefined): AuditSink {
  if (file === undefined && io.stderrIsTerminal) return () => undefined;
  if (file === undefined) return (entry) => io.err(`${JSON.stringify({ audit: entry })}\n`);
  const append = (text: string): void => {
    try {
      appendFileSync(file, text, { mode: 0o600 });
    } catch {
      throw new UsageError("--audit: the file cannot be written");
    }
  };
  // Before anything is done: a step that leaves no trace must not be taken.
  append("");
  return (entry) => append(`${JSON.stringify(entry)}\n`);
}
