/**
 * No bypass by a path: whenever the gateway lets a path through, every common origin's reading of it falls under the same
 * rule. The origins are models of their documented normalisation (test/support/normalisers). `SEALGATE_FUZZ_RUNS` sets how
 * many paths are tried.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkPath } from "../../../edge-verifier/http/path-guard.ts";
import { compilePolicy } from "../../../edge-verifier/policy/compile.ts";
import { matchRoute } from "../../../edge-verifier/policy/match.ts";
import { NORMALISERS } from "../../support/normalisers/index.ts";
import type { Reading } from "../../support/normalisers/parts.ts";
import { given, valueOf } from "../../support/values.ts";

const RUNS = Number(process.env["SEALGATE_FUZZ_RUNS"] ?? 30_000);

/** Rules that differ in what they require, so that falling under another one would matter. */
const PATHS = [
  "/public/*",
  "/static/:file",
  "/api/admin/users",
  "/api/admin/*",
  "/api/v1.2/:id/edit",
  "/api/v1.2/:id",
  "/api/*",
  "/health-check",
  "/Mixed/*",
];

const policy = valueOf(
  compilePolicy(
    PATHS.map((path) => ({ path, require: {} })),
    [],
  ),
);
const RULES = PATHS.map((path) => {
  const segments = path.slice(1).split("/");
  const tree = segments.at(-1) === "*";
  return { path, tree, segments: tree ? segments.slice(0, -1) : segments };
});

/** The rule that a path falls under as an origin reads it. Written apart from the gateway's own matching. */
function ruleOf({ segments, foldsCase }: Reading): string | undefined {
  const fold = (text: string): string => (foldsCase ? text.toUpperCase().toLowerCase() : text);
  const matching = RULES.find(
    (rule) =>
      (rule.tree ? segments.length >= rule.segments.length : segments.length === rule.segments.length) &&
      rule.segments.every((wanted, index) => wanted.startsWith(":") || fold(wanted) === fold(segments[index] ?? "")),
  );
  return matching?.path;
}

/** The gateway's rule, or undefined when it refuses the path. */
function gatewayRule(path: string): string | undefined {
  return checkPath(path) === undefined ? matchRoute(policy, "GET", path).rule?.pattern.text : undefined;
}

interface Bypass {
  readonly origin: string;
  readonly gateway: string;
  readonly atOrigin: string | undefined;
}

function bypassesOf(path: string): readonly Bypass[] {
  const gateway = gatewayRule(path);
  if (gateway === undefined) return [];
  return NORMALISERS.flatMap(({ name, readings }) =>
    readings(path)
      .map((reading) => ({ origin: name, gateway, atOrigin: ruleOf(reading) }))
      .filter(({ atOrigin }) => atOrigin !== gateway),
  );
}

const escape = (octet: number): string => `%${octet.toString(16).padStart(2, "0")}`;
const utf8Escapes = (text: string): string => [...Buffer.from(text)].map(escape).join("");

const word = fc.constantFrom(
  ..."public static api admin users v1.2 edit health-check Mixed mixed ADMIN Admin x 42 index.html .well-known".split(
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
    "?",
    "@",
    ":",
    "*",
    "!",
    "'",
    "(",
    ",",
    "%7e",
  ),
  fc
    .constantFrom(..."ａ／＼．。‥⁄∕∖⧵⧸ıİſKéàāđασ-‐‑\u00ad\u0307\u0301\u200d\ufeff\u0085\u00a0｡０".split(""))
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
/** A path that a rule is about, with something in it at one place or two. */
const rulePath = fc
  .tuple(fc.constantFrom(...RULES), segment, ends, fc.array(fc.tuple(fc.nat(40), nasty, fc.nat(2)), { maxLength: 2 }))
  .map(([rule, text, end, bends]) => {
    const parts = rule.segments.map((part) => (part.startsWith(":") ? text : part));
    let path = `/${[...parts, ...(rule.tree ? [text] : [])].join("/")}${end}`;
    for (const [at, piece, taken] of bends) {
      const place = 1 + Math.min(at, path.length - 1);
      path = path.slice(0, place) + piece + path.slice(place + taken);
    }
    return path;
  });
const anyPath = fc.oneof(freePath, rulePath);

describe("whenever the gateway lets a path through", () => {
  test(
    "every origin's reading falls under the same rule",
    () => {
      const passed = new Map<string, number>();
      fc.assert(
        fc.property(anyPath, (path) => {
          const rule = gatewayRule(path);
          if (rule !== undefined) passed.set(rule, (passed.get(rule) ?? 0) + 1);
          expect(bypassesOf(path)).toEqual([]);
        }),
        { numRuns: RUNS },
      );
      // Refusing everything would be no proof: each rule was reached, and a good part of the paths was let through.
      expect([...passed.keys()].toSorted()).toEqual(PATHS.toSorted());
      const total = [...passed.values()].reduce((sum, count) => sum + count, 0);
      expect(total).toBeGreaterThan(RUNS / 20);
    },
    60_000 + RUNS,
  );
});

describe("the models of origins are lenient enough to be bypassed by a gateway that forwards blindly", () => {
  const BYPASSES: readonly (readonly [origin: string, path: string])[] = [
    ["nginx", "/public/..%2fapi/admin/x"],
    ["nginx", "/public/%2e%2e/api/admin/x"],
    ["nginx", "/public/x//../../api/admin/x"],
    ["Express", "/API/ADMIN/x"],
    ["Express", "/api/admin%20/x"],
    ["Go net/http", "/public/%2e%2e/api/admin/x"],
    ["Go net/http", "/public/..%2fapi/admin/x"],
    ["Python WSGI (werkzeug)", "/api%2fadmin/x"],
    ["Python WSGI (werkzeug)", "/%61pi/admin/x"],
    ["Java servlet (Tomcat)", "/public/..;/api/admin/x"],
    ["Java servlet (Tomcat)", "/api;x=1/admin;y/x"],
    ["PHP (Apache, CGI)", "/public/..%E2%88%95api/admin/x"],
    ["PHP (Apache, CGI)", "/api/%C4%81dmin/x"],
    ["IIS", "/public/..%5capi/admin/x"],
    ["IIS", "/api/admin./x"],
    ["IIS", "/api/admin%20/x"],
    ["IIS", "/public/%u002e%u002e/api/admin/x"],
  ];

  test.each(BYPASSES)("%s takes %s for a path below /api/admin", (origin, path) => {
    const { readings } = given(NORMALISERS.find(({ name }) => name === origin));
    expect(readings(path).map(ruleOf)).toContain("/api/admin/*");
  });

  test.each(BYPASSES)("and the gateway does not let it through (%s: %s)", (_, path) => {
    expect(gatewayRule(path)).toBeUndefined();
  });
});
