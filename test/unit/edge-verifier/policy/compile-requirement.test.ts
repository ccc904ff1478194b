/** What a requirement may say: what cannot be meant is reported, all of it at once. */
import { describe, expect, test } from "vitest";
import { compileRequirement } from "../../../../edge-verifier/policy/compile-requirement.ts";

const problems = (requirement: unknown): readonly string[] => {
  const found: string[] = [];
  compileRequirement(requirement, "require", found);
  return found;
};

describe("what cannot be meant is reported at start-up", () => {
  const cyclic: Record<string, unknown> = {};
  cyclic["allOf"] = [cyclic];
  test.each([
    ["a member whose value turned out to be undefined", { scope: undefined }, ["scope must not be undefined"]],
    ["an empty list of alternatives", { anyOf: [] }, ["anyOf must be a list of at least one requirement"]],
    ["an empty list of requirements", { allOf: [] }, ["allOf must be a list of at least one requirement"]],
    ["an alternative that asks for nothing", { anyOf: [{ scope: ["a"] }, {}] }, ["anyOf[1] must ask for something"]],
    ["an alternative that is none", { anyOf: ["admin"] }, ["anyOf[0] must be an object"]],
    [
      "an empty list of values",
      { claims: { p: { oneOf: [] } } },
      ["claims.p must be a string, a finite number below 2^53 or a boolean; oneOf a list of them"],
    ],
    [
      "an object among the values",
      { claims: { p: { oneOf: [{}] } } },
      ["claims.p must be a string, a finite number below 2^53 or a boolean; oneOf a list of them"],
    ],
    ["an empty path", { claims: { p: { at: [], equals: 1 } } }, ["claims.p.at must be a list of at least one name"]],
    [
      "an empty name in a path",
      { claims: { p: { at: [""], equals: 1 } } },
      ["claims.p.at must be a list of at least one name"],
    ],
    [
      "no comparison",
      { claims: { p: { at: ["x"] } } },
      ["claims.p must have exactly one of equals, oneOf and contains"],
    ],
    [
      "null to compare with",
      { claims: { p: { equals: null } } },
      ["claims.p must be a string, a finite number below 2^53 or a boolean; oneOf a list of them"],
    ],
    [
      "a number that no reader of JSON keeps",
      { claims: { p: 2 ** 53 } },
      ["claims.p must be a string, a finite number below 2^53 or a boolean; oneOf a list of them"],
    ],
    [
      "a list to look for",
      { claims: { p: { contains: ["x"] } } },
      ["claims.p must be a string, a finite number below 2^53 or a boolean; oneOf a list of them"],
    ],
    [
      "null for a claim",
      { claims: { p: null } },
      ["claims.p must be a string, a finite number below 2^53 or a boolean; oneOf a list of them"],
    ],
    ["an empty list of audiences", { audience: [] }, ["audience must be a list of at least one audience"]],
    [
      "an acr that would break out of the challenge",
      { acr: ['a"b'] },
      ["acr must be a list of at least one acr value"],
    ],
    ["an age of nothing", { maxAgeSeconds: 0 }, ["maxAgeSeconds must be a whole number of at least 1"]],
    ["half a second", { maxAgeSeconds: 0.5 }, ["maxAgeSeconds must be a whole number of at least 1"]],
    ["a requirement that holds itself", cyclic, ["allOf[0] is nested too deep"]],
    [
      "several mistakes",
      { scopes: [], acr: [], claims: {} },
      [
        "unknown member scopes",
        "claims must be an object with at least one member",
        "acr must be a list of at least one acr value",
      ],
    ],
  ])("%s", (_name, requirement, expected) => {
    expect(problems(requirement)).toEqual(expected);
  });
});
