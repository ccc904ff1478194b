/**
 * Finds the rules whose pattern matches a path without asking each: a tree of segments, so that the cost grows with the
 * length of the path and the number of rules that do match, not with the length of the policy. Order is the policy's.
 */
import type { PathPattern } from "./pattern.ts";

/** What is known after some segments. */
export interface RouteIndex<Rule> {
  /** By the next segment, in lower case. */
  readonly literals: Map<string, RouteIndex<Rule>>;
  /** The next segment is a parameter. */
  parameter: RouteIndex<Rule> | undefined;
  /** Rules of exactly these segments. */
  readonly exact: Placed<Rule>[];
  /** Rules of these segments and everything below. */
  readonly trees: Placed<Rule>[];
}

interface Placed<Rule> {
  readonly place: number;
  readonly rule: Rule;
}

export function indexRules<Rule extends { readonly pattern: PathPattern }>(rules: readonly Rule[]): RouteIndex<Rule> {
  const root = emptyIndex<Rule>();
  for (const [place, rule] of rules.entries()) {
    let node = root;
    for (const segment of rule.pattern.foldedSegments) node = nodeBelow(node, segment);
    (rule.pattern.tree ? node.trees : node.exact).push({ place, rule });
  }
  return root;
}

/**
 * The rules whose pattern matches, in the order of the policy.
 * @param folded the path as `PathPattern.foldedSegments` are written; a single trailing slash is not looked at
 */
export function findRules<Rule>(index: RouteIndex<Rule>, folded: string): readonly Rule[] {
  const found: Placed<Rule>[] = [];
  collect(index, folded, 0, folded.endsWith("/") ? folded.length - 1 : folded.length, found);
  if (found.length > 1) found.sort((left, right) => left.place - right.place);
  return found.map(({ rule }) => rule);
}

/** @param position of the slash before the next segment, or `end` */
function collect<Rule>(
  node: RouteIndex<Rule>,
  path: string,
  position: number,
  end: number,
  found: Placed<Rule>[],
): void {
  found.push(...node.trees);
  if (position >= end) {
    found.push(...node.exact);
    return;
  }
  if (node.parameter === undefined && node.literals.size === 0) return;
  const slash = path.indexOf("/", position + 1);
  const stop = slash === -1 || slash > end ? end : slash;
  const below = node.literals.get(path.slice(position + 1, stop));
  if (below !== undefined) collect(below, path, stop, end, found);
  if (node.parameter !== undefined) collect(node.parameter, path, stop, end, found);
}

function nodeBelow<Rule>(node: RouteIndex<Rule>, segment: string | undefined): RouteIndex<Rule> {
  if (segment === undefined) return (node.parameter ??= emptyIndex());
  let below = node.literals.get(segment);
  if (below === undefined) {
    below = emptyIndex();
    node.literals.set(segment, below);
  }
  return below;
}

function emptyIndex<Rule>(): RouteIndex<Rule> {
  return { literals: new Map(), parameter: undefined, exact: [], trees: [] };
}
