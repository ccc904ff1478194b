/** What a Worker's health endpoint says of its key set, and whether that is what the ring has published. */
import type { EpochSeconds, RingName } from "../../../shared/identifiers.ts";
import { isJsonObject } from "../../../shared/json.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import { UsageError } from "../exit-codes.ts";

/** Of the Worker's contract, which the issuer does not import. */
export const HEALTH_PATH = "/.well-known/sealgate/health";

const TIMEOUT_MS = 10_000;

export interface GatewayHealth {
  readonly url: string;
  /** "ok", "degraded" or "unavailable", as the Worker says; "unreachable" when there was no such answer. */
  readonly status: "ok" | "degraded" | "unavailable" | "unreachable";
  readonly rev: number | undefined;
  /** Where its document came from: "memory", "last_good" or "bootstrap". */
  readonly source: string | undefined;
  readonly ageSeconds: number | undefined;
  /** The kids of the root keys that it pins for this ring. */
  readonly anchors: readonly string[];
  /** What it found wrong with the document in KV, or why it was not reached. */
  readonly problem: string | undefined;
  /** The list of taken-back tokens that it refuses by; undefined when it looks at none. */
  readonly revocations: GatewayList | undefined;
}

export interface GatewayList {
  /** Undefined when it has no list that it may use. */
  readonly rev: number | undefined;
  readonly ageSeconds: number | undefined;
  readonly problem: string | undefined;
}

/** @throws UsageError unless it is the address of a Worker */
export function parseGatewayUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.search !== "") {
    throw new UsageError("--gateway must be an http or https URL without credentials or query");
  }
  return url;
}

/** Asks the Worker about one ring. Never throws: a Worker that cannot be reached is an answer too. */
export async function askGateway(gateway: URL, ring: RingName, interrupted: AbortSignal): Promise<GatewayHealth> {
  const url = new URL(HEALTH_PATH, gateway).href;
  const unreachable = (problem: string): GatewayHealth => ({ ...NOTHING, url, problem });
  try {
    const signal = AbortSignal.any([interrupted, AbortSignal.timeout(TIMEOUT_MS)]);
    const response = await fetch(url, { redirect: "manual", headers: { accept: "application/json" }, signal });
    const body: unknown = await response.json().catch(() => undefined);
    const rings = isJsonObject(body) ? body["rings"] : undefined;
    if (!Array.isArray(rings)) return unreachable(`HTTP ${response.status}, no health report`);
    const found: unknown = rings.find((one) => isJsonObject(one) && one["ring"] === ring);
    if (!isJsonObject(found)) return unreachable("it does not read this ring: see its variable RING");
    const status = STATUSES.find((one) => one === found["status"]);
    if (status === undefined) return unreachable(`HTTP ${response.status}, no health report`);
    const { rev, source, ageSeconds, problem, anchors } = found;
    return {
      url,
      status,
      rev: numberOf(rev),
      source: textOf(source),
      ageSeconds: numberOf(ageSeconds),
      anchors: Array.isArray(anchors) ? anchors.flatMap((kid) => textOf(kid) ?? []) : [],
      problem: textOf(problem),
      revocations: listOf(found["revocations"]),
    };
  } catch (error) {
    return unreachable(error instanceof Error && error.name === "TimeoutError" ? "no answer in time" : "no connection");
  }
}

const STATUSES = ["ok", "degraded", "unavailable"] as const;

const NOTHING = {
  status: "unreachable",
  rev: undefined,
  source: undefined,
  ageSeconds: undefined,
  anchors: [],
  revocations: undefined,
} as const;

function listOf(value: unknown): GatewayList | undefined {
  if (!isJsonObject(value)) return undefined;
  const { rev, ageSeconds, problem } = value;
  return { rev: numberOf(rev), ageSeconds: numberOf(ageSeconds), problem: textOf(problem) };
}

/** Codes only, so that a stranger's answer cannot write to the terminal. */
function textOf(value: unknown): string | undefined {
  return typeof value === "string" && /^[\w.-]{1,64}$/.test(value) ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/**
 * How the Worker's document compares with the published one. `behind` is normal until everybody must have it.
 * @param document what KV holds, if it is known
 * @param stalenessBoundSeconds S
 */
export function compareWithPublished(
  { rev }: GatewayHealth,
  document: KeySetDocument | undefined,
  stalenessBoundSeconds: number,
  now: EpochSeconds,
): "same" | "behind" | "too_old" | "ahead" | "unknown" {
  if (rev === undefined || document === undefined) return "unknown";
  if (rev === document.rev) return "same";
  if (rev > document.rev) return "ahead";
  return now <= document.issuedAt + stalenessBoundSeconds ? "behind" : "too_old";
}
