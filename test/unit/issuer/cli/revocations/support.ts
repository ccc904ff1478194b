/** Runs `sealgate` beside tables of taken-back tokens, and on a ring that signs where tokens are needed. */
import type { CliIo } from "../../../../../issuer/cli/io.ts";
import { startDynamoDb } from "../../../../support/dynamodb.ts";
import { given } from "../../../../support/values.ts";
import { startRipeRing } from "../ring/support.ts";
import type { CliRing } from "../ring/support.ts";
import { AUDIENCE, ISSUER, sealgate, stubProcessEnv } from "../support.ts";
import type { CliRun } from "../support.ts";

export const NOW = 1_800_000_000;

export interface Tables {
  /** For commands that know the table only: no key, no KV. */
  run(argv: readonly string[], changes?: Partial<CliIo>): Promise<CliRun>;
  /** Another empty table, which the next commands name. @returns its name */
  next(): Promise<string>;
  env(): Readonly<Record<string, string>>;
  /** Sort keys in a table, sorted; in the last one if it is left out. */
  entries(table?: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** Starts DynamoDB, for all tests of a file. */
export async function startTables(): Promise<Tables> {
  const dynamodb = await startDynamoDb();
  let count = 0;
  let table = "";
  const env = (): Readonly<Record<string, string>> => ({ SEALGATE_ISSUER: ISSUER, SEALGATE_REVOCATION_TABLE: table });
  return {
    run: (argv, changes = {}) => sealgate(argv, { env: env(), nowMs: () => NOW * 1000, ...changes }),
    async next() {
      stubProcessEnv(dynamodb.env);
      table = `revocations-${(count += 1)}`;
      await dynamodb.createTable(table);
      return table;
    },
    env,
    entries: (name = table) => dynamodb.revocations(name),
    close: () => dynamodb.close(),
  };
}

export interface RevokingRing {
  readonly ring: CliRing;
  /** With the variables of the ring and of the table. */
  run(argv: readonly string[], changes?: Partial<CliIo>): Promise<CliRun>;
  sign(audience?: string): Promise<string>;
}

/** A ring that signs, beside an empty table, for one test. */
export async function startRevokingRing(tables: Tables): Promise<RevokingRing> {
  const ring = await startRipeRing();
  await tables.next();
  const env = { ...ring.env, ...tables.env() };
  const run: RevokingRing["run"] = (argv, changes = {}) => ring.sealgate(argv, { env, ...changes });
  return {
    ring,
    run,
    sign: async (audience = AUDIENCE) => (await run(["token", "sign", "--ring", "--audience", audience])).out.trim(),
  };
}

/** What `sealgate ring anchors` prints. */
export async function anchorsOf(cli: CliRing): Promise<string> {
  return given(/^TRUST_ANCHORS='(.*)'$/m.exec((await cli.ring(["anchors"])).out)?.[1]);
}
