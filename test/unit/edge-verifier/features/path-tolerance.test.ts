/**
 * A looser reading of paths, where a rule asks for it: what is let through falls under the same rule however an origin reads
 * it, and what nobody may tolerate stays refused. Long runs: `npm run fuzz`.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Hooks } from "../../../../edge-verifier/request/hooks.ts";
import { readFeatures } from "../../../../edge-verifier/request/hooks.ts";
import { odditiesOf, pathTolerance } from "../../../../edge-verifier/features/path-tolerance.ts";
import { createRouteFinder } from "../../../../edge-verifier/request/route.ts";
import type { RouteFinder } from "../../../../edge-verifier/request/route.ts";
import { compilePolicy } from "../../../../edge-verifier/policy/compile.ts";
import { defineRoutes, PATH_ODDITIES } from "../../../../edge-verifier/policy/rule.ts";
import type { RoutePolicy } from "../../../../edge-verifier/policy/rule.ts";
import { fuzzSettings } from "../../../support/fuzz.ts";
import { attackPaths, bypassesOf, plainRules } from "../../../support/path-attacks.ts";
import { valueOf } from "../../../support/values.ts";

const FUZZ = fuzzSettings(30_000);

async function read(routes: unknown): Promise<{ readonly hooks: Hooks; readonly problems: readonly string[] }> {
  const problems: string[] = [];
  const report = (variable: string, problem: string): undefined => {
    problems.push(`${variable}: ${problem}`);
  };
  const hooks = await readFeatures([pathTolerance], { env: {}, report, routes, keySet: undefined, clock: () => 0 });
  return { hooks, problems };
}

async function finderOf(routes: RoutePolicy): Promise<RouteFinder> {
  const { hooks, problems } = await read(routes);
  expect(problems).toEqual([]);
  const policy = valueOf(compilePolicy(hooks.routes ?? routes, []));
  const strict = createRouteFinder(policy);
  return hooks.routeFinder?.(strict) ?? strict;
}

/** The rule that a path is let through by, or why it is not. */
function ask(find: RouteFinder, path: string, method = "GET"): string {
  const found = find(`https://api.example.com${path}`, method);
  if (!found.ok) return found.error.code;
  const sent = path.replaceAll("^", "%5E").replaceAll("`", "%60");
  return found.value.target.path === sent ? found.value.rule.pattern.text : "another path";
}

const POLICY = defineRoutes([
  { path: "/public/*", allow: "anyone", tolerate: ["encoded_slash", "empty_segment", "path_parameters"] },
  { path: "/static/:file", allow: "anyone", tolerate: ["encoded_slash", "path_parameters"] },
  { path: "/api/admin/users", require: { scope: ["s1"] } },
  { path: "/api/admin/*", require: { scope: ["s2"] }, tolerate: ["empty_segment"] },
  { path: "/api/v1.2/:id/edit", require: { scope: ["s3"] }, tolerate: ["path_parameters"] },
  { path: "/api/v1.2/:id", require: { scope: ["s4"] }, tolerate: ["path_parameters"] },
  { path: "/api/*", require: { scope: ["s5"] }, tolerate: ["encoded_slash", "empty_segment", "path_parameters"] },
  { path: "/files/*", require: { scope: ["s6"] }, tolerate: ["encoded_slash"] },
  {
    path: "/wild/*",
    require: { scope: ["s8"] },
    tolerate: ["%2F", "//", ";", "%23", "%25", "%3F", "|", "[", "]", "^", "`"],
  },
  { path: "/wild-id/:id/edit", require: { scope: ["s9"] }, tolerate: ["%23", "%3F", "%25", "|"] },
  { path: "/wild-id/:id", require: { scope: ["s10"] }, tolerate: ["%23", "%3F", "%25", "|"] },
  { path: "/strict/*", require: { scope: ["s7"] } },
]);

const find = await finderOf(POLICY);

describe("is let through, as it came, when every reading falls under one rule that tolerates it", () => {
  test.each([
    ["/public/a%2Fb", "/public/*"],
    ["/public/a%2fb%2Fc", "/public/*"],
    ["/public//a///b", "/public/*"],
    ["/public/a;v=1/b;w=2", "/public/*"],
    ["/public/https://example.com/x", "/public/*"],
    ["/public/a%2F/b;c%2Fd", "/public/*"],
    ["/static/app.js;v=7", "/static/:file"],
    ["/api/v1.2/7;rev=2", "/api/v1.2/:id"],
    ["/api/x;jsessionid=1", "/api/*"],
    ["/api/groups/a%2Fb%2Fc%2Fd%2Fe%2Ff%2Fg", "/api/*"],
    ["/files/a%2Fb", "/files/*"],
    ["/public/a", "/public/*"],
    ["/wild/C%23", "/wild/*"],
    ["/wild/what%3F", "/wild/*"],
    ["/wild/what%3fa=b%23c", "/wild/*"],
    ["/wild/100%25", "/wild/*"],
    ["/wild/100%25/x", "/wild/*"],
    ["/wild/a%2520b", "/wild/*"],
    ["/wild/a%25zz", "/wild/*"],
    ["/wild/a|b[0]", "/wild/*"],
    ["/wild/%23/a%2Fb;c", "/wild/*"],
    ["/wild-id/a%25", "/wild-id/:id"],
    ["/wild-id/a|b", "/wild-id/:id"],
    ["/wild-id/a|b/edit", "/wild-id/:id/edit"],
    ["/wild-id/a%23", "/wild-id/:id"],
    [`/public/a;${"x".repeat(1990)}`, "/public/*"],
    [`/public${"/a;v=1".repeat(4)}`, "/public/*"],
  ])("%s: %s", (path, rule) => {
    expect(ask(find, path)).toBe(rule);
  });
});

describe("is refused", () => {
  test.each([
    ["the rule tolerates something else", "/files/a//b"],
    ["the rule tolerates one of two", "/files/a%2Fb;v=1"],
    ["the rule tolerates nothing", "/strict/a;v=1"],
    ["no rule has it", "/other/a;v=1"],
    ["the rule tolerates no such escape", "/public/a%23"],
    ["the rule tolerates no such character", "/public/a|b"],
    ["the rule tolerates one of two such characters", "/wild-id/a|b]"],
    ["an origin that cuts at a decoded hash takes it for another rule's", "/wild-id/a%23x/edit"],
    ["an origin that cuts at a decoded question mark does", "/wild-id/a%3Fx/edit"],
    ["an origin that cuts at a hash finds no parameter", "/wild-id/%23"],
    ["the hash stands in a literal", "/wild%23x"],
    ["an origin that decodes twice sees a slash", "/wild/a%252Fb"],
    ["an origin that decodes twice sees a dot segment", "/wild/%252e%252e/x"],
    ["an origin that decodes twice sees another spelling", "/wild/%2541"],
    ["an origin that decodes twice, and knows %u, sees a slash", "/wild/a%25u002f"],
    ["an origin that decodes twice sees no escape of UTF-8", "/wild/%25ff"],
    ["an origin that decodes thrice sees a slash", "/wild/%25252F"],
    ["an origin that decodes twice sees an escape that is built of two", "/wild/%252%46"],
    ["a percent sign stands before an escaped letter", "/wild/%25%32%46"],
    ["an origin that decodes takes it for another rule's", "/api/admin%2Fusers"],
    ["an origin that merges does", "/api//admin/x"],
    ["an origin that takes what follows for a host does", "/api//host/admin/x"],
    ["an origin that drops parameters does", "/api/admin;x/users"],
    ["an origin that cuts at the first semicolon does", "/api/v1.2/7;rev=2/edit"],
    ["one that decodes first, and then drops", "/api/x;y%2F/../admin"],
    ["an empty segment may be a parameter's value", "/api/v1.2//edit"],
    ["a slash in a parameter's value may end it", "/api/v1.2/a%2Fedit"],
    ["a slash may be part of one segment", "/static/a%2Fb"],
    ["a literal may have lost its parameters", "/api;v=1/x"],
    ["a host may be named", "//public/x"],
    ["a host may be named once parameters are dropped", "/;x/public/x"],
    ["a host may be named once slashes are decoded", "/%2Fpublic/x"],
  ])("%s: %s", (_why, path) => {
    expect(ask(find, path)).toBe("path_unsafe");
  });

  test.each([
    ["dot segments", "/public/../x"],
    ["after an escaped slash", "/public/a%2F..%2Fx"],
    ["before parameters", "/public/..;x/y"],
    ["a segment of parameters that ends in a dot", "/public/a;x./y"],
    ["escaped dots", "/public/%2e%2e%2Fx"],
    ["a backslash", "/public/a%2Fb\\c"],
    ["an escaped backslash", "/public/a%2Fb%5Cc"],
    ["a control character", "/public/a;x%0d%0a"],
    ["NUL", "/public/a%2Fb%00"],
    ["escapes that are none", "/public/a%2Fb%zz"],
    ["half an escape before a slash", "/public/%2%2F"],
    ["octets of a character around a slash", "/public/%C3%2F%A9"],
    ["an escape of an escape", "/wild/a%252Fb;x"],
    ["an escaped semicolon", "/public/a%3Bx"],
    ["a fragment", "/public/a;x#y"],
    ["a space", "/public/a;x y"],
    ["another character", "/public/a;x%2F\u00e9"],
    ["case that counts for some", "/PUBLIC/a;x"],
    ["too many characters", `/public/a;${"x".repeat(1991)}`],
    ["too many characters in all readings", `/public/a%2Fb%2Fc%2F${"x".repeat(1000)}`],
    ["too many oddities", `/public/a${";x".repeat(9)}`],
    ["too many readings of slashes", `/public/${"a%2F".repeat(7)}`],
    ["too many readings of empty segments", "/public//a//b//c//d"],
    ["too many readings of parameters", `/public${"/a;v=1".repeat(5)}`],
  ])("whatever the rule tolerates: %s", (_why, path) => {
    expect(["path_unsafe", "path_ambiguous"]).toContain(ask(find, path));
  });

  test("for its method as any other path", () => {
    expect(ask(find, "/public/a;x", "TRACE")).toBe("path_unsafe");
  });
});

test("a path that begins with a host is refused although one rule has all paths", async () => {
  const everything = await finderOf([
    { path: "/*", require: {}, tolerate: ["encoded_slash", "empty_segment", "path_parameters"] },
  ]);
  expect(ask(everything, "/a//host/x")).toBe("/*");
  for (const path of ["//host/x", "/;v=1/host/x", "/%2Fhost/x"]) expect(ask(everything, path)).toBe("path_unsafe");
});

describe("where a parameter could be the host that some take the beginning for", () => {
  const TENANTS = defineRoutes([
    { path: "/:tenant/private/*", require: { scope: ["admin"] } },
    { path: "/:tenant/*", require: {}, tolerate: ["encoded_slash", "empty_segment", "path_parameters"] },
  ]);

  test.each(["//host/t/private/x", "/;v=1/host/t/private/x", "/%2Fhost/t/private/x", "/%2fhost/t/private/x"])(
    "%s is refused",
    async (path) => {
      expect(URL.parse(path.replace(";v=1", "").replace(/%2f/i, "/"), "https://origin.invalid")?.pathname).toBe(
        "/t/private/x",
      );
      expect(ask(await finderOf(TENANTS), path)).toBe("path_unsafe");
    },
  );
});

test("methods decide between rules, and every reading must fall under the rule of its method", async () => {
  const byMethod = await finderOf([
    { path: "/a/secret/*", methods: ["POST"], require: {} },
    { path: "/a/*", require: {}, tolerate: ["encoded_slash"] },
  ]);
  expect(ask(byMethod, "/a/secret%2Fx", "GET")).toBe("/a/*");
  expect(ask(byMethod, "/a/secret%2Fx", "POST")).toBe("path_unsafe");
});

describe("at start-up", () => {
  const problem = `tolerate must be a list of at least one of ${PATH_ODDITIES.join(", ")}`;

  test.each([
    [[]],
    ["encoded_slash"],
    [["dot_segments"]],
    [["%5C"]],
    [["%2f"]],
    [["/"]],
    [["||"]],
    [["encoded_slash", "backslash"]],
    [undefined],
    [true],
  ])("%j is a problem", async (tolerate) => {
    const { problems } = await read([
      { path: "/b", require: {} },
      { path: "/a", require: {}, tolerate },
    ]);
    expect(problems).toEqual([`routes[1]: ${problem}`]);
  });

  test("without the feature the member is a problem, and no other one is one with it", async () => {
    const routes = defineRoutes([{ path: "/a/*", require: {}, tolerate: ["empty_segment"] }]);
    expect(compilePolicy(routes, [])).toMatchObject({
      ok: false,
      error: [{ rule: 0, problem: "tolerate needs the feature pathTolerance: add it in features.ts" }],
    });
    const { hooks } = await read([{ path: "/a/*", requires: {}, tolerate: ["empty_segment"] }]);
    expect(compilePolicy(hooks.routes, [])).toMatchObject({ error: [{ problem: "unknown member requires" }, {}] });
  });

  test.each([[{}], [null], [[null, 7]], [[{ path: "/a", require: {} }]]])(
    "without such a rule the policy stays as it is: %j",
    async (routes) => {
      expect((await read(routes)).hooks).toEqual({ onResponse: [], endpoints: [] });
    },
  );
});

const RULES = plainRules(POLICY.map(({ path }) => path));

describe("whenever the gateway lets a path through", () => {
  test("every origin's reading of it falls under the same rule, although rules tolerate what origins read differently", () => {
    let tried = 0;
    const seen = new Map<string, number>();
    const paths = fc.tuple(attackPaths(RULES), fc.array(fc.tuple(fc.nat(40), ODDITIES), { maxLength: 3 }));
    fc.assert(
      fc.property(paths, ([plain, oddities]) => {
        tried += 1;
        let path = plain;
        for (const [at, piece] of oddities) {
          const place = 1 + Math.min(at, path.length - 1);
          path = path.slice(0, place) + piece + path.slice(place);
        }
        const found = find(`https://api.example.com${path}`, "GET");
        const rule = found.ok ? found.value.rule.pattern.text : undefined;
        if (rule !== undefined) for (const oddity of odditiesOf(path)) seen.set(oddity, (seen.get(oddity) ?? 0) + 1);
        expect(bypassesOf(RULES, path, rule)).toEqual([]);
      }),
      FUZZ,
    );
    // Refusing everything would be no proof: of each kind, many were let through.
    for (const oddity of PATH_ODDITIES) expect(seen.get(oddity)).toBeGreaterThan(tried / 5000);
  });
});

const ODDITIES = fc.constantFrom(
  "%2F",
  "%2f",
  "/",
  "//",
  ";",
  ";x=1",
  ";jsessionid=7",
  ";a;b",
  "/;/",
  "%2F/",
  ";%2F",
  "%23",
  "%25",
  "%3F",
  "%3f",
  "%2520",
  "%252F",
  "%25u002f",
  "|",
  "[",
  "]",
  "^",
  "`",
  "[0]",
);
