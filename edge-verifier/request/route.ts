/**
 * From the text of a request's URL to the rule that decides about it: the path guard, then the policy. A feature may put a
 * finder around this one. Each finder leaves the path as it is: the raw path is what is forwarded.
 */
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { readTarget } from "../http/path-guard.ts";
import type { RequestTarget } from "../http/path-guard.ts";
import type { Refusal } from "./refusal.ts";
import type { CompiledPolicy, CompiledRule } from "../policy/compile.ts";
import { matchRoute } from "../policy/match.ts";

export interface FoundRoute {
  /** As it was received. */
  readonly target: RequestTarget;
  readonly rule: CompiledRule;
}

/** @param url as text; never one that a router has decoded */
export type RouteFinder = (url: string, method: string) => Result<FoundRoute, Refusal>;

/** The first thing in a path that a rule could tolerate. */
const TOLERABLE = /^\w+:\/\/[^/]*(?=\/)[^?]*?(%2[35f]|%3f|[;|[\]^`]|\/\/)/i;

/** Refuses every path that could be read in more than one way. */
export function createRouteFinder(policy: CompiledPolicy): RouteFinder {
  return (url, method) => {
    const target = readTarget(url);
    if (!target.ok) {
      const [, sign] = TOLERABLE.exec(url) ?? [];
      return err({ code: "path_unsafe", reason: target.error, tolerate: sign?.toUpperCase() });
    }
    const rule = matchRoute(policy, method, target.value.path);
    return rule.ok ? ok({ target: target.value, rule: rule.value }) : rule;
  };
}
