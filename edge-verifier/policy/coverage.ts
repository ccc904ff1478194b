/**
 * Whether some patterns together match every path that another one matches: the question behind "this rule can never
 * match". Exact, by walking the one pattern segment by segment and keeping those that still follow; case is not regarded,
 * as in matching.
 */
import type { PathPattern, PatternSegment } from "./pattern.ts";

/** Stands for "any segment that no pattern names": no pattern holds an empty one. */
const OTHER = "";

/** @returns true when each path of `pattern` is matched by at least one of `others`. */
export function isCovered(pattern: PathPattern, others: readonly PathPattern[]): boolean {
  return isCoveredFrom(pattern, others, 0);
}

/** The question for what is left after `depth` segments that the pattern and all of `others` have matched. */
function isCoveredFrom(pattern: PathPattern, others: readonly PathPattern[], depth: number): boolean {
  if (others.length === 0) return false;
  if (others.some((other) => other.tree && depth >= other.segments.length)) return true;
  const atEnd = depth >= pattern.segments.length;
  if (atEnd && !others.some((other) => other.segments.length === depth)) return false;
  if (atEnd && !pattern.tree) return true;
  return stepsOf(pattern, others, depth).every((step) =>
    isCoveredFrom(
      pattern,
      others.filter((other) => follows(other, step, depth)),
      depth + 1,
    ),
  );
}

/** Every segment that makes a difference at this depth. */
function stepsOf(pattern: PathPattern, others: readonly PathPattern[], depth: number): readonly string[] {
  const literal = depth < pattern.segments.length ? pattern.foldedSegments[depth] : undefined;
  if (literal !== undefined) return [literal];
  const named = others.map((other): PatternSegment => other.foldedSegments[depth]);
  return [OTHER, ...new Set(named.filter((segment) => segment !== undefined))];
}

function follows(other: PathPattern, step: string, depth: number): boolean {
  if (depth >= other.segments.length) return other.tree;
  const segment = other.foldedSegments[depth];
  return segment === undefined || segment === step;
}
