/** What commands do with the streams they are given. */
import { describe, expect, test } from "vitest";
import { UsageError } from "../../../../issuer/cli/exit-codes.ts";
import { argumentOrStdin, paint, printJson, wantsColor } from "../../../../issuer/cli/io.ts";
import { testIo } from "./support.ts";

test("colour is for a terminal, unless NO_COLOR is set to something", () => {
  expect(wantsColor({}, true)).toBe(true);
  expect(wantsColor({ NO_COLOR: "" }, true)).toBe(true);
  expect(wantsColor({ NO_COLOR: "1" }, true)).toBe(false);
  expect(wantsColor({ NO_COLOR: "0" }, true)).toBe(false);
  expect(wantsColor({}, false)).toBe(false);
});

test("text is styled only where colour is wanted", () => {
  expect(paint(testIo({ color: true }), "red", "problem")).toBe("\u001b[31mproblem\u001b[39m");
  expect(paint(testIo({ color: false }), "red", "problem")).toBe("problem");
});

test("JSON is one line, whatever the value holds", () => {
  let out = "";
  printJson(testIo({ out: (text) => void (out += text) }), { text: "a\nb", absent: undefined });
  expect(out).toBe('{"text":"a\\nb"}\n');
});

describe("an argument", () => {
  const piped = { readStdin: async () => "\n piped \n" };

  test.each([
    ["that is given is taken as it is, and stdin is left alone", " given ", {}, " given "],
    ["that is empty is given", "", {}, ""],
    ["of - is standard input, without the white space around it", "-", piped, "piped"],
    ["of - is standard input at a terminal too", "-", { ...piped, stdinIsTerminal: true }, "piped"],
    ["that is left out is standard input", undefined, piped, "piped"],
    ["may have the word Bearer before it", "Bearer a.b.c", {}, "a.b.c"],
    ["of - may have it as well", "-", { readStdin: async () => "bearer  a.b.c\n" }, "a.b.c"],
  ])("%s", async (_what, argument, io, text) => {
    expect(await argumentOrStdin(testIo(io), argument, "token")).toBe(text);
  });

  test.each(["-", undefined])("of %j with nothing on standard input is missing", async (argument) => {
    const read = argumentOrStdin(testIo({ readStdin: async () => "\n" }), argument, "token");
    await expect(read).rejects.toThrow(UsageError);
    await expect(read).rejects.toThrow("needs a token: standard input is empty");
  });

  test("that is left out at a terminal is asked for, instead of waiting for a person to type", async () => {
    const read = argumentOrStdin(testIo({ ...piped, stdinIsTerminal: true }), undefined, "token");
    await expect(read).rejects.toThrow(UsageError);
    await expect(read).rejects.toThrow("needs a token: as an argument, or on standard input");
  });
});
