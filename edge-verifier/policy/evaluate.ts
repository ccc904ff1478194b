/**
 * Whether a verified token satisfies a rule's requirement. Pure; knows nothing of requests.
 */
import type { VerifiedClaims } from "../../shared/claims.ts";
import type { CompiledRequirement } from "./compile.ts";

/** Why a valid token is not enough. Names what the policy asks for, never what the token holds. */
export type PolicyDenial =
  | { readonly code: "scope_missing"; readonly scope: readonly string[] }
  | { readonly code: "any_scope_missing"; readonly anyScope: readonly string[] }
  | { readonly code: "claim_not_equal"; readonly claim: string };

/** @returns undefined when the requirement is satisfied, otherwise the first part that is not. */
export function evaluateRequirement(
  requirement: CompiledRequirement,
  claims: VerifiedClaims,
  scopes: ReadonlySet<string>,
): PolicyDenial | undefined {
  const { scope, anyScope } = requirement;
  for (const one of scope) if (!scopes.has(one)) return { code: "scope_missing", scope };
  if (anyScope.length > 0 && !anyScope.some((one) => scopes.has(one))) return { code: "any_scope_missing", anyScope };
  for (const [claim, wanted] of requirement.claims) {
    // What is inherited from Object.prototype is no scalar, so it cannot stand in for a claim.
    if (claims[claim] !== wanted) return { code: "claim_not_equal", claim };
  }
  return undefined;
}

/**
 * The scopes of a token: `scope` as space-delimited text (RFC 8693 section 4.2, RFC 9068 section 2.2.3), or as an array of
 * strings, which some issuers write. Anything else grants nothing.
 */
export function scopesOf(claims: VerifiedClaims): ReadonlySet<string> {
  const { scope } = claims;
  if (typeof scope === "string") return new Set(scope.split(" ").filter((one) => one !== ""));
  if (!Array.isArray(scope)) return new Set();
  return new Set(scope.filter((one) => typeof one === "string"));
}
