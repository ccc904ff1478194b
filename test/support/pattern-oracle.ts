/**
 * Whether a path lies in a pattern, segment by segment: what the index of rules and the coverage of patterns are held against.
 */
import type { PatternSegment } from "../../edge-verifier/policy/pattern.ts";

/**
 * Whether a path lies in the pattern. A single trailing slash is not looked at, because many origins do not either.
 * @param path begins with a slash and has no empty segment, except one after a trailing slash
 */
export function matchesPath(segments: readonly PatternSegment[], tree: boolean, path: string): boolean {
  const end = path.endsWith("/") ? path.length - 1 : path.length;
  let position = 0;
  for (const segment of segments) {
    if (position >= end) return false;
    const start = position + 1;
    const slash = path.indexOf("/", start);
    const stop = slash === -1 ? end : slash;
    if (segment !== undefined && !(segment.length === stop - start && path.startsWith(segment, start))) return false;
    position = stop;
  }
  return tree || position === end;
}
