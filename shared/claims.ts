/**
 * The registered claims (RFC 7519 section 4.1), checked in a fixed order after the signature holds. Pure: no I/O, and no
 * clock; `now` is passed in.
 */
import { parseEpochSeconds } from "./identifiers.ts";
import type { Audience, EpochSeconds, IssuerUrl } from "./identifiers.ts";
import type { JsonObject } from "./json.ts";
import { excerpt } from "./rejection.ts";
import type { TokenRejection } from "./rejection.ts";
import { err, ok } from "./result.ts";
import type { Result } from "./result.ts";

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

/** What remains to be checked of a token that was already verified once. */
export interface ValidityWindow {
  /** `exp`, NumericDate. */
  readonly expiresAt: number;
  /** The latest of `nbf` and `iat`, or 0. */
  readonly notBefore: number;
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
  const { iss, aud } = claims;
  if (iss === undefined) return err({ code: "claim_missing", claim: "iss" });
  if (typeof iss !== "string") return err({ code: "claim_invalid", claim: "iss" });
  const wrongIssuer = checkIssuer(iss, rules);
  if (wrongIssuer !== undefined) return err(wrongIssuer);
  if (aud === undefined) return err({ code: "claim_missing", claim: "aud" });
  if (!isAudienceClaim(aud)) return err({ code: "claim_invalid", claim: "aud" });
  const wrongAudience = checkAudience(aud, rules);
  if (wrongAudience !== undefined) return err(wrongAudience);
  const times = readTimes(claims);
  if (!times.ok) return times;
  const { exp, nbf, iat } = times.value;
  const outside = checkTimes(exp, nbf, iat, rules, now);
  if (outside !== undefined) return err(outside);
  for (const claim of ["sub", "jti"]) {
    if (claims[claim] !== undefined && typeof claims[claim] !== "string") return err({ code: "claim_invalid", claim });
  }
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

/** The window of a verified claims set, for {@link checkWindow}. */
export function windowOf(claims: VerifiedClaims): ValidityWindow {
  const times = readTimes(claims);
  if (!times.ok) throw new TypeError("windowOf takes claims that are checked");
  return { expiresAt: times.value.exp, notBefore: Math.max(times.value.nbf ?? 0, times.value.iat ?? 0) };
}

/** The checks of time again, for a token remembered since an earlier request: a clock may also have been set back. */
export function checkWindow(
  window: ValidityWindow,
  clockSkewSeconds: number,
  now: EpochSeconds,
): TokenRejection | undefined {
  // Written so that a comparison with NaN refuses, here and below.
  if (!(window.expiresAt > now - clockSkewSeconds)) return expired(window.expiresAt, now);
  if (!(window.notBefore <= now + clockSkewSeconds)) return notYetValid(window.notBefore, now);
  return undefined;
}

interface Times {
  readonly exp: EpochSeconds;
  readonly nbf: EpochSeconds | undefined;
  readonly iat: EpochSeconds | undefined;
}

function readTimes(claims: JsonObject): Result<Times, TokenRejection> {
  if (claims["exp"] === undefined) return err({ code: "claim_missing", claim: "exp" });
  const exp = parseEpochSeconds(claims["exp"]);
  if (exp === undefined) return err({ code: "claim_invalid", claim: "exp" });
  const nbf = parseEpochSeconds(claims["nbf"]);
  if (nbf === undefined && claims["nbf"] !== undefined) return err({ code: "claim_invalid", claim: "nbf" });
  const iat = parseEpochSeconds(claims["iat"]);
  if (iat === undefined && claims["iat"] !== undefined) return err({ code: "claim_invalid", claim: "iat" });
  return ok({ exp, nbf, iat });
}

function checkTimes(
  exp: EpochSeconds,
  nbf: EpochSeconds | undefined,
  iat: EpochSeconds | undefined,
  rules: ClaimsRules,
  now: EpochSeconds,
): TokenRejection | undefined {
  const { clockSkewSeconds, maxTokenTtlSeconds } = rules;
  if (!(exp > now - clockSkewSeconds)) return expired(exp, now);
  if (nbf !== undefined && !(nbf <= now + clockSkewSeconds)) return notYetValid(nbf, now);
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

function expired(exp: number, now: EpochSeconds): TokenRejection {
  return { code: "token_expired", expiredForSeconds: now - exp };
}

function notYetValid(notBefore: number, now: EpochSeconds): TokenRejection {
  return { code: "token_not_yet_valid", validInSeconds: notBefore - now };
}
