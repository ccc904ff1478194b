/** The route policy: what may be written, and what can never match. */
import { describe, expect, test } from "vitest";
import { compilePolicy } from "../../../../edge-verifier/policy/compile.ts";
import { matchRoute } from "../../../../edge-verifier/policy/match.ts";
import { defineRoutes, ROUTE_METHODS } from "../../../../edge-verifier/policy/rule.ts";
import type { RoutePolicy } from "../../../../edge-verifier/policy/rule.ts";
import routes from "../../../../edge-verifier/routes.ts";
import { errorOf, valueOf } from "../../../support/values.ts";

const OWN = ["/.well-known/jwks.json"];
const problems = (policy: unknown): readonly string[] =>
  errorOf(compilePolicy(policy, OWN)).map(({ rule, problem }) => `${rule}: ${problem}`);
const route = (policy: RoutePolicy, method: string, path: string): string => {
  const match = matchRoute(valueOf(compilePolicy(policy, OWN)), method, path);
  return match.ok ? match.value.pattern.text : match.error.code;
};

describe("the policy that comes with the package", () => {
  test("is valid and decides as documented", () => {
    expect(route(routes, "GET", "/public/a/b")).toBe("/public/*");
    expect(route(routes, "GET", "/api/admin/users")).toBe("/api/admin/*");
    expect(route(routes, "GET", "/api/reports/7")).toBe("/api/reports/:id");
    expect(route(routes, "HEAD", "/api/reports/7")).toBe("/api/reports/:id");
    expect(route(routes, "POST", "/api/reports/7")).toBe("/api/*");
    expect(route(routes, "GET", "/api/reports/7/rows")).toBe("/api/*");
    expect(route(routes, "GET", "/api")).toBe("/api/*");
    expect(route(routes, "GET", "/")).toBe("not_found");
    expect(route(routes, "GET", "/apis")).toBe("not_found");
  });
});

describe("what does not compile", () => {
  test("is refused at start-up too, all of it at once", () => {
    const policy = defineRoutes([
      // @ts-expect-error a misspelt key of a rule
      { path: "/a", requires: {} },
      // @ts-expect-error a misspelt key of a requirement
      { path: "/b", require: { scopes: ["x"] } },
      // @ts-expect-error a method that no rule can name
      { path: "/c", methods: ["TRACE"], require: {} },
      // @ts-expect-error neither allow nor require
      { path: "/d" },
      // @ts-expect-error both
      { path: "/e", allow: "anyone", require: {} },
      // @ts-expect-error nobody but anyone
      { path: "/f", allow: "everyone" },
      // @ts-expect-error a text where a list is needed
      { path: "/g", require: { scope: "admin" } },
      // @ts-expect-error a claim that cannot be compared exactly
      { path: "/h", require: { claims: { tenant: { id: 1 } } } },
      // @ts-expect-error no path
      { require: {} },
      // @ts-expect-error a misspelt mode
      { path: "/i", require: {}, mode: "reports" },
      // @ts-expect-error a mode for a rule that decides nothing
      { path: "/j", allow: "anyone", mode: "report" },
      // @ts-expect-error a requirement for those who may also be nobody
      { path: "/k", allow: "anonymous", require: {} },
      // @ts-expect-error a misspelt matcher
      { path: "/l", require: { claims: { plan: { oneof: ["pro"] } } } },
      // @ts-expect-error two matchers in one
      { path: "/m", require: { claims: { plan: { oneOf: ["pro"], contains: "pro" } } } },
      // @ts-expect-error a path in one text
      { path: "/n", require: { claims: { realm_access: { at: "roles", contains: "admin" } } } },
      // @ts-expect-error a misspelt key inside a composition
      { path: "/o", require: { anyOf: [{ scopes: ["a"] }] } },
      // @ts-expect-error one audience where a list is needed
      { path: "/p", require: { audience: "https://a.example" } },
      // @ts-expect-error an age in words
      { path: "/q", require: { maxAgeSeconds: "300" } },
    ]);
    expect(problems(policy)).toEqual([
      "0: unknown member requires",
      "0: rule must have exactly one of allow and require",
      "1: unknown member scopes",
      "2: methods must be a list of at least one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
      "3: rule must have exactly one of allow and require",
      "4: rule must have exactly one of allow and require",
      '5: allow must be "anyone" or "anonymous"',
      "6: scope must be a list of at least one scope",
      "7: unknown member id in claims.tenant",
      "7: claims.tenant must have exactly one of equals, oneOf and contains",
      "8: path must be a string",
      "9: mode must be enforce or report",
      "10: mode is for rules that ask for a token",
      "11: rule must have exactly one of allow and require",
      "12: unknown member oneof in claims.plan",
      "12: claims.plan must have exactly one of equals, oneOf and contains",
      "13: claims.plan must have exactly one of equals, oneOf and contains",
      "14: claims.realm_access.at must be a list of at least one name",
      "15: unknown member scopes",
      "16: audience must be a list of at least one audience",
      "17: maxAgeSeconds must be a whole number of at least 1",
    ]);
  });
});

describe("what compiles and cannot be meant", () => {
  test.each([
    ["no list", {}, /^undefined: routes must be an array of rules$/],
    ["no rule", [null], /^0: rule must be an object$/],
    ["an empty list of methods", [{ path: "/a", methods: [], require: {} }], /^0: methods must be/],
    ["an empty list of scopes", [{ path: "/a", require: { scope: [] } }], /^0: scope must be/],
    ["an empty scope", [{ path: "/a", require: { anyScope: [""] } }], /^0: anyScope must be/],
    ["two scopes in one", [{ path: "/a", require: { scope: ["a b"] } }], /^0: scope must be/],
    [
      "a scope that would break out of the challenge",
      [{ path: "/a", require: { scope: ['a"'] } }],
      /^0: scope must be/,
    ],
    ["no claims", [{ path: "/a", require: { claims: {} } }], /^0: claims must be/],
    ["a claim that is not a number", [{ path: "/a", require: { claims: { n: Number.NaN } } }], /^0: claims.n must be/],
    ["require that is no object", [{ path: "/a", require: true }], /^0: require must be an object$/],
  ])("%s", (_name, policy, problem) => {
    expect(problems(policy)).toEqual([expect.stringMatching(problem)]);
  });

  test.each([
    "",
    "a",
    "/a/",
    "//",
    "/a//b",
    "/a*",
    "/*/a",
    "/a/**",
    "/:",
    "/:1",
    "/:a-b",
    "/a b",
    "/%41",
    "/a;b",
    "/a@b",
    "/é",
    "/.",
    "/..",
    "/a.",
  ])("the path %j", (path) => {
    expect(problems([{ path, require: {} }])).toHaveLength(1);
  });
});

describe("a rule that can never match", () => {
  const unreachable = /rule can never match/;
  test.each([
    ["the same path", ["/a", "/a"]],
    ["the same path in another case", ["/a", "/A"]],
    ["below a tree", ["/a/*", "/a/b/c"]],
    ["the root of a tree", ["/a/*", "/a"]],
    ["a literal behind a parameter", ["/a/:id", "/a/b"]],
    ["a parameter behind another", ["/a/:id", "/a/:name"]],
    ["everything behind everything", ["/*", "/a/*"]],
    ["a tree behind its root and all its children", ["/a", "/a/:x/*", "/a/*"]],
    ["a path of the gateway's own", ["/.well-known/jwks.json"]],
  ])("%s", (_name, paths) => {
    const found = problems(paths.map((path) => ({ path, require: {} })));
    expect(found).toEqual([expect.stringMatching(unreachable)]);
    expect(found[0]).toMatch(new RegExp(`^${paths.length - 1}:`));
  });

  test("because earlier rules together take all its methods", () => {
    const rest = ROUTE_METHODS.filter((method) => method !== "GET" && method !== "HEAD");
    expect(
      problems([
        { path: "/a", methods: ["GET"], require: {} },
        { path: "/a", methods: rest, require: {} },
        { path: "/a", require: {} },
      ]),
    ).toEqual([expect.stringMatching(/^2: rule can never match/)]);
  });

  test.each([
    ["a tree behind one of its branches", ["/a/b/*", "/a/*"]],
    ["a parameter behind a literal", ["/a/b", "/a/:id"]],
    ["a tree behind its children without its root", ["/a/:x/*", "/a/*"]],
    ["a tree behind its root and one level", ["/a", "/a/:x", "/a/*"]],
    ["a name that begins alike", ["/a/*", "/ab"]],
  ])("is not: %s", (_name, paths) => {
    expect(
      compilePolicy(
        paths.map((path) => ({ path, require: {} })),
        OWN,
      ).ok,
    ).toBe(true);
  });
});
