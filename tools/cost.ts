/**
 * The table under "What it costs" in README.md: what one ring of the default policy costs in its first month and in its twelfth,
 * where retired keys stay, and where `deleteAfterDays` has them deleted. `node tools/scale.ts` writes it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DOLLARS_PER_KEY_AND_MONTH } from "../issuer/key-ring/index.ts";
import { createRingPolicy } from "../issuer/config/ring-policy.ts";
import { LONGEST_INVOCATION_SECONDS } from "../issuer/revocations/entry.ts";
import { count, dollars, kvReadsFor, MEASURED, PRICES, SECONDS_PER_MONTH, table } from "./figures.ts";

/** The example: what a service asks of it in a month. */
const EXAMPLE = { tokens: 1_000_000, requests: 10_000_000, isolates: 20, revocations: 10_000 };

const POLICY = createRingPolicy({ ring: "main", issuer: "https://auth.example.com" });

/** Root, active and pending. */
const KEYS_AT_REST = 3;

/** Assumptions, for Lambda with 512 MB: a run of the rotator and a signature, with the waiting for KMS and Cloudflare. */
const LAMBDA = { memoryGb: 0.5, runSeconds: 2, signSeconds: 0.03 };

/** A reading of the table is rounded up to 4 KB. An entry has about 150 octets, and is read until no kind of entry of its time counts. */
const ENTRY = {
  octets: 150,
  readUnitOctets: 4096,
  readForSeconds:
    2 * POLICY.timing.maxTokenTtlSeconds + 3 * POLICY.timing.clockSkewSeconds + LONGEST_INVOCATION_SECONDS,
};

/** @param month 1 for the first: KMS keys that are billed in it */
export function keysInMonth(month: number, areRetiredDeleted: boolean): number {
  const rotations = Math.floor(((month - 1) * SECONDS_PER_MONTH) / POLICY.rotateEverySeconds);
  return KEYS_AT_REST + (areRetiredDeleted ? 0 : rotations);
}

function perMillion(amount: number, price: number): number {
  return (amount * price) / 1_000_000;
}

function workers(): number {
  const cpuMs = (EXAMPLE.requests * MEASURED.request) / 1000;
  return (
    perMillion(EXAMPLE.requests, PRICES.workersPerMillionRequests) + perMillion(cpuMs, PRICES.workersPerMillionCpuMs)
  );
}

/** Of the key set; the list of taken-back tokens is read as often. */
function kvReads(): number {
  return perMillion(kvReadsFor(EXAMPLE.isolates) * SECONDS_PER_MONTH, PRICES.kvPerMillionReads);
}

function lambda(): number {
  const runs = SECONDS_PER_MONTH / POLICY.reconcileEverySeconds;
  const gbSeconds = LAMBDA.memoryGb * (runs * LAMBDA.runSeconds + EXAMPLE.tokens * LAMBDA.signSeconds);
  return (
    perMillion(runs + EXAMPLE.tokens, PRICES.lambdaPerMillionRequests) +
    gbSeconds * PRICES.lambdaArmPerGbSecond +
    PRICES.secretPerMonth
  );
}

/**
 * One list for each: written, signed by the root key, and read back. The table is read twice for each list and once for each run, as is
 * the list's note, and written five times: the entry, what tells rotators of it, the list's rev, its note and its counts.
 */
function takingBack(): number {
  const { revocations } = EXAMPLE;
  const read = (revocations * ENTRY.readForSeconds) / SECONDS_PER_MONTH;
  const unitsPerReading = Math.ceil((read * ENTRY.octets) / ENTRY.readUnitOctets);
  const runs = SECONDS_PER_MONTH / POLICY.reconcileEverySeconds;
  return (
    perMillion(revocations * 5, PRICES.dynamoDbPerMillionWriteUnits) +
    perMillion(revocations + runs + (2 * revocations + runs) * unitsPerReading, PRICES.dynamoDbPerMillionReadUnits) +
    perMillion(revocations, PRICES.kvPerMillionWrites) +
    perMillion(revocations, PRICES.kmsOthersPer10000 * 100) +
    kvReads()
  );
}

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../${path}`, import.meta.url)), "utf8");

/** As many as the stack has, and as docs/monitoring.md lists. An alarm costs as many times as it watches metrics. */
function watching(): { readonly metrics: number; readonly alarms: number; readonly dollars: number } {
  const [, emf = ""] = /^## The rotator$([\s\S]*?)^`sealgate serve`/m.exec(read("docs/monitoring.md")) ?? [];
  const metrics = new Set(
    [...emf.matchAll(/^\| (`.*?) \|/gm), ...emf.matchAll(/Lambda writes (.*?) by `ring`/g)].flatMap(([, names = ""]) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name]) => name),
    ),
  ).size;
  const template = read("issuer/deploy/sealgate.template.yaml");
  const alarms = template.match(/Type: AWS::CloudWatch::Alarm/g)?.length ?? 0;
  const watched = template.match(/MetricName:/g)?.length ?? 0;
  return {
    metrics,
    alarms,
    dollars: metrics * PRICES.cloudWatchPerMetric + watched * PRICES.cloudWatchPerAlarm,
  };
}

/** @returns the table, without its line's end */
export function costTable(): string {
  const keys = [keysInMonth(1, false), keysInMonth(12, false), keysInMonth(12, true)].map(
    (number) => number * DOLLARS_PER_KEY_AND_MONTH,
  );
  const signing = (price: number): number => perMillion(EXAMPLE.tokens, price * 100);
  const watched = watching();
  const always: readonly (readonly [string, number])[] = [
    [`${count(EXAMPLE.tokens)} signatures by KMS, ES256`, signing(PRICES.kmsOthersPer10000)],
    [`${count(EXAMPLE.requests)} requests at Workers, ${MEASURED.request} µs of CPU each`, workers()],
    [`KV: ${count(EXAMPLE.isolates)} isolates that are busy all day`, kvReads()],
    ["Lambda: signing, a run each 5 minutes; the secret", lambda()],
    [`CloudWatch: ${watched.metrics} metrics, ${watched.alarms} alarms`, watched.dollars],
    [`${count(EXAMPLE.revocations)} tokens taken back: DynamoDB, KV, KMS`, takingBack()],
  ];
  const sum = always.reduce((total, [, value]) => total + value, 0);
  return table(
    ["a month, one ring", "month 1", "month 12", "month 12, `deleteAfterDays`"],
    [
      ["KMS keys, rotated every 30 days", ...keys.map(dollars)],
      ...always.map(([what, value]) => [what, dollars(value), dollars(value), dollars(value)]),
      ["**together**", ...keys.map((value) => `**${dollars(value + sum)}**`)],
    ],
    ["---", "---:", "---:", "---:"],
  );
}

/** Where the table stands in README.md. */
export const COST_TABLE = /(?<=^## What it costs\n\n)(?:\|.*\|\n)*/m;

export function writeCosts(): void {
  const path = fileURLToPath(new URL("../README.md", import.meta.url));
  writeFileSync(path, read("README.md").replace(COST_TABLE, `${costTable()}\n`));
}
