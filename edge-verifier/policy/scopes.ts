/**
 * The scopes of a verified token. Pure.
 */
import type { VerifiedClaims } from "../../shared/claims.ts";

/**
 * `scope` as space-delimited text (RFC 8693 section 4.2, RFC 9068 section 2.2.3), or as an array of strings, which some
 * issuers write. Anything else grants nothing.
 */
export function scopesOf(claims: VerifiedClaims): ReadonlySet<string> {
  const { scope } = claims;
  if (typeof scope === "string") return new Set(scope.split(" ").filter((one) => one !== ""));
  if (!Array.isArray(scope)) return new Set();
  return new Set(scope.filter((one) => typeof one === "string"));
}
