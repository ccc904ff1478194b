/**
 * The scopes of a verified token. Pure.
 */
import type { VerifiedClaims } from "../../shared/claims.ts";

/** RFC 6749 section 3.3 `scope-token`: no white space, so that all readers split a list of them at the same places. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

export function isScopeToken(text: unknown): text is string {
  return typeof text === "string" && SCOPE_TOKEN.test(text);
}

/**
 * `scope` as space-delimited text (RFC 8693 section 4.2, RFC 9068 section 2.2.3), or as an array of strings, which some
 * issuers write. Anything else grants nothing, and so does an element that is no scope token: `["orders", "no admin"]` is
 * `orders` alone, also for an origin that splits the header at white space.
 */
export function scopesOf(claims: VerifiedClaims): ReadonlySet<string> {
  const { scope } = claims;
  const parts: readonly unknown[] = typeof scope === "string" ? scope.split(" ") : Array.isArray(scope) ? scope : [];
  return new Set(parts.filter(isScopeToken));
}
