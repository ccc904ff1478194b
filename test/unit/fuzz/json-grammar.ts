/**
 * A grammar of JSON texts that knows what it has written: a tree, its spelling, and whether a strict reader must refuse it.
 * The truth about a text comes from the tree, never from a parser.
 */
import * as fc from "fast-check";

export type Tree =
  | { readonly kind: "leaf"; readonly text: string }
  | { readonly kind: "array"; readonly items: readonly Tree[] }
  | { readonly kind: "object"; readonly members: readonly Member[] };

export interface Member {
  readonly name: string;
  /** Escapes the first character of the name, which changes the spelling and not the name. */
  readonly isEscaped: boolean;
  readonly value: Tree;
}

/** Few names, so that they repeat; some of them mean something to JavaScript. */
const NAMES = ["a", "b", "alg", "kid", "typ", "crit", "exp", "keys", "__proto__", "constructor", "toString", "", "é"];
const LEAVES = [
  "null",
  "true",
  "false",
  "0",
  "-0",
  "1e3",
  "1.5E-7",
  "1e999",
  "9007199254740993",
  '""',
  '"x"',
  '"\\u0000"',
];
const STRINGS = ['"{\\"a\\":1,\\"a\\":2}"', '"a:b"', '"\\\\"', '"[[[["', '"\\ud83d\\ude00"', '"\\ud800"'];

const trees = fc.letrec<{ tree: Tree; member: Member }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    { weight: 4, arbitrary: fc.constantFrom(...LEAVES, ...STRINGS).map((text): Tree => ({ kind: "leaf", text })) },
    {
      weight: 2,
      arbitrary: fc.array(tie("member"), { maxLength: 4 }).map((members): Tree => ({ kind: "object", members })),
    },
    { weight: 1, arbitrary: fc.array(tie("tree"), { maxLength: 3 }).map((items): Tree => ({ kind: "array", items })) },
  ),
  member: fc.record({
    name: fc.constantFrom(...NAMES),
    isEscaped: fc.boolean(),
    value: tie("tree"),
  }),
}));

/** Trees whose root is usually an object, sometimes wrapped so deeply that the limit on depth is near. */
export const documents: fc.Arbitrary<Tree> = fc
  .tuple(
    fc.oneof(
      {
        weight: 9,
        arbitrary: fc.array(trees.member, { maxLength: 5 }).map((members): Tree => ({ kind: "object", members })),
      },
      { weight: 1, arbitrary: trees.tree },
    ),
    fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 26, max: 36 }) }),
  )
  .map(([tree, wraps]) => {
    let wrapped = tree;
    for (let depth = 0; depth < wraps; depth += 1) {
      wrapped = { kind: "object", members: [{ name: "a", isEscaped: false, value: wrapped }] };
    }
    return wrapped;
  });

/** @param space whitespace put between all tokens */
export function write(tree: Tree, space: string): string {
  if (tree.kind === "leaf") return tree.text;
  if (tree.kind === "array") return `[${tree.items.map((item) => space + write(item, space)).join(",")}${space}]`;
  const members = tree.members.map(({ name, isEscaped, value }) => {
    return `${space}${writeName(name, isEscaped)}${space}:${space}${write(value, space)}`;
  });
  return `{${members.join(",")}${space}}`;
}

export function hasRepeatedName(tree: Tree): boolean {
  if (tree.kind === "leaf") return false;
  if (tree.kind === "array") return tree.items.some(hasRepeatedName);
  const names = tree.members.map(({ name }) => name);
  return new Set(names).size < names.length || tree.members.some(({ value }) => hasRepeatedName(value));
}

/** Objects and arrays around the deepest value, the outermost included. */
export function depthOf(tree: Tree): number {
  if (tree.kind === "leaf") return 0;
  const inner = tree.kind === "array" ? tree.items : tree.members.map(({ value }) => value);
  return 1 + Math.max(0, ...inner.map(depthOf));
}

function writeName(name: string, isEscaped: boolean): string {
  if (!isEscaped || name === "") return JSON.stringify(name);
  return `"\\u${name.charCodeAt(0).toString(16).padStart(4, "0")}${name.slice(1)}"`;
}

/** Changes a text in a few places: what a grammar of valid texts would never write. */
export function scratch(text: string, edits: readonly Edit[]): string {
  let scratched = text;
  for (const { at, how, character } of edits) {
    const index = Math.floor(at * scratched.length);
    const rest = how === "insert" ? index : index + 1;
    scratched = scratched.slice(0, index) + (how === "remove" ? "" : character) + scratched.slice(rest);
  }
  return scratched;
}

export interface Edit {
  readonly at: number;
  readonly how: "insert" | "replace" | "remove";
  readonly character: string;
}

/** @param characters what may be put in */
export function edits(characters: string): fc.Arbitrary<readonly Edit[]> {
  return fc.array(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      how: fc.constantFrom("insert", "replace", "remove"),
      character: fc.constantFrom(...characters.split("")),
    }),
    { maxLength: 4 },
  );
}
