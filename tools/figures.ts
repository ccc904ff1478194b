/** What docs/scale.md and the README's table of costs are reckoned from. */
import { DEFAULT_TIMING } from "../shared/timing.ts";
import { figureOf, measuredOf, publishedRun } from "./performance.ts";

const run = publishedRun();

/** CPU in µs, of the published run of the benchmark. */
export const MEASURED = {
  request: figureOf(run, "gateway", "RS256", "sealgate, remembered").cpuUs,
  newTokenRs256: figureOf(run, "verify", "RS256", "sealgate first sight").cpuUs,
  newTokenEs256: figureOf(run, "verify", "ES256", "sealgate first sight").cpuUs,
  kvReadsPerMemoryTtl: measuredOf(run, "KV reads per isolate and M, 100 requests/s"),
};

/** An assumption: Cloudflare publishes no number. An isolate is taken to use half of one core. */
export const BUSY_SHARE = 0.5;

/**
 * US dollars, list prices of November 2026 in us-east-1 without free allowances, and how a sum is written. Look them up before you
 * decide: aws.amazon.com/{kms,dynamodb,lambda,cloudwatch,secrets-manager}/pricing, developers.cloudflare.com/{workers,kv}/platform/pricing.
 */
export const PRICES = {
  workersPerMillionRequests: 0.3,
  workersPerMillionCpuMs: 0.02,
  kvPerMillionReads: 0.5,
  kvPerMillionWrites: 5,
  kmsRsa2048Per10000: 0.03,
  kmsOthersPer10000: 0.15,
  dynamoDbPerMillionWriteUnits: 0.625,
  dynamoDbPerMillionReadUnits: 0.125,
  lambdaPerMillionRequests: 0.2,
  lambdaArmPerGbSecond: 0.000_013_333_4,
  cloudWatchPerMetric: 0.3,
  cloudWatchPerAlarm: 0.1,
  secretPerMonth: 0.4,
};

export const SECONDS_PER_MONTH: number = 30 * 86_400;

/** Each location has an isolate, and busy ones as many as their requests need. */
export function isolatesFor(requestsPerSecond: number, locations: number): number {
  const perIsolate = (BUSY_SHARE * 1_000_000) / MEASURED.request;
  return Math.max(locations, Math.ceil(requestsPerSecond / perIsolate));
}

/** Reads of KV a second, all isolates together, for one ring. */
export function kvReadsFor(isolates: number): number {
  return (isolates * MEASURED.kvReadsPerMemoryTtl) / DEFAULT_TIMING.memoryTtlSeconds;
}

export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

export function dollars(value: number): string {
  if (value < 0.01) return "below $0.01";
  return value < 10 ? `$${value.toFixed(2)}` : `$${count(value)}`;
}

export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  ruler?: readonly string[],
): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(head),
    `|${(ruler ?? head.map(() => "---:")).map((cell) => `${cell}|`).join("")}`,
    ...rows.map(line),
  ].join("\n");
}
