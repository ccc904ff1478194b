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

/** @param denial made once, not for each request */
function check(denial: PolicyDenial, isSatisfied: (subject: PolicySubject) => boolean): PolicyCheck {
  return (subject) => (isSatisfied(subject) ? undefined : denial);
}

export function everyScope(scope: readonly string[]): PolicyCheck {
  return check({ code: "scope_missing", scope }, ({ scopes }) => scope.every((one) => scopes.has(one)));
}

export function someScope(anyScope: readonly string[]): PolicyCheck {
  return check({ code: "any_scope_missing", anyScope }, ({ scopes }) => anyScope.some((one) => scopes.has(one)));
}

export function audienceAmong(audience: readonly string[]): PolicyCheck {
  return check({ code: "audience_not_allowed", audience }, ({ claims }) => namesOneOf(claims.aud, audience));
}

export function acrAmong(acr: readonly string[]): PolicyCheck {
  return check({ code: "acr_not_allowed", acr }, ({ claims }) => acr.some((one) => one === claims["acr"]));
}

/**
 * A time that lies as far ahead is refused too: it is no time of an authentication (milliseconds, say), and would never
 * grow old. An `auth_time` that is no time (`null`, say) is refused, not passed over for `iat`.
 */
export function authenticatedWithin(maxAgeSeconds: number): PolicyCheck {
  return check({ code: "authentication_too_old", maxAgeSeconds }, ({ claims, now }) => {
    const { auth_time: authTime, iat } = claims;
    const since = parseEpochSeconds(authTime === undefined ? iat : authTime);
    return since !== undefined && Math.abs(now - since) <= maxAgeSeconds;
  });
}

/** @param path the claim's name, then the names of members below it */
export function claimEquals(path: readonly string[], wanted: ClaimScalar): PolicyCheck {
  return check({ code: "claim_not_equal", claim: path.join(".") }, ({ claims }) => valueAt(claims, path) === wanted);
}

export function claimOneOf(path: readonly string[], wanted: readonly ClaimScalar[]): PolicyCheck {
  return check({ code: "claim_not_one_of", claim: path.join(".") }, ({ claims }) => {
    const value = valueAt(claims, path);
    return wanted.some((one) => one === value);
  });
}

export function claimContains(path: readonly string[], wanted: ClaimScalar): PolicyCheck {
  return check({ code: "claim_lacks_value", claim: path.join(".") }, ({ claims }) => {
    const value = valueAt(claims, path);
    return Array.isArray(value) && value.includes(wanted);
  });
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
