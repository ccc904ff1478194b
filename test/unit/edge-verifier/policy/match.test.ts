/** Which rule decides: the first that fits, and never a guess. */
import { describe, expect, test } from "vitest";
import { compilePolicy } from "../../../../edge-verifier/policy/compile.ts";
import { matchRoute } from "../../../../edge-verifier/policy/match.ts";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import type { RoutePolicy } from "../../../../edge-verifier/policy/rule.ts";
import { errorOf, valueOf } from "../../../support/values.ts";

const route = (policy: RoutePolicy, method: string, path: string): string => {
  const match = matchRoute(valueOf(compilePolicy(policy, [])), method, path);
  return match.ok ? match.value.pattern.text : match.error.code;
};

describe("the first rule that fits decides", () => {
  const policy = defineRoutes([
    { path: "/a/me", allow: "anyone" },
    { path: "/a/:id", methods: ["GET", "DELETE"], require: {} },
    { path: "/a/:id", methods: ["PUT"], require: { scope: ["write"] } },
    { path: "/Mixed/Case", require: {} },
    { path: "/", allow: "anyone" },
  ]);

  test.each([
    ["GET", "/a/me", "/a/me"],
    ["GET", "/a/me/", "/a/me"],
    ["GET", "/a/ME", "path_ambiguous"],
    ["GET", "/A/7", "path_ambiguous"],
    ["GET", "/a/7", "/a/:id"],
    ["HEAD", "/a/7", "/a/:id"],
    ["PUT", "/a/7", "/a/:id"],
    ["POST", "/a/7", "method_not_allowed"],
    ["get", "/a/7", "method_not_allowed"],
    ["GET", "/a", "not_found"],
    ["GET", "/a/", "not_found"],
    ["GET", "/a/7/b", "not_found"],
    ["GET", "/Mixed/Case", "/Mixed/Case"],
    ["GET", "/mixed/case", "path_ambiguous"],
    ["GET", "/a/%4De".replace("%4D", "%E2%84%B3"), "path_ambiguous"], // script capital M, one normalisation from "me"
    ["GET", "/", "/"],
  ])("%s %s: %s", (method, path, expected) => {
    expect(route(policy, method, path)).toBe(expected);
  });

  test("405 names every method that a rule of the path has", () => {
    const match = matchRoute(valueOf(compilePolicy(policy, [])), "POST", "/a/7");
    expect(errorOf(match)).toEqual({ code: "method_not_allowed", allow: ["GET", "DELETE", "HEAD", "PUT"] });
  });
});
