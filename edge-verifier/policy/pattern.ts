/**
 * Path patterns: parsing, and matching against a path that has passed the path guard. Works on the raw text; nothing is
 * decoded or normalised. No regular expressions are built from patterns.
 */
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";

/** One segment: a literal, or undefined for `:param`, which stands for exactly one segment. */
export type PatternSegment = string | undefined;

export interface PathPattern {
  /** As written in the policy. */
  readonly text: string;
  readonly segments: readonly PatternSegment[];
  /** The same in lower case, for the comparison without regard to case. */
  readonly foldedSegments: readonly PatternSegment[];
  /** Ends in `/*`: matches everything below as well. */
  readonly tree: boolean;
}

/**
 * RFC 3986 "unreserved" characters only. Any other character of a segment can be written in two ways (raw and
 * percent-encoded), so that a literal could be missed by the gateway and found by the origin.
 */
const LITERAL = /^[A-Za-z0-9._~-]*[A-Za-z0-9_~-]$/;

const FORM = "path must be of /segments of A-Z a-z 0-9 - _ . ~ (no dot at the end), /:names and, last, /*";

const PARAM = /^:[A-Za-z_][A-Za-z0-9_]*$/;

/** @returns the pattern, or the rule that the text breaks. */
export function parsePattern(text: string): Result<PathPattern, string> {
  if (!text.startsWith("/")) return err(FORM);
  const parts = text === "/" ? [] : text.slice(1).split("/");
  const tree = parts.at(-1) === "*";
  if (tree) parts.pop();
  const segments: PatternSegment[] = [];
  for (const part of parts) {
    if (PARAM.test(part)) segments.push(undefined);
    else if (LITERAL.test(part)) segments.push(part);
    else return err(FORM);
  }
  return ok({ text, segments, foldedSegments: segments.map((segment) => segment?.toLowerCase()), tree });
}

/**
 * Whether the literal segments of a pattern stand in a path as they are written, where the path is known to lie in the pattern
 * once case and the like are not regarded.
 * @param path raw
 */
export function literalsFit(segments: readonly PatternSegment[], path: string): boolean {
  // Before the first segment there is nothing. No more parts than are compared.
  const parts = path.split("/", segments.length + 1);
  return segments.every((segment, index) => segment === undefined || segment === parts[index + 1]);
}
