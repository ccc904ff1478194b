/**
 * A policy as written to a policy as executed, with all problems reported at once. Takes `unknown`, because a policy may
 * come from JavaScript or from a cast: what the types forbid is refused here too.
 */
import { isJsonObject } from "../../shared/json.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { isCovered } from "./coverage.ts";
import { parsePattern } from "./pattern.ts";
import type { PathPattern } from "./pattern.ts";
import { ROUTE_METHODS } from "./rule.ts";
import type { ClaimScalar, RouteMethod } from "./rule.ts";

/** A requirement with nothing optional left. */
export interface CompiledRequirement {
  readonly scope: readonly string[];
  readonly anyScope: readonly string[];
  readonly claims: readonly (readonly [name: string, value: ClaimScalar])[];
}

export interface CompiledRule {
  readonly pattern: PathPattern;
  readonly methods: ReadonlySet<string>;
  /** undefined: anyone. */
  readonly requirement: CompiledRequirement | undefined;
}

export type CompiledPolicy = readonly CompiledRule[];

/** What is wrong with one rule. */
export interface PolicyProblem {
  /** Position in the list, from 0; undefined when it is about the list itself. */
  readonly rule: number | undefined;
  readonly problem: string;
}

const RULE_MEMBERS = ["path", "methods", "allow", "require"];
const REQUIREMENT_MEMBERS = ["scope", "anyScope", "claims"];

/** RFC 6749 section 3.3 `scope-token`. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * @param ownPaths paths that the gateway answers itself; a rule for one of them would never be asked
 * @returns the policy ready to be asked, or every problem of every rule
 */
export function compilePolicy(
  policy: unknown,
  ownPaths: readonly string[],
): Result<CompiledPolicy, readonly PolicyProblem[]> {
  if (!Array.isArray(policy)) return err([{ rule: undefined, problem: "routes must be an array of rules" }]);
  const problems: PolicyProblem[] = [];
  const rules: CompiledRule[] = [];
  for (const [rule, value] of policy.entries()) {
    const found: string[] = [];
    const compiled = compileRule(value, found);
    if (compiled !== undefined && found.length === 0) {
      const unreachable = whyUnreachable(compiled, rules, ownPaths);
      if (unreachable !== undefined) found.push(unreachable);
      rules.push(compiled);
    }
    for (const problem of found) problems.push({ rule, problem });
  }
  return problems.length === 0 ? ok(rules) : err(problems);
}

function compileRule(value: unknown, found: string[]): CompiledRule | undefined {
  if (!isJsonObject(value)) {
    found.push("rule must be an object");
    return undefined;
  }
  reportUnknown(value, RULE_MEMBERS, found);
  const pattern = compilePath(value["path"], found);
  const methods = compileMethods(value["methods"], found);
  const requirement = compileAccess(value["allow"], value["require"], found);
  return pattern === undefined ? undefined : { pattern, methods, requirement };
}

function compilePath(value: unknown, found: string[]): PathPattern | undefined {
  const pattern = typeof value === "string" ? parsePattern(value) : err("path must be a string");
  if (pattern.ok) return pattern.value;
  found.push(pattern.error);
  return undefined;
}

function compileMethods(value: unknown, found: string[]): ReadonlySet<string> {
  if (value === undefined) return new Set(ROUTE_METHODS);
  if (!Array.isArray(value) || value.length === 0 || !value.every(isRouteMethod)) {
    found.push(`methods must be a list of at least one of ${ROUTE_METHODS.join(", ")}`);
    return new Set();
  }
  return new Set<string>(value.includes("GET") ? [...value, "HEAD"] : value);
}

function compileAccess(allow: unknown, require: unknown, found: string[]): CompiledRequirement | undefined {
  if ((allow === undefined) === (require === undefined)) {
    found.push("rule must have exactly one of allow and require");
    return undefined;
  }
  if (allow !== undefined) {
    if (allow !== "anyone") found.push('allow must be "anyone"');
    return undefined;
  }
  if (!isJsonObject(require)) {
    found.push("require must be an object");
    return undefined;
  }
  reportUnknown(require, REQUIREMENT_MEMBERS, found);
  return {
    scope: compileScopes("scope", require["scope"], found),
    anyScope: compileScopes("anyScope", require["anyScope"], found),
    claims: compileClaims(require["claims"], found),
  };
}

function compileScopes(member: string, value: unknown, found: string[]): readonly string[] {
  if (value === undefined) return [];
  if (
    Array.isArray(value) &&
    value.length > 0 &&
    value.every((one) => typeof one === "string" && SCOPE_TOKEN.test(one))
  )
    return value;
  found.push(`${member} must be a list of at least one scope`);
  return [];
}

function compileClaims(value: unknown, found: string[]): CompiledRequirement["claims"] {
  if (value === undefined) return [];
  if (!isJsonObject(value) || Object.keys(value).length === 0) {
    found.push("claims must be an object with at least one member");
    return [];
  }
  const claims: [string, ClaimScalar][] = [];
  for (const [name, wanted] of Object.entries(value)) {
    if (isClaimScalar(wanted)) claims.push([name, wanted]);
    else found.push(`claims.${name} must be a string, a finite number or a boolean`);
  }
  return claims;
}

function reportUnknown(value: object, known: readonly string[], found: string[]): void {
  for (const member of Object.keys(value)) {
    if (!known.includes(member)) found.push(`unknown member ${member}`);
  }
}

function whyUnreachable(rule: CompiledRule, earlier: CompiledPolicy, ownPaths: readonly string[]): string | undefined {
  if (ownPaths.includes(rule.pattern.text)) return "rule can never match: the gateway answers this path itself";
  const unreachable = [...rule.methods].every((method) =>
    isCovered(
      rule.pattern,
      earlier.filter((one) => one.methods.has(method)).map((one) => one.pattern),
    ),
  );
  return unreachable ? "rule can never match: earlier rules match everything it does" : undefined;
}

function isRouteMethod(value: unknown): value is RouteMethod {
  return ROUTE_METHODS.some((method) => method === value);
}

function isClaimScalar(value: unknown): value is ClaimScalar {
  return (
    typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value))
  );
}
