/**
 * A requirement as written to the checks that it asks for, with all problems reported at once. Takes `unknown`: what the
 * types forbid is refused here too.
 */
import { parseAudience } from "../../shared/identifiers.ts";
import { isJsonObject, isWholeNumber } from "../../shared/json.ts";
import {
  acrAmong,
  audienceAmong,
  authenticatedWithin,
  claimContains,
  claimEquals,
  claimOneOf,
  everyScope,
  isClaimScalar,
  someRequirement,
  someScope,
} from "./checks.ts";
import type { PolicyCheck } from "./checks.ts";
import { missingFeature } from "./feature-names.ts";
import { isScopeToken } from "./scopes.ts";

const REQUIREMENT_MEMBERS = ["scope", "anyScope", "audience", "claims", "acr", "maxAgeSeconds", "allOf", "anyOf"];
const MATCHER_MEMBERS = ["at", "equals", "oneOf", "contains"];

/** Deeper is no policy that anyone can read; and a value that holds itself has to end somewhere. */
const MAX_DEPTH = 8;

/**
 * @param found takes the problems, each beginning with the name of the member
 * @returns the checks, cheapest and most telling first; none for `{}`
 */
export function compileRequirement(value: unknown, name: string, found: string[]): readonly PolicyCheck[] {
  return compileAt(value, name, found, 0);
}

function compileAt(value: unknown, name: string, found: string[], depth: number): readonly PolicyCheck[] {
  if (!isJsonObject(value)) {
    found.push(`${name} must be an object`);
    return [];
  }
  if (depth > MAX_DEPTH) {
    found.push(`${name} is nested too deep`);
    return [];
  }
  reportUnknown(value, REQUIREMENT_MEMBERS, found);
  const checks: PolicyCheck[] = [];
  const addTexts = (
    member: string,
    noun: string,
    isValid: (text: string) => boolean,
    check: (texts: readonly string[]) => PolicyCheck,
  ): void => {
    const texts = value[member];
    if (texts === undefined) return;
    const list = textsOf(texts);
    if (list?.every(isValid) === true) {
      checks.push(check(list));
    } else {
      found.push(`${member} must be a list of at least one ${noun}`);
    }
  };
  addTexts("scope", "scope", isScopeToken, everyScope);
  addTexts("anyScope", "scope", isScopeToken, someScope);
  addTexts("audience", "audience", isAudience, audienceAmong);
  checks.push(...compileClaims(value["claims"], found));
  // What may stand in the quoted string of a challenge, separated by spaces (RFC 9470 section 3), is what a scope may be.
  addTexts("acr", "acr value", isScopeToken, acrAmong);
  const maxAgeSeconds = value["maxAgeSeconds"];
  if (isWholeNumber(maxAgeSeconds, 1)) {
    checks.push(authenticatedWithin(maxAgeSeconds));
  } else if (maxAgeSeconds !== undefined) {
    found.push("maxAgeSeconds must be a whole number of at least 1");
  }
  checks.push(...compileList(value["allOf"], "allOf", found, depth).flat());
  const alternatives = compileList(value["anyOf"], "anyOf", found, depth);
  if (alternatives.length > 0) checks.push(someRequirement(alternatives));
  return checks;
}

/** Requirements inside another one. `{}` is refused there: it asks for no more than a valid token, and can only be a mistake. */
function compileList(
  value: unknown,
  name: string,
  found: string[],
  depth: number,
): readonly (readonly PolicyCheck[])[] {
  if (value === undefined) return [];
  if (!isFilledList(value)) {
    found.push(`${name} must be a list of at least one requirement`);
    return [];
  }
  return value.map((one, index) => {
    const label = `${name}[${String(index)}]`;
    if (isJsonObject(one) && Object.keys(one).length === 0) {
      found.push(`${label} must ask for something`);
      return [];
    }
    return compileAt(one, label, found, depth + 1);
  });
}

function compileClaims(value: unknown, found: string[]): readonly PolicyCheck[] {
  if (value === undefined) return [];
  if (!isJsonObject(value) || Object.keys(value).length === 0) {
    found.push("claims must be an object with at least one member");
    return [];
  }
  return Object.entries(value).flatMap(([name, wanted]) => compileMatcher(name, wanted, found) ?? []);
}

function compileMatcher(claim: string, matcher: unknown, found: string[]): PolicyCheck | undefined {
  const name = `claims.${claim}`;
  const wanted: Readonly<Record<string, unknown>> = isJsonObject(matcher) ? matcher : { equals: matcher };
  reportUnknown(wanted, MATCHER_MEMBERS, found, ` in ${name}`);
  const { at, equals, oneOf, contains } = wanted;
  const path = pathOf(claim, at);
  if (path === undefined) found.push(`${name}.at must be a list of at least one name`);
  if ([equals, oneOf, contains].filter((one) => one !== undefined).length !== 1) {
    found.push(`${name} must have exactly one of equals, oneOf and contains`);
    return undefined;
  }
  if (isFilledList(oneOf) && oneOf.every(isClaimScalar)) return claimOneOf(path ?? [], [...oneOf]);
  const scalar = equals ?? contains;
  if (isClaimScalar(scalar)) return (contains === undefined ? claimEquals : claimContains)(path ?? [], scalar);
  found.push(`${name} must be a string, a finite number below 2^53 or a boolean; oneOf a list of them`);
  return undefined;
}

function pathOf(claim: string, at: unknown): readonly string[] | undefined {
  if (at === undefined) return [claim];
  const names = textsOf(at);
  return names && [claim, ...names];
}

/** At least one text, and none that is empty. */
function textsOf(value: unknown): readonly string[] | undefined {
  if (!isFilledList(value)) return undefined;
  const texts = value.filter((one): one is string => typeof one === "string" && one !== "");
  return texts.length === value.length ? texts : undefined;
}

export function isFilledList(value: unknown): value is unknown[] {
  return Array.isArray(value) && value.length > 0;
}

/**
 * A feature takes its members out of the rules before they are compiled: one that is still there belongs to a feature that is not
 * listed. `{ scopes: ["admin"] }` and `{ scope: undefined }` would otherwise let every valid token pass.
 */
export function reportUnknown(value: object, known: readonly string[], found: string[], where = ""): void {
  for (const [member, content] of Object.entries(value)) {
    const feature = missingFeature(member);
    if (feature !== undefined) found.push(`${member} ${feature}`);
    else if (!known.includes(member)) found.push(`unknown member ${member}${where}`);
    else if (content === undefined) found.push(`${member}${where} must not be undefined`);
  }
}

function isAudience(text: string): boolean {
  return parseAudience(text) !== undefined;
}
