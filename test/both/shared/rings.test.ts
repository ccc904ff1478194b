/** Names of rings, and options that say something about each. */
import { describe, expect, test } from "vitest";
import { parseRingNames, readByRing } from "../../../shared/rings.ts";
import { ringName } from "../../support/key-sets.ts";

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
  const [main, west] = [ringName("main"), ringName("west")];

  /** What is read, and what is reported; a value is read as its text. */
  function read(
    option: unknown,
    rings = [main, west],
  ): { readonly values: object; readonly problems: readonly string[] } {
    const problems: string[] = [];
    const values = readByRing(
      "option",
      option,
      rings,
      (value, name) => `${name}=${JSON.stringify(value)}`,
      (name, problem) => void problems.push(`${name} ${problem}`),
    );
    return { values: Object.fromEntries(values), problems };
  }

  test("of several rings is an object, and may leave rings out", () => {
    expect(read({ main: 1, west: 2 })).toEqual({
      values: { main: "option.main=1", west: "option.west=2" },
      problems: [],
    });
    expect(read({ west: 2 }).values).toEqual({ main: "option.main=undefined", west: "option.west=2" });
    expect(read(undefined).values).toEqual({ main: "option=undefined", west: "option=undefined" });
  });

  test("of one ring may be the plain value too", () => {
    expect(read("x", [main]).values).toEqual({ main: 'option="x"' });
    expect(read([1, 2], [main]).values).toEqual({ main: "option=[1,2]" });
    expect(read({ main: "x" }, [main]).values).toEqual({ main: 'option.main="x"' });
  });

  test.each([
    ["a plain value", 7, "option must be an object with a member for each ring, because there are several"],
    ["an array", [7], "option must be an object with a member for each ring, because there are several"],
    [
      "another ring",
      { main: 1, east: 2 },
      "option must have one or more members, each with the name of one of the rings",
    ],
    ["no ring", {}, "option must have one or more members, each with the name of one of the rings"],
  ])("%s for several rings is a problem, and nothing is read", (_what, option, problem) => {
    expect(read(option)).toEqual({ values: {}, problems: [problem] });
  });

  test("a ring is never found in the prototype", () => {
    expect(read({ constructor: 1 }, [main]).problems).toHaveLength(1);
    expect(read({ main: 1 }, [main, ringName("constructor")]).values).toEqual({
      main: "option.main=1",
      constructor: "option.constructor=undefined",
    });
  });
});
