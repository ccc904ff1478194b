/** Which parts of a policy name issuers, and what they become: a claim that is asked for first. */
import { describe, expect, test } from "vitest";
import { readIssuers } from "../../../../edge-verifier/policy/issuers.ts";

const OWN = "https://auth.example.com";
const ISSUERS = new Map([
  ["own", OWN],
  ["https://a.example/", "https://a.example/"],
  ["https://b.example", "https://b.example"],
]);

const own = { claims: { iss: { oneOf: [OWN] } } };
const a = { claims: { iss: { oneOf: ["https://a.example/"] } } };
const both = { claims: { iss: { oneOf: [OWN, "https://a.example/"] } } };

function read(require: unknown): {
  readonly require: unknown;
  readonly problems: readonly string[];
  readonly named: boolean;
} {
  const problems: string[] = [];
  const { routes, named } = readIssuers(
    [{ path: "/x", require }],
    (name) => ISSUERS.get(name),
    (_rule, problem) => problems.push(problem),
  );
  const [rule] = Array.isArray(routes) ? routes : [];
  return { require: rule.require, problems, named: named[0] === true };
}

describe("a requirement", () => {
  test.each([
    ["that names none stays as it is", { scope: ["s"] }, { scope: ["s"] }],
    ["that names one", { issuers: ["https://a.example/"] }, a],
    [
      "that names one and asks for more",
      { issuers: ["own", "https://a.example/"], scope: ["s"] },
      { allOf: [both, { scope: ["s"] }] },
    ],
    [
      "of which one alternative names one: the other is for own tokens",
      { anyOf: [{ scope: ["s"] }, { issuers: ["https://a.example/"], scope: ["t"] }] },
      { anyOf: [{ allOf: [{ scope: ["s"] }, own] }, { allOf: [a, { scope: ["t"] }] }] },
    ],
    [
      "that names one around its alternatives",
      { issuers: ["https://a.example/"], anyOf: [{ scope: ["s"] }, { scope: ["t"] }] },
      { allOf: [a, { anyOf: [{ scope: ["s"] }, { scope: ["t"] }] }] },
    ],
    [
      "of which a part names one: it holds for all of it",
      { allOf: [{ issuers: ["https://a.example/"] }, { scope: ["s"] }], anyOf: [{ scope: ["t"] }, { scope: ["u"] }] },
      { allOf: [a, { scope: ["s"] }], anyOf: [{ scope: ["t"] }, { scope: ["u"] }] },
    ],
    [
      "of which an alternative inside a part names one",
      { allOf: [{ anyOf: [{ issuers: ["https://a.example/"] }, { scope: ["s"] }] }] },
      { allOf: [{ anyOf: [a, { allOf: [{ scope: ["s"] }, own] }] }] },
    ],
    [
      "of which an alternative names one deeper",
      { anyOf: [{ allOf: [{ issuers: ["https://a.example/"] }, { scope: ["s"] }] }, { scope: ["t"] }] },
      { anyOf: [{ allOf: [a, { scope: ["s"] }] }, { allOf: [{ scope: ["t"] }, own] }] },
    ],
  ])("%s", (_name, require, expected) => {
    expect(read(require)).toMatchObject({ require: expected, problems: [] });
  });

  test.each([
    ["a misspelt issuer", ["https://a.example"]],
    ["an issuer of another case", ["HTTPS://A.EXAMPLE/"]],
    ["no text", [7]],
    ["no list", "own"],
    ["an empty list", []],
    ["nothing", undefined],
  ])("with %s is a problem", (_name, issuers) => {
    expect(read({ issuers }).problems).toHaveLength(1);
  });

  test("says itself whether it names issuers", () => {
    expect([read({}).named, read({ anyOf: [{ issuers: ["own"] }] }).named]).toEqual([false, true]);
  });
});

test("what has not the form of a policy is left to the compiler", () => {
  const found = (): never => {
    throw new Error("nothing is found");
  };
  for (const routes of [
    undefined,
    {},
    [7, null, { allow: "anyone" }, { require: 7 }, { require: { anyOf: 7, allOf: [7] } }],
  ]) {
    expect(readIssuers(routes, () => undefined, found).routes).toEqual(routes);
  }
});

test("all names are counted as used", () => {
  const routes = [
    { require: { issuers: ["own"] } },
    { require: { allOf: [{ issuers: ["https://b.example", "misspelt"] }] } },
  ];
  expect([
    ...readIssuers(
      routes,
      (name) => ISSUERS.get(name),
      () => undefined,
    ).used,
  ]).toEqual(["own", "https://b.example", "misspelt"]);
});
