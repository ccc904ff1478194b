/** The ways in which origins may read a path with oddities, each by itself. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { odditiesOf, readingsOf } from "../../../../edge-verifier/features/path-tolerance.ts";
import { attackPaths, plainRules } from "../../../support/path-attacks.ts";
import { given } from "../../../support/values.ts";

const RULES = plainRules(["/public/*", "/static/:file", "/api/admin/users", "/api/admin/*", "/api/v1.2/:id", "/api/*"]);

describe("readings", () => {
  test.each([
    ["/a", ["/a"]],
    ["/a%2Fb", ["/a!b", "/a/b"]],
    ["/a//b/c", ["/a/b/c", "/a/!/b/c", "/a/c"]],
    ["/a/%2fb", ["/a/!b", "/a/b", "/a/!/b", "/a"]],
    ["/a;x/b", ["/a!x/b", "/a/b", "/a"]],
    ["/a;x%2Fb/c", ["/a!x!b/c", "/a!x/b/c", "/a/c", "/a/b/c", "/a"]],
    ["/a/;x/b", ["/a/!x/b", "/a/b", "/a/!/b", "/a/", "/a"]],
    ["/a%23b/c", ["/a!b/c", "/a"]],
    ["/a%3Fb/c", ["/a!b/c", "/a"]],
    ["/a;x%23/c", ["/a!x!/c", "/a!x", "/a/c", "/a"]],
    ["/a%25b", ["/a!b"]],
    ["/a%2520", ["/a!20", "/a%20"]],
    ["/a|b[c]^`", ["/a!b!c!!!"]],
  ])("of %s", (path, expected) => {
    expect([...given(readingsOf(path))].toSorted()).toEqual(expected.toSorted());
  });

  test("hold no oddity on any path, but for an escape that a decoded percent sign begins", () => {
    fc.assert(
      fc.property(attackPaths(RULES), (path) => {
        if (path.includes("%25")) return;
        for (const reading of readingsOf(path) ?? []) expect([...odditiesOf(reading)]).toEqual([]);
      }),
    );
  });
});
