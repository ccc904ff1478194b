/**
 * A policy as written to a policy as executed, with all problems reported at once. Takes `unknown`, because a policy may
 * come from JavaScript or from a cast: what the types forbid is refused here too.
 */
import { isJsonObject } from "../../shared/json.ts";
import { indexRules } from "./route-index.ts";
import type { RouteIndex } from "./route-index.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { compileRequirement, isFilledList, reportUnknown } from "./compile-requirement.ts";
import { isCovered } from "./coverage.ts";
import { parsePattern } from "./pattern.ts";
import type { PathPattern } from "./pattern.ts";
import { ROUTE_METHODS } from "./rule.ts";
import type { FurtherMethod } from "./rule.ts";
import type { PolicyCheck } from "./checks.ts";

/** The checks of a requirement, all of which must be satisfied; none means any valid token. */
export type CompiledRequirement = readonly PolicyCheck[];

export interface CompiledRule {
  /** Position in the list, from 0. */
  readonly place: number;
  readonly pattern: PathPattern;
  readonly methods: ReadonlySet<string>;
  /** undefined: anyone, and no token is looked at. */
  readonly requirement: CompiledRequirement | undefined;
  /** The requirement as it was written, for comparing it with another one. */
  readonly asks: string;
  /** A request without credentials passes. */
  readonly anonymous: boolean;
  /** What the rule would refuse is logged and forwarded. */
  readonly reportOnly: boolean;
}

export interface CompiledPolicy {
  readonly rules: readonly CompiledRule[];
  readonly index: RouteIndex<CompiledRule>;
}

/** What is wrong with one rule. */
export interface PolicyProblem {
  /** Position in the list, from 0; undefined when it is about the list itself. */
  readonly rule: number | undefined;
  readonly problem: string;
}

/** Where optional features take part in a policy. */
export interface PolicyFeatures {
  readonly methods?: readonly FurtherMethod[];
  readonly completeRule?: (rule: CompiledRule) => CompiledRule;
}

const RULE_MEMBERS = ["path", "methods", "allow", "require", "mode"];

/**
 * @param ownPaths paths that the gateway answers itself; a rule for one of them would never be asked
 * @param features what they add: methods that a rule may name besides {@link ROUTE_METHODS}, and what is asked of its callers besides
 * @returns the policy ready to be asked, or every problem of every rule
 */
export function compilePolicy(
  policy: unknown,
  ownPaths: readonly string[],
  { methods = [], completeRule }: PolicyFeatures = {},
): Result<CompiledPolicy, readonly PolicyProblem[]> {
  if (!Array.isArray(policy)) return err([{ rule: undefined, problem: "routes must be an array of rules" }]);
  const nameable: readonly unknown[] = [...ROUTE_METHODS, ...methods];
  const problems: PolicyProblem[] = [];
  const rules: CompiledRule[] = [];
  for (const [rule, value] of policy.entries()) {
    const found: string[] = [];
    const compiled = compileRule(value, rule, nameable, found);
    if (compiled !== undefined) {
      if (isUnreachable(compiled, rules, ownPaths)) {
        found.push("rule can never match: earlier rules or the gateway do");
      }
      rules.push(completeRule?.(compiled) ?? compiled);
    }
    for (const problem of found) problems.push({ rule, problem });
  }
  return problems.length === 0 ? ok({ rules, index: indexRules(rules) }) : err(problems);
}

function compileRule(
  value: unknown,
  place: number,
  nameable: readonly unknown[],
  found: string[],
): CompiledRule | undefined {
  if (!isJsonObject(value)) {
    found.push("rule must be an object");
    return undefined;
  }
  reportUnknown(value, RULE_MEMBERS, found);
  const pattern = compilePath(value["path"], found);
  const methods = compileMethods(value["methods"], nameable, found);
  const requirement = compileAccess(value["allow"], value["require"], found);
  const reportOnly = compileMode(value["mode"], value["allow"], found);
  if (pattern === undefined || found.length > 0) return undefined;
  const asks = JSON.stringify(value["require"] ?? null);
  return { place, pattern, methods, requirement, asks, anonymous: value["allow"] === "anonymous", reportOnly };
}

function compilePath(value: unknown, found: string[]): PathPattern | undefined {
  const pattern = typeof value === "string" ? parsePattern(value) : err("path must be a string");
  if (pattern.ok) return pattern.value;
  found.push(pattern.error);
  return undefined;
}

function compileMethods(value: unknown, nameable: readonly unknown[], found: string[]): ReadonlySet<string> {
  if (value === undefined) return new Set(ROUTE_METHODS);
  if (!isFilledList(value) || !value.every((method) => nameable.includes(method))) {
    found.push(`methods must be a list of at least one of ${nameable.join(", ")}`);
    return new Set();
  }
  return new Set([...value, ...(value.includes("GET") ? ["HEAD"] : [])].map(String));
}

function compileAccess(allow: unknown, require: unknown, found: string[]): CompiledRequirement | undefined {
  if ((allow === undefined) === (require === undefined)) {
    found.push("rule must have exactly one of allow and require");
    return undefined;
  }
  if (allow === undefined) return compileRequirement(require, "require", found);
  // Anonymous requests aside, any valid token satisfies such a rule.
  if (allow === "anonymous") return [];
  if (allow !== "anyone") found.push('allow must be "anyone" or "anonymous"');
  return undefined;
}

function compileMode(value: unknown, allow: unknown, found: string[]): boolean {
  if (value === undefined) return false;
  if (value !== "enforce" && value !== "report") found.push("mode must be enforce or report");
  else if (allow === "anyone") found.push("mode is for rules that ask for a token");
  return value === "report";
}

/** Whether each request that the rule matches is the gateway's own to answer, or an earlier rule's. */
function isUnreachable(
  { pattern, methods }: CompiledRule,
  earlier: readonly CompiledRule[],
  ownPaths: readonly string[],
): boolean {
  return (
    ownPaths.includes(pattern.text) ||
    [...methods].every((method) =>
      isCovered(
        pattern,
        earlier.filter((one) => one.methods.has(method)).map((one) => one.pattern),
      ),
    )
  );
}
