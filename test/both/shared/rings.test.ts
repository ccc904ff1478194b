/** Names of rings, and options that say something about each. */
import { describe, expect, test } from "vitest";
import { parseRingNames, readByRing } from "../../../shared/rings.ts";

describe("names of rings", () => {
  test.each([
    ["main", ["main"]],
    ["main,west", ["main", "west"]],
    [" main , west ", ["main", "west"]],
    [
      ["main", "eu-west-1"],
      ["main", "eu-west-1"],
    ],
  ])("%j", (value, names) => {
    expect(parseRingNames(value)).toEqual(names);
  });

  test.each(["", ",", "main,", "main,main", "main,West", "-main", [], [""], ["main", 1], 7, null, undefined, {}])(
    "%j is no list of them",
    (value) => {
      expect(parseRingNames(value)).toBeUndefined();
    },
  );
});

describe("an option", () => {
  /** What is read, and what is reported. */
  function read(option: unknown, rings = ["main", "west"]): { readonly read: unknown; readonly problems: unknown } {
    const problems: string[] = [];
    const found = readByRing("option", option, rings, (name, problem) => void problems.push(`${name} ${problem}`));
    return { read: found.map(({ name, value }) => [name, value]), problems };
  }

  test("of several rings is an object, and may leave rings out", () => {
    const [main, west] = ["option.main", "option.west"];
    expect(read({ west: 2, main: 1 }).read).toEqual([
      [main, 1],
      [west, 2],
    ]);
    expect(read({ west: 2 }).read).toEqual([
      [main, undefined],
      [west, 2],
    ]);
    expect(read({}).read).toEqual([
      [main, undefined],
      [west, undefined],
    ]);
    expect(read(undefined).read).toEqual([
      [main, undefined],
      [west, undefined],
    ]);
  });

  test("of one ring may be the plain value too", () => {
    expect(read("x", ["main"]).read).toEqual([["option", "x"]]);
    expect(read([1, 2], ["main"]).read).toEqual([["option", [1, 2]]]);
    expect(read({ main: "x" }, ["main"]).read).toEqual([["option", "x"]]);
  });

  test.each([
    ["a plain value", 7],
    ["an array", [7]],
    ["null", null],
    ["another ring", { main: 1, east: 2 }],
  ])("%s for several rings is a problem, and nothing is read", (_what, option) => {
    expect(read(option)).toEqual({
      read: [],
      problems: ["option must have a member for each ring, and no other"],
    });
  });

  test("a ring is never found in the prototype", () => {
    expect(read({ main: 1 }, ["main", "constructor"]).read).toEqual([
      ["option.main", 1],
      ["option.constructor", undefined],
    ]);
  });
});
