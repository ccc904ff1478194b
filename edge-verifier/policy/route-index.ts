/**
 * Finds the rules whose pattern matches a path without asking each: a tree of segments, so that the cost grows with the
 * length of the path and the number of rules that do match, not with the length of the policy. Order is the policy's.
 */
import type { PathPattern } from "./pattern.ts";

/** What is known after some segments. */
export interface RouteIndex<Rule> {
  /** By the next segment, in lower case. */
  readonly literals: Map<string, RouteIndex<Rule>>;
  /** Characters of the longest of them. */
  longest: number;
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
  collect(index, folded, 0, endOf(folded), found);
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
  const stop = segmentEnd(path, position, end);
  const below = literalBelow(node, path, position + 1, stop);
  if (below !== undefined) collect(below, path, stop, end, found);
  if (node.parameter !== undefined) collect(node.parameter, path, stop, end, found);
}

/** Without a single slash at the end, which is not looked at. */
function endOf(path: string): number {
  return path.endsWith("/") ? path.length - 1 : path.length;
}

/** @param position of the slash before the segment */
function segmentEnd(path: string, position: number, end: number): number {
  const slash = path.indexOf("/", position + 1);
  return slash === -1 || slash > end ? end : slash;
}

/** No more of a path is cut out and hashed than the longest literal has. */
function literalBelow<Rule>(
  { longest, literals }: RouteIndex<Rule>,
  path: string,
  start: number,
  stop: number,
): RouteIndex<Rule> | undefined {
  return stop - start > longest ? undefined : literals.get(path.slice(start, stop));
}

/** A rule for a method; without the rest of it, an index is about any kind of rule. */
interface MethodRule {
  readonly methods: ReadonlySet<string>;
}

/**
 * Asks about the rule of each path that is left when an origin cuts this one: at a dot inside of a segment (a format suffix,
 * `/admin.json`, which some servers take off), or after a segment with a dot (a script, `/admin.php/x`, whose rest is for the
 * script). Only a rule that the whole path does not match, too, is asked about.
 * @param folded as {@link findRules} takes it
 * @returns whether `accepts` is true for one of them
 */
export function someCut<Rule extends MethodRule>(
  index: RouteIndex<Rule>,
  folded: string,
  method: string,
  accepts: (rule: Rule) => boolean,
): boolean {
  const end = endOf(folded);

  /** A rule above matches the whole path as well: the cut makes no difference to it. */
  function reaches(above: Placed<Rule> | undefined, rules: readonly Placed<Rule>[]): boolean {
    const decides = earliest(above, rules, method);
    return decides !== undefined && decides !== above && accepts(decides.rule);
  }

  function walk(node: RouteIndex<Rule>, position: number, before: Placed<Rule> | undefined): boolean {
    if (position >= end) return false;
    const above = earliest(before, node.trees, method);
    const start = position + 1;
    const stop = segmentEnd(folded, position, end);
    const literal = literalBelow(node, folded, start, stop);
    const last = Math.min(stop, start + node.longest + 1);
    let dot = folded.indexOf(".", start);
    if (dot !== -1 && dot < stop) {
      // What is left of "/.x" is the path above it.
      if (dot === start && reaches(above, node.exact)) return true;
      if ((dot > start || stop < end) && reaches(above, node.parameter?.exact ?? [])) return true;
      if (stop < end && reaches(above, literal?.exact ?? [])) return true;
      // Further dots than the longest literal has characters lead nowhere, however many there are.
      for (; dot !== -1 && dot < last; dot = folded.indexOf(".", dot + 1)) {
        const cut = node.literals.get(folded.slice(start, dot));
        if (cut !== undefined && (reaches(above, cut.exact) || reaches(above, cut.trees))) return true;
      }
    }
    return (
      (literal !== undefined && walk(literal, stop, above)) ||
      (node.parameter !== undefined && walk(node.parameter, stop, above))
    );
  }

  return walk(index, 0, undefined);
}

/** The first in the order of the policy, of those for the method. */
function earliest<Rule extends MethodRule>(
  first: Placed<Rule> | undefined,
  others: readonly Placed<Rule>[],
  method: string,
): Placed<Rule> | undefined {
  let found = first;
  for (const one of others) {
    if (one.rule.methods.has(method) && (found === undefined || one.place < found.place)) found = one;
  }
  return found;
}

function nodeBelow<Rule>(node: RouteIndex<Rule>, segment: string | undefined): RouteIndex<Rule> {
  if (segment === undefined) return (node.parameter ??= emptyIndex());
  let below = node.literals.get(segment);
  if (below === undefined) {
    below = emptyIndex();
    node.literals.set(segment, below);
    node.longest = Math.max(node.longest, segment.length);
  }
  return below;
}

function emptyIndex<Rule>(): RouteIndex<Rule> {
  return { literals: new Map(), longest: 0, parameter: undefined, exact: [], trees: [] };
}
