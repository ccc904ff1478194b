/**
 * Paths as attacks write them, and the question what a path falls under as an origin reads it: for the tests that hold the
 * gateway against the models of origins. Written apart from the gateway's own matching.
 */
import * as fc from "fast-check";
import { NORMALISERS } from "./normalisers/index.ts";
import type { Reading } from "./normalisers/parts.ts";

/** A rule's path, cut into segments. */
export interface PlainRule {
  readonly path: string;
  /** Ends in `/*`. */
  readonly tree: boolean;
  readonly segments: readonly string[];
}

export function plainRules(paths: readonly string[]): readonly PlainRule[] {
  return paths.map((path) => {
    const segments = path.slice(1).split("/");
    const tree = segments.at(-1) === "*";
    return { path, tree, segments: tree ? segments.slice(0, -1) : segments };
  });
}

function matches(rule: PlainRule, { segments, foldsCase }: Reading): boolean {
  const fold = (text: string): string => (foldsCase ? text.toUpperCase().toLowerCase() : text);
  return (
    (rule.tree ? segments.length >= rule.segments.length : segments.length === rule.segments.length) &&
    rule.segments.every((wanted, index) => wanted.startsWith(":") || fold(wanted) === fold(segments[index] ?? ""))
  );
}

/** The rule that a path falls under as an origin reads it: its path. */
export function ruleOf(rules: readonly PlainRule[], reading: Reading): string | undefined {
  return rules.find((rule) => matches(rule, reading))?.path;
}

export interface Bypass {
  readonly origin: string;
  readonly gateway: string;
  readonly atOrigin: string | undefined;
}

/**
 * @param path as the origin gets it
 * @param gateway the rule by which the gateway has let the path through; undefined when it has not
 * @param mount what the gateway has left out before the path
 */
export function bypassesOf(
  rules: readonly PlainRule[],
  path: string,
  gateway: string | undefined,
  mount = "",
): readonly Bypass[] {
  if (gateway === undefined) return [];
  const before = mount.split("/").slice(1);
  const whole = { segments: [...before, ...path.replace(/\/$/, "").split("/").slice(1)], foldsCase: true };
  const allOfWhole = new Set(rules.filter((rule) => matches(rule, whole)).map((rule) => rule.path));
  return NORMALISERS.flatMap(({ name, readings }) =>
    readings(path)
      .map((reading) => ({ ...reading, segments: [...before, ...reading.segments] }))
      .map((reading) => ({ origin: name, gateway, atOrigin: ruleOf(rules, reading), cut: reading.cut === true }))
      // A path that is cut short falls under the rules of what it was cut from, in any case.
      .filter(({ atOrigin, cut }) => atOrigin !== gateway && !(cut && (!atOrigin || allOfWhole.has(atOrigin))))
      .map(({ origin, atOrigin }) => ({ origin, gateway, atOrigin })),
  );
}

const escape = (octet: number): string => `%${octet.toString(16).padStart(2, "0")}`;
const utf8Escapes = (text: string): string => [...Buffer.from(text)].map(escape).join("");

const word = fc.constantFrom(
  ..."public static api admin users v1.2 edit health-check Mixed mixed ADMIN Admin x 42 index.html app.php admin.json .well-known".split(
    " ",
  ),
);
/** What attacks are made of, and what could be one if a parser were lenient. */
const nasty = fc.oneof(
  fc.constantFrom(
    ..."/ \\ . .. ... ; %2f %2F %5c %2e %2E . %252e %252f %c0%ae %c0%af %u002f %u2215 %00 %0a %09 %20 %".split(" "),
  ),
  fc.constantFrom(
    "//",
    "/./",
    "/../",
    "..;/",
    ";x=1",
    "::$DATA",
    "~1",
    "+",
    "#",
    "@",
    ":",
    "*",
    "!",
    "'",
    "(",
    "(S(x))",
    "%28A(x)F(y)%29",
    ",",
    "%7e",
    ".json",
    ".php/",
    "/.",
  ),
  fc
    .constantFrom(
      ..."ａ／＼．。‥⁄∕∖⧵⧸ıİſKéàāđασ-‐‑\u00ad\u115f\u3164\uffa0\u034f\u0307\u0301\u200d\ufeff\u0085\u00a0｡０".split(""),
    )
    .map(utf8Escapes),
  fc.integer({ min: 0, max: 255 }).map(escape),
  fc.constantFrom(..."abdegimnpstuAIS".split("")).map(utf8Escapes),
);
/** A word with something in it. */
const bent = fc.tuple(word, fc.nat(8), nasty, fc.nat(1)).map(([text, at, piece, taken]) => {
  const place = Math.min(at, text.length);
  return text.slice(0, place) + piece + text.slice(place + taken);
});
const segment = fc.oneof(
  { arbitrary: word, weight: 5 },
  { arbitrary: bent, weight: 3 },
  { arbitrary: nasty, weight: 1 },
);
const slash = fc.oneof(
  { arbitrary: fc.constant("/"), weight: 30 },
  { arbitrary: fc.constantFrom("//", "\\", "%2f", "%5c", ""), weight: 1 },
);
const ends = fc.constantFrom("", "", "/");
const freePath = fc
  .tuple(fc.array(fc.tuple(slash, segment), { minLength: 1, maxLength: 5 }), ends)
  .map(([parts, end]) => `/${parts.flat().join("").replace(/^\//, "")}${end}`);
/** Paths of all kinds; half of them are about one of these rules. */
export function attackPaths(rules: readonly PlainRule[]): fc.Arbitrary<string> {
  // A path that a rule is about, with something in it at one place or two.
  const rulePath = fc
    .tuple(fc.constantFrom(...rules), segment, ends, fc.array(fc.tuple(fc.nat(40), nasty, fc.nat(2)), { maxLength: 2 }))
    .map(([rule, text, end, bends]) => {
      const parts = rule.segments.map((part) => (part.startsWith(":") ? text : part));
      let path = `/${[...parts, ...(rule.tree ? [text] : [])].join("/")}${end}`;
      for (const [at, piece, taken] of bends) {
        const place = 1 + Math.min(at, path.length - 1);
        path = path.slice(0, place) + piece + path.slice(place + taken);
      }
      return path;
    });
  return fc.oneof(freePath, rulePath);
}
