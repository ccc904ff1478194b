/** Environment variables to everything that a revoker needs to know: no key, and no Cloudflare token. */
import type { EpochSeconds, IssuerUrl, RingName } from "../../shared/identifiers.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { stalenessBoundSeconds } from "../../shared/timing.ts";
import type { RingTiming } from "../../shared/timing.ts";
import { LIST_INTERVAL_SECONDS } from "../key-ring/revocations/plan-list.ts";
import type { RingPolicy } from "../key-ring/policy.ts";
import { isTable, TABLE_RULE } from "../revocations/dynamodb/store.ts";
import { createEnvironmentReader, readRings } from "./environment.ts";
import type { Environment, EnvironmentReader, NameOf } from "./environment.ts";
import { readPolicy } from "./ring-policy.ts";

/** From the write of an entry until every edge refuses what it names, while KV answers. The largest of all rings. */
export interface RevocationBound {
  /** Until a rotator that is told of changes has begun the next list. */
  readonly listSeconds: number;
  /** R: the same for a rotator that is not told, and runs on a schedule. */
  readonly reconcileSeconds: number;
  /** S: from there to the last edge. */
  readonly stalenessSeconds: number;
}

/** When every gateway that reads the list refuses what is taken back now. Epoch seconds. */
export interface RefusalTimes {
  /** If the rotator is told of changes. */
  readonly refusedBy: number;
  /** If it runs on a schedule alone. */
  readonly refusedByOnSchedule: number;
}

export function refusalTimes(bound: RevocationBound, now: EpochSeconds): RefusalTimes {
  const { listSeconds, reconcileSeconds, stalenessSeconds } = bound;
  return {
    refusedBy: now + listSeconds + stalenessSeconds,
    refusedByOnSchedule: now + reconcileSeconds + stalenessSeconds,
  };
}

export interface RevokingConfig {
  readonly issuer: IssuerUrl;
  readonly rings: readonly RingName[];
  /** Names or ARNs of the tables, one for each ring. */
  readonly tables: readonly string[];
  /** K and L, the largest of all rings: options of `createRevocations`. */
  readonly timing: Pick<RingTiming, "clockSkewSeconds" | "maxTokenTtlSeconds">;
  readonly bound: RevocationBound;
}

/**
 * Reads `SEALGATE_ISSUER`, `SEALGATE_REVOCATION_TABLE` (name or ARN; several, separated by commas, where the issuer has several
 * rings), `SEALGATE_RING` (default "main", or several) and their policies, whose timing counts.
 * @param nameOf what messages call a variable; by default its name
 * @throws SealgateError `config_invalid`, naming every variable that is missing or wrong
 */
export function readRevokingConfig(env: Environment, nameOf?: NameOf): RevokingConfig {
  const reader = createEnvironmentReader(env, nameOf);
  const tables = reader.read("SEALGATE_REVOCATION_TABLE", parseTables);
  const policies = readPolicies(reader);
  const [first] = policies;
  if (tables === undefined || first === undefined || reader.hasProblems) throw reader.failure();
  const largest = (of: (policy: RingPolicy) => number): number => Math.max(...policies.map(of));
  return {
    issuer: first.issuer,
    rings: policies.map(({ ring }) => ring),
    tables,
    timing: {
      clockSkewSeconds: largest(({ timing }) => timing.clockSkewSeconds),
      maxTokenTtlSeconds: largest(({ timing }) => timing.maxTokenTtlSeconds),
    },
    bound: {
      listSeconds: LIST_INTERVAL_SECONDS,
      reconcileSeconds: Math.max(
        LIST_INTERVAL_SECONDS,
        largest(({ reconcileEverySeconds }) => reconcileEverySeconds),
      ),
      stalenessSeconds: largest(({ timing }) => stalenessBoundSeconds(timing)),
    },
  };
}

function readPolicies(reader: EnvironmentReader): readonly RingPolicy[] {
  const rings = readRings(reader) ?? [undefined];
  return rings.map((ring) => readPolicy(reader, ring)).filter((policy) => policy !== undefined);
}

function parseTables(text: string | undefined): Result<readonly string[], string> {
  if (text === undefined) return err("is missing: it names the table of taken-back tokens");
  const tables = text.split(",").map((table) => table.trim());
  if (!tables.every(isTable)) return err(`${TABLE_RULE}, or several of them, separated by commas`);
  return new Set(tables).size === tables.length ? ok(tables) : err("names a table twice");
}
