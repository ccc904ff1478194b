/**
 * The checks that a requirement is made of, one function for each word of requirement.ts. Pure: each looks at a verified
 * token and says what is missing. Names in a denial are the policy's; nothing of the token's values is repeated.
 */
import { namesOneOf } from "../../shared/claims.ts";
import type { VerifiedClaims } from "../../shared/claims.ts";
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { isExactNumber, isJsonObject } from "../../shared/json.ts";
import type { ClaimScalar } from "./requirement.ts";

/** Why a valid token is not enough. Names what the policy asks for, never what the token holds. */
export type PolicyDenial =
  | { readonly code: "scope_missing"; readonly scope: readonly string[] }
  | { readonly code: "any_scope_missing"; readonly anyScope: readonly string[] }
  | { readonly code: "claim_not_equal"; readonly claim: string }
  | { readonly code: "claim_not_one_of"; readonly claim: string }
  | { readonly code: "claim_lacks_value"; readonly claim: string }
  | { readonly code: "audience_not_allowed"; readonly audience: readonly string[] }
  | { readonly code: "acr_not_allowed"; readonly acr: readonly string[] }
  | { readonly code: "authentication_too_old"; readonly maxAgeSeconds: number }
  | { readonly code: "alternatives_denied"; readonly alternatives: readonly PolicyDenial[] };

/** What a policy may look at. */
export interface PolicySubject {
  readonly claims: VerifiedClaims;
  readonly scopes: ReadonlySet<string>;
  readonly now: EpochSeconds;
}

/** @returns undefined when satisfied */
export type PolicyCheck = (subject: PolicySubject) => PolicyDenial | undefined;

export function everyScope(scope: readonly string[]): PolicyCheck {
  const denial = { code: "scope_missing", scope } as const;
  return ({ scopes }) => (scope.every((one) => scopes.has(one)) ? undefined : denial);
}

export function someScope(anyScope: readonly string[]): PolicyCheck {
  const denial = { code: "any_scope_missing", anyScope } as const;
  return ({ scopes }) => (anyScope.some((one) => scopes.has(one)) ? undefined : denial);
}

export function audienceAmong(audience: readonly string[]): PolicyCheck {
  const denial = { code: "audience_not_allowed", audience } as const;
  return ({ claims }) => (namesOneOf(claims.aud, audience) ? undefined : denial);
}

export function acrAmong(acr: readonly string[]): PolicyCheck {
  const denial = { code: "acr_not_allowed", acr } as const;
  return ({ claims }) => (acr.some((one) => one === claims["acr"]) ? undefined : denial);
}

/**
 * A time that lies as far ahead is refused too: it is no time of an authentication (milliseconds, say), and would never
 * grow old. An `auth_time` that is no time (`null`, say) is refused, not passed over for `iat`.
 */
export function authenticatedWithin(maxAgeSeconds: number): PolicyCheck {
  const denial = { code: "authentication_too_old", maxAgeSeconds } as const;
  return ({ claims, now }) => {
    const { auth_time: authTime, iat } = claims;
    const since = parseEpochSeconds(authTime === undefined ? iat : authTime);
    return since !== undefined && Math.abs(now - since) <= maxAgeSeconds ? undefined : denial;
  };
}

/** @param path the claim's name, then the names of members below it */
export function claimEquals(path: readonly string[], wanted: ClaimScalar): PolicyCheck {
  const denial = { code: "claim_not_equal", claim: path.join(".") } as const;
  return ({ claims }) => (valueAt(claims, path) === wanted ? undefined : denial);
}

export function claimOneOf(path: readonly string[], wanted: readonly ClaimScalar[]): PolicyCheck {
  const denial = { code: "claim_not_one_of", claim: path.join(".") } as const;
  return ({ claims }) => {
    const value = valueAt(claims, path);
    return wanted.some((one) => one === value) ? undefined : denial;
  };
}

export function claimContains(path: readonly string[], wanted: ClaimScalar): PolicyCheck {
  const denial = { code: "claim_lacks_value", claim: path.join(".") } as const;
  return ({ claims }) => {
    const value = valueAt(claims, path);
    return Array.isArray(value) && value.includes(wanted) ? undefined : denial;
  };
}

/** At least one of several requirements, each given as its checks. */
export function someRequirement(alternatives: readonly (readonly PolicyCheck[])[]): PolicyCheck {
  return (subject) => {
    const denials: PolicyDenial[] = [];
    for (const checks of alternatives) {
      const denial = firstDenial(checks, subject);
      if (denial === undefined) return undefined;
      denials.push(denial);
    }
    return { code: "alternatives_denied", alternatives: denials };
  };
}

/** @returns undefined when all are satisfied, otherwise the first that is not. */
export function firstDenial(checks: readonly PolicyCheck[], subject: PolicySubject): PolicyDenial | undefined {
  for (const check of checks) {
    const denial = check(subject);
    if (denial !== undefined) return denial;
  }
  return undefined;
}

/** Own members of objects only: neither `constructor`, which is inherited, nor the `length` of an array is a claim. */
export function valueAt(claims: Readonly<Record<string, unknown>>, path: readonly string[]): unknown {
  let value: unknown = claims;
  for (const name of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

/** What can be compared exactly, and has a text that all would read alike: neither an array, nor an integer beyond 2^53. */
export function isClaimScalar(value: unknown): value is ClaimScalar {
  return typeof value === "string" || typeof value === "boolean" || isExactNumber(value);
}
