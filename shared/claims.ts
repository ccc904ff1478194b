/**
 * The registered claims (RFC 7519 section 4.1), checked in a fixed order after the signature holds. Pure: no I/O, and no
 * clock; `now` is passed in.
 */
import { isEpochSeconds } from "./identifiers.ts";
import type { Audience, EpochSeconds, IssuerUrl } from "./identifiers.ts";
import type { JsonObject } from "./json.ts";
import { excerpt } from "./rejection.ts";
import type { TokenRejection } from "./rejection.ts";
import { err, ok } from "./result.ts";
import type { Err, Result } from "./result.ts";

/** What a token must satisfy. Every member is required: there is no way to leave a check out. */
export interface ClaimsRules {
  readonly issuer: IssuerUrl;
  /** At least one; the token must name one of them. */
  readonly audiences: readonly Audience[];
  /** Allowed on `exp`, `nbf` and `iat`, in seconds. */
  readonly clockSkewSeconds: number;
  /** The longest `exp - iat`, in seconds. */
  readonly maxTokenTtlSeconds: number;
}

/** A claims set whose registered claims have the right types and hold at the time of the check. */
export interface VerifiedClaims extends JsonObject {
  readonly iss: string;
  readonly aud: string | readonly string[];
  readonly exp: EpochSeconds;
  readonly nbf?: number;
  readonly iat?: number;
  readonly sub?: string;
  readonly jti?: string;
}

/**
 * Checks iss, aud, exp, nbf, iat and the lifetime, in this order, then the types of sub and jti.
 *
 * Strict where RFC 7519 leaves room: `exp` is required; a NumericDate is a finite number no later than a date can be;
 * `nbf` and `iat` count whenever they are present; without `iat` the lifetime is counted from now.
 */
export function checkClaims(
  claims: JsonObject,
  rules: ClaimsRules,
  now: EpochSeconds,
): Result<VerifiedClaims, TokenRejection> {
  const { iss, aud, exp, nbf, iat, sub = "", jti = "" } = claims;
  if (typeof iss !== "string") return faulty("iss", iss);
  const wrongIssuer = checkIssuer(iss, rules);
  if (wrongIssuer !== undefined) return err(wrongIssuer);
  if (!isAudienceClaim(aud)) return faulty("aud", aud);
  const wrongAudience = checkAudience(aud, rules);
  if (wrongAudience !== undefined) return err(wrongAudience);
  if (!isEpochSeconds(exp)) return faulty("exp", exp);
  if (nbf !== undefined && !isEpochSeconds(nbf)) return faulty("nbf", nbf);
  if (iat !== undefined && !isEpochSeconds(iat)) return faulty("iat", iat);
  const outside = checkTimes({ exp, nbf, iat }, rules, now);
  if (outside !== undefined) return err(outside);
  if (typeof sub !== "string") return faulty("sub", sub);
  if (typeof jti !== "string") return faulty("jti", jti);
  // Every member that VerifiedClaims narrows has been checked above; a copy would only cost time.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return ok(claims as VerifiedClaims);
}

/** RFC 7519 section 4.1.1: exactly the same string. */
export function checkIssuer(iss: string, { issuer }: Pick<ClaimsRules, "issuer">): TokenRejection | undefined {
  return iss === issuer ? undefined : { code: "issuer_mismatch", iss: excerpt(iss) };
}

/** RFC 7519 section 4.1.3: `aud` names at least one of the audiences. */
export function checkAudience(
  aud: string | readonly string[],
  { audiences }: Pick<ClaimsRules, "audiences">,
): TokenRejection | undefined {
  if (namesOneOf(aud, audiences)) return undefined;
  const named = typeof aud === "string" ? [aud] : aud.slice(0, MAX_LOGGED_AUDIENCES);
  return { code: "audience_mismatch", aud: named.map((one) => excerpt(one)) };
}

const MAX_LOGGED_AUDIENCES = 4;

/** True when `aud` (RFC 7519 section 4.1.3) holds at least one of the audiences. */
export function namesOneOf(aud: string | readonly string[], audiences: readonly string[]): boolean {
  if (typeof aud === "string") return audiences.includes(aud);
  for (const one of aud) if (audiences.includes(one)) return true;
  return false;
}

function faulty(claim: string, value: unknown): Err<TokenRejection> {
  return err({ code: value === undefined ? "claim_missing" : "claim_invalid", claim });
}

/** The claims of time, of the right types. */
interface Times {
  readonly exp: number;
  readonly nbf?: number | undefined;
  readonly iat?: number | undefined;
}

/** Every claim of time. Asked again of a token that is remembered: time goes on, and a clock may also be set back. */
export function checkTimes(
  { exp, nbf, iat }: Times,
  { clockSkewSeconds, maxTokenTtlSeconds }: Pick<ClaimsRules, "clockSkewSeconds" | "maxTokenTtlSeconds">,
  now: EpochSeconds,
): TokenRejection | undefined {
  // Written so that a comparison with NaN refuses.
  if (!(exp > now - clockSkewSeconds)) return { code: "token_expired", expiredForSeconds: now - exp };
  if (nbf !== undefined && !(nbf <= now + clockSkewSeconds)) {
    return { code: "token_not_yet_valid", validInSeconds: nbf - now };
  }
  if (iat !== undefined && !(iat <= now + clockSkewSeconds)) {
    return { code: "token_issued_in_future", aheadSeconds: iat - now };
  }
  const lifetimeSeconds = exp - (iat ?? now + clockSkewSeconds);
  if (!(lifetimeSeconds <= maxTokenTtlSeconds)) {
    return { code: "token_lifetime_too_long", lifetimeSeconds, maxSeconds: maxTokenTtlSeconds };
  }
  return undefined;
}

function isAudienceClaim(aud: unknown): aud is string | readonly string[] {
  if (typeof aud === "string") return true;
  return Array.isArray(aud) && aud.length > 0 && aud.every((one) => typeof one === "string");
}
