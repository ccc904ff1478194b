/** Paths that an origin may cut at a dot: which are refused, and which are not. */
import { describe, expect, test } from "vitest";
import { createRouteFinder } from "../../../../edge-verifier/request/route.ts";
import type { RouteFinder } from "../../../../edge-verifier/request/route.ts";
import { compilePolicy } from "../../../../edge-verifier/policy/compile.ts";
import { defineRoutes } from "../../../../edge-verifier/policy/rule.ts";
import type { RoutePolicy } from "../../../../edge-verifier/policy/rule.ts";
import { valueOf } from "../../../support/values.ts";

const finderOf = (policy: RoutePolicy): RouteFinder => createRouteFinder(valueOf(compilePolicy(policy, [])));

/** The rule that a path falls under, or why there is none. */
function ask(find: RouteFinder, path: string, method = "GET"): string {
  const found = find(`https://api.example.com${path}`, method);
  if (found.ok) return found.value.rule.pattern.text;
  return "reason" in found.error ? `${found.error.code} ${found.error.reason}` : found.error.code;
}

const find = finderOf([
  { path: "/public/*", allow: "anyone" },
  { path: "/health", allow: "anyone" },
  { path: "/api/admin/*", require: { scope: ["admin"] } },
  { path: "/api/v1.2/keys", require: { scope: ["keys"] } },
  { path: "/api/drafts/*", require: { scope: ["drafts"] }, mode: "report" },
  { path: "/api/shop/*", allow: "anonymous" },
  { path: "/api/books/:id/notes", require: { scope: ["notes"] } },
  { path: "/api/books/:id", require: {} },
  { path: "/api/*", require: {} },
  { path: "/files/:id", require: { scope: ["files"] } },
  { path: "/files/*", require: { scope: ["all-files"] } },
  { path: "/same/one", require: { scope: ["same"] } },
  { path: "/same/*", require: { scope: ["same"] } },
  { path: "/", require: { scope: ["root"] } },
  { path: "/*", require: {} },
]);

describe("is refused, because an origin that cuts the path would take it for a path of a stricter rule", () => {
  test.each([
    "/api/admin.json",
    "/api/admin.json/",
    "/api/admin.tar.gz",
    "/api/admin.php/x",
    "/api/admin.d/x.y",
    "/api/Admin.json",
    "/api/admin%C2%AD.json".replace("%C2%AD", "%E2%80%8B"),
    "/api/admin.%20x",
    "/api/v1.2/keys.json",
    "/api/v1.2/keys.json/x",
    "/api/books/7/notes.json",
    "/files/a.php/x",
    "/.env",
    "/.env/x",
  ])("%s", (path) => {
    expect(ask(find, path)).toBe("path_ambiguous suffix");
  });
});

describe("is not refused", () => {
  test.each([
    ["/public/app.min.js", "/public/*"],
    ["/api/orders.json", "/api/*"],
    ["/api/administrators.json", "/api/*"],
    ["/api/admin/users.json", "/api/admin/*"],
    ["/api/v1.2/other", "/api/*"],
    ["/api/v1.2/keys", "/api/v1.2/keys"],
    ["/api/books/7.json", "/api/books/:id"],
    ["/api/drafts.json", "/api/*"],
    ["/api/shop.json", "/api/*"],
    ["/health.json", "/*"],
    ["/files/a.txt", "/files/:id"],
    ["/same/one.json", "/same/*"],
  ])("%s: %s", (path, rule) => {
    expect(ask(find, path)).toBe(rule);
  });
});

test("a rule that reports only, or is open, is never stricter; and what it lets pass is", () => {
  const open = finderOf([
    { path: "/a/b", allow: "anonymous" },
    { path: "/a/c", require: {} },
    { path: "/a/d", require: {}, mode: "report" },
    { path: "/a/*", allow: "anyone" },
    { path: "/r/b", require: {} },
    { path: "/r/*", require: {}, mode: "report" },
    { path: "/n/b", require: {} },
    { path: "/n/*", allow: "anonymous" },
  ]);
  expect(ask(open, "/a/b.x")).toBe("path_ambiguous suffix");
  expect(ask(open, "/a/c.x")).toBe("path_ambiguous suffix");
  expect(ask(open, "/a/d.x")).toBe("/a/*");
  expect(ask(open, "/r/b.x")).toBe("path_ambiguous suffix");
  expect(ask(open, "/n/b.x")).toBe("path_ambiguous suffix");
});

test("only rules for the method count, and an earlier rule of a tree still decides", () => {
  const byMethod = finderOf(
    defineRoutes([
      { path: "/a/*", methods: ["GET"], require: {} },
      { path: "/a/secret", require: { scope: ["secret"] } },
      { path: "/a/*", require: {} },
      { path: "/b/secret", methods: ["POST"], require: { scope: ["secret"] } },
      { path: "/b/*", require: {} },
    ]),
  );
  expect(ask(byMethod, "/a/secret.json")).toBe("/a/*");
  expect(ask(byMethod, "/a/secret.json", "POST")).toBe("path_ambiguous suffix");
  expect(ask(byMethod, "/b/secret.json")).toBe("/b/*");
  expect(ask(byMethod, "/b/secret.json", "POST")).toBe("path_ambiguous suffix");
});

describe("characters that collations do not see hide no literal", () => {
  test.each(["\u115f", "\u1160", "\u3164", "\uffa0", "\u200b", "\u034f", "\ue000", "\u{e0041}"])("%j", (unseen) => {
    expect(ask(find, `/api/ad${encodeURIComponent(unseen)}min/x`)).toBe("path_ambiguous spelling");
    expect(ask(find, `/api/${encodeURIComponent(unseen)}/x`)).toBe("path_ambiguous lost_segment");
    expect(ask(find, `/public/x${encodeURIComponent(unseen)}y`)).toBe("/public/*");
  });

  test("the soft hyphen stands in no path: it is nothing for some origins, and a hyphen for others", () => {
    expect(ask(find, "/public/x%C2%ADy")).toBe("path_unsafe escape_ambiguous");
  });

  test("nor does a phrase in one character, which would multiply the work", () => {
    expect(ask(find, "/public/%EF%B7%BA")).toBe("path_ambiguous spelling");
  });
});
