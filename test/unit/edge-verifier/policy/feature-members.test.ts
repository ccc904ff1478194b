/** Members of rules that belong to a feature are taken out before the policy is compiled. */
import { describe, expect, test } from "vitest";
import { takeMembers } from "../../../../edge-verifier/policy/feature-members.ts";

test("each rule is left without them, and keeps its place", () => {
  const routes = [{ path: "/a", tolerate: ["x"] }, { path: "/b" }, "no rule", { path: "/c", origin: undefined }];
  expect(takeMembers(routes, ["tolerate", "origin"])).toEqual({
    routes: [{ path: "/a" }, { path: "/b" }, "no rule", { path: "/c" }],
    taken: [{ tolerate: ["x"] }, {}, {}, { origin: undefined }],
  });
  expect(takeMembers(routes, ["origin"])?.taken[3]).toHaveProperty("origin");
  expect(routes[0]).toHaveProperty("tolerate");
});

describe("there is nothing to take", () => {
  test.each([[undefined], [{}], [null], [[]], [[null, 7, "x"]], [[{ path: "/a" }]]])("from %j", (routes) => {
    expect(takeMembers(routes, ["tolerate"])).toBeUndefined();
  });
});
