/**
 * The rules under which sealgate's contenders verify: those of a gateway with default settings. Shared by them; no Worker.
 */
import { parseAudience, parseIssuerUrl, parseRingName } from "../../shared/identifiers.ts";
import type { IssuerUrl, RingName } from "../../shared/identifiers.ts";
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import { DEFAULT_MAX_TOKEN_BYTES } from "../../shared/verify-token.ts";
import type { TokenRules } from "../../shared/verify-token.ts";
import type { Settings } from "./settings.ts";

export const BENCH_RING: RingName = ringName("main");

function ringName(value: string): RingName {
  const ring = parseRingName(value);
  if (ring === undefined) throw new TypeError("not a ring's name");
  return ring;
}

export function issuerOf(settings: Settings): IssuerUrl {
  const issuer = parseIssuerUrl(settings.issuer);
  if (!issuer.ok) throw new TypeError(issuer.error);
  return issuer.value;
}

export function rulesOf(settings: Settings): TokenRules {
  const audience = parseAudience(settings.audience);
  if (audience === undefined) throw new TypeError("not an audience");
  return {
    issuer: issuerOf(settings),
    audiences: [audience],
    clockSkewSeconds: DEFAULT_TIMING.clockSkewSeconds,
    maxTokenTtlSeconds: DEFAULT_TIMING.maxTokenTtlSeconds,
    algs: new Set([settings.alg]),
    typs: new Set([undefined, "jwt", "at+jwt"]),
    maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
  };
}
