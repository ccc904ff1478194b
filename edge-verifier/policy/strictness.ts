/**
 * Whether one rule lets fewer requests pass than another one. Pure. Two requirements are the same when they are written
 * the same; of two others each counts as stricter than the other, because no order between them is known.
 */
import type { CompiledRule } from "./compile.ts";

/** @returns true unless every request that `other` lets pass would pass `rule` too */
export function isStricter(rule: CompiledRule, other: CompiledRule): boolean {
  if (rule === other || letsAllPass(rule)) return false;
  if (letsAllPass(other)) return true;
  if (rule.anonymous || other.anonymous) return !rule.anonymous;
  return rule.asks !== ANY_TOKEN && rule.asks !== other.asks;
}

/** `require: {}`, as {@link CompiledRule.asks} has it. */
const ANY_TOKEN = "{}";

function letsAllPass({ requirement, reportOnly }: CompiledRule): boolean {
  return requirement === undefined || reportOnly;
}
