/**
 * No bypass by a path: whenever the gateway lets a path through, every common origin's reading of it falls under the same
 * rule. The origins are models of their documented normalisation (test/support/normalisers). Long runs: `npm
 * run fuzz`.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRouteFinder } from "../../../../edge-verifier/request/route.ts";
import { compilePolicy } from "../../../../edge-verifier/policy/compile.ts";
import { fuzzSettings } from "../../../support/fuzz.ts";
import { NORMALISERS } from "../../../support/normalisers/index.ts";
import { attackPaths, bypassesOf, plainRules, ruleOf } from "../../../support/path-attacks.ts";
import { given, valueOf } from "../../../support/values.ts";

const FUZZ = fuzzSettings(30_000);

/** Rules of which each requires something else, so that falling under another one would matter. */
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
  "/scripts/admin.php",
  "/scripts/*",
];

const findRoute = createRouteFinder(
  valueOf(
    compilePolicy(
      PATHS.map((path, index) => ({ path, require: { scope: [`scope-${index}`] } })),
      [],
    ),
  ),
);
const RULES = plainRules(PATHS);

/** The gateway's rule, or undefined when it refuses the path. */
function gatewayRule(path: string): string | undefined {
  const found = findRoute(`https://api.example.com${path}`, "GET");
  return found.ok ? found.value.rule.pattern.text : undefined;
}

describe("whenever the gateway lets a path through", () => {
  test("every origin's reading falls under the same rule", () => {
    let tried = 0;
    const passed = new Map<string, number>();
    fc.assert(
      fc.property(attackPaths(RULES), (path) => {
        tried += 1;
        const rule = gatewayRule(path);
        if (rule !== undefined) passed.set(rule, (passed.get(rule) ?? 0) + 1);
        expect(bypassesOf(RULES, path, rule)).toEqual([]);
      }),
      FUZZ,
    );
    // Refusing everything would be no proof: each rule was reached, and a good part of the paths was let through.
    expect([...passed.keys()].toSorted()).toEqual(PATHS.toSorted());
    const total = [...passed.values()].reduce((sum, count) => sum + count, 0);
    expect(total).toBeGreaterThan(tried / 20);
  });
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
    ["IIS", "/api/%20/admin/x"],
    ["IIS", "/api/(S(x))/admin/x"],
    ["IIS", "/api/ad(A(x)S(y))min/x"],
    ["IIS", "/api/%28F(x))/admin/x"],
    ["IIS", "/public/%u002e%u002e/api/admin/x"],
    ["format suffixes and PATH_INFO", "/api/admin.json"],
    ["format suffixes and PATH_INFO", "/api/ADMIN.xml"],
    ["format suffixes and PATH_INFO", "/api/admin.php/x"],
    ["format suffixes and PATH_INFO", "/api/admin.%C2%A0"],
  ];

  test.each(BYPASSES)("%s takes %s for a path below /api/admin", (origin, path) => {
    const { readings } = given(NORMALISERS.find(({ name }) => name === origin));
    expect(readings(path).map((reading) => ruleOf(RULES, reading))).toContain("/api/admin/*");
  });

  test("a script is reached although more follows it", () => {
    expect(gatewayRule("/scripts/admin.php")).toBe("/scripts/admin.php");
    expect(gatewayRule("/scripts/other.php/x")).toBe("/scripts/*");
    expect(gatewayRule("/scripts/admin.php/x")).toBeUndefined();
    expect(gatewayRule("/scripts/admin.php.bak")).toBeUndefined();
  });

  test.each(BYPASSES)("and the gateway does not let it through (%s: %s)", (_, path) => {
    expect(gatewayRule(path)).toBeUndefined();
  });
});

describe("a refusal names the first thing in the path that a rule could tolerate", () => {
  test.each([
    ["/api/a%23b?%3F", "%23"],
    ["/api/a%2fb", "%2F"],
    ["/api/a%3fb", "%3F"],
    ["/api/a%25", "%25"],
    ["/api//b", "//"],
    ["/api/a;b|c", ";"],
    ["/api/a|b", "|"],
    ["/api/a[0]", "["],
    ["/api/a]", "]"],
    ["/api/a^b", "^"],
    ["/api/a`b", "`"],
  ])("%s: %s", (path, tolerate) => {
    for (const host of ["api.example.com", "[::1]:8443"]) {
      expect(findRoute(`https://${host}${path}`, "GET")).toMatchObject({ error: { code: "path_unsafe", tolerate } });
    }
  });

  test.each(["/api/\\", "/api/%5c?a;b", "/api/../x", "/api/%41", "/api/é?//"])("%s has no such thing", (path) => {
    const found = findRoute(`https://[::1]${path}`, "GET");
    expect(found).toMatchObject({ error: { code: "path_unsafe" } });
    expect(found.ok ? "" : found.error).not.toHaveProperty("tolerate", expect.any(String));
  });
});
