/** Runs `sealgate` on a ring whose KMS, KV and clock are the test's: time passes only when a command waits or a test says so. */
import { onTestFinished } from "vitest";
import type { CliIo } from "../../../../../issuer/cli/io.ts";
import type { RingPolicyInput } from "../../../../../issuer/key-ring/index.ts";
import { createDynamoDbRevocations } from "../../../../../issuer/revocations/dynamodb/store.ts";
import { createRevocations } from "../../../../../issuer/revocations/revocations.ts";
import type { Revocations } from "../../../../../issuer/revocations/revocations.ts";
import { startCutProxy } from "../../../../support/cut-proxy.ts";
import type { CutProxy } from "../../../../support/cut-proxy.ts";
import { startDynamoDb } from "../../../../support/dynamodb.ts";
import type { LocalDynamoDb } from "../../../../support/dynamodb.ts";
import { TEST_ISSUER } from "../../../../support/key-sets.ts";
import { startRingWorld } from "../../../../support/ring-world.ts";
import type { RingWorld } from "../../../../support/ring-world.ts";
import { sealgate, stubProcessEnv } from "../support.ts";
import type { CliRun } from "../support.ts";

/** 4K + 20 of the default policy: from listing a key until that has settled. */
export const SETTLE_SECONDS = 260;

/** S + K + P + 1 of the default policy: from then on until it may sign. */
export const LEAD_SECONDS = 3931;

export interface CliRing extends Omit<RingWorld, "run"> {
  readonly env: Readonly<Record<string, string>>;
  /** What commands have waited for, in milliseconds. */
  readonly sleeps: readonly number[];
  /** Runs `sealgate ring …`. */
  ring(argv: readonly string[], changes?: Partial<CliIo>): Promise<CliRun>;
  /** Runs `sealgate …`. */
  sealgate(argv: readonly string[], changes?: Partial<CliIo>): Promise<CliRun>;
}

type PolicyChanges = Partial<Omit<RingPolicyInput, "ring" | "issuer">>;

export async function startCliRing(changes: PolicyChanges = {}): Promise<CliRing> {
  const world = await startRingWorld(changes);
  const { kms, cloudflare, clock } = world;
  const env = {
    ...kms.env,
    SEALGATE_ISSUER: TEST_ISSUER,
    SEALGATE_RING: "main",
    SEALGATE_POLICY: JSON.stringify(changes),
    SEALGATE_KV_BASE_URL: cloudflare.baseUrl,
    SEALGATE_KV_NAMESPACE_ID: cloudflare.namespaceId,
    SEALGATE_ACTOR: "test",
  };
  stubProcessEnv(kms.env);
  const run = (argv: readonly string[], io: Partial<CliIo> = {}): Promise<CliRun> =>
    sealgate(argv, { env, nowMs: () => clock.epochMs(), sleep: (ms) => clock.sleep(ms), ...io });
  return { ...world, env, sleeps: clock.sleeps, sealgate: run, ring: (argv, io) => run(["ring", ...argv], io) };
}

/** A ring that was created, and whose pending key may sign. */
export async function startRipeRing(changes: PolicyChanges = {}): Promise<CliRing> {
  const cli = await startCliRing(changes);
  await cli.ring(["init"]);
  for (const seconds of [SETTLE_SECONDS, LEAD_SECONDS]) {
    cli.pass(seconds);
    await cli.ring(["reconcile"]);
  }
  return cli;
}

/** What stands on stderr besides audit lines. */
export function messagesOf({ err }: CliRun): string {
  return err
    .split("\n")
    .filter((line) => !line.startsWith('{"audit"'))
    .join("\n");
}

const TABLE = "sealgate-revocations";

export interface CliTable {
  readonly dynamodb: LocalDynamoDb;
  /** Between commands and the table. */
  readonly network: CutProxy;
  readonly revocations: Revocations;
  /** Of commands that know the table. */
  readonly env: Readonly<Record<string, string>>;
}

/** An empty table, beside a ring that has no list yet. */
export async function startCliTable(cli: CliRing): Promise<CliTable> {
  const dynamodb = await startDynamoDb();
  onTestFinished(() => dynamodb.close());
  const network = await startCutProxy(dynamodb.endpoint);
  onTestFinished(() => network.close());
  stubProcessEnv({ AWS_ENDPOINT_URL_DYNAMODB: network.url });
  await dynamodb.createTable(TABLE);
  const tables = [createDynamoDbRevocations(TABLE)];
  const revocations = createRevocations({ issuer: TEST_ISSUER, tables, clock: cli.now });
  return { dynamodb, network, revocations, env: { ...cli.env, SEALGATE_REVOCATION_TABLE: TABLE } };
}

/** Ctrl-C after so many pauses; `at` is called before each. */
export function stopAfter(
  cli: CliRing,
  pauses: number,
  at: (pause: number) => void | Promise<void> = () => undefined,
): Partial<CliIo> {
  const ctrlC = new AbortController();
  let count = 0;
  return {
    interrupted: ctrlC.signal,
    sleep: async (ms, signal) => {
      await cli.clock.sleep(ms);
      // Only the pause between two runs or looks can be cut short.
      if (signal === undefined) return;
      count += 1;
      await at(count);
      if (count === pauses) ctrlC.abort();
    },
  };
}
