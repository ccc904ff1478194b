/** Strict JSON against JSON.parse as the oracle, and against each text on which two parsers could disagree. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isJsonObject, MAX_JSON_DEPTH, parseJsonObject, parseJsonObjectText } from "../../../shared/json.ts";
import { errorOf, utf8, valueOf } from "../../support/values.ts";

/** A JSON text for a value, with escapes and white space where a mask says so. */
function spell(value: unknown, bits: () => boolean): string {
  const space = (): string => (bits() ? " \t\n\r".charAt(Number(bits()) * 2 + Number(bits())) : "");
  if (typeof value === "string") return spellString(value, bits);
  if (Array.isArray(value)) return `[${space()}${value.map((item) => spell(item, bits)).join(`${space()},`)}]`;
  if (!isJsonObject(value)) return `${space()}${JSON.stringify(value)}${space()}`;
  const members = Object.entries(value).map(
    ([name, item]) => `${space()}${spellString(name, bits)}${space()}:${spell(item, bits)}`,
  );
  return `{${members.join(",")}${space()}}`;
}

/** A JSON string in which any character may be written as an escape. */
function spellString(text: string, bits: () => boolean): string {
  let spelt = "";
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    const hex = code.toString(16).padStart(4, "0");
    const literal = JSON.stringify(text.charAt(index)).slice(1, -1);
    spelt += bits() ? `\\u${bits() ? hex.toUpperCase() : hex}` : literal;
  }
  return `"${spelt}"`;
}

const masks = fc.infiniteStream(fc.boolean()).map((stream) => () => stream.next().value ?? false);
const objects = fc
  .dictionary(fc.string({ unit: "binary", maxLength: 6 }), fc.jsonValue({ maxDepth: 4, stringUnit: "binary" }), {
    maxKeys: 5,
  })
  // fast-check's dictionary has a null prototype or not, and -0 has no JSON text; what counts is what JSON can say.
  .map((object) => JSON.parse(JSON.stringify(object)) as unknown);

describe("texts that JSON.parse reads", () => {
  test("an object without repeated names is read as JSON.parse reads it, however it is spelt", () => {
    fc.assert(
      fc.property(objects, masks, (object, bits) => {
        const text = spell(object, bits);
        expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify(object));
        expect(JSON.stringify(valueOf(parseJsonObjectText(text)))).toBe(JSON.stringify(object));
      }),
      { numRuns: 300 },
    );
  });

  test("a name repeated at any depth is refused, however each of the two is spelt", () => {
    const names = fc.oneof(
      fc.string({ unit: "binary", maxLength: 5 }),
      fc.constantFrom("__proto__", "exp", "", ":", '"', "\\"),
    );
    const path = fc.array(fc.constantFrom("object", "array"), { maxLength: 8 });
    fc.assert(
      fc.property(names, fc.jsonValue({ maxDepth: 1 }), objects, path, masks, (name, value, others, path, bits) => {
        const other = isJsonObject(others) ? Object.entries(others).filter(([key]) => key !== name) : [];
        const twice: [string, unknown][] = [[name, value], ...other, [name, value]];
        const members = twice.map(([key, item]) => `${spellString(key, bits)}:${spell(item, bits)}`);
        const inner = `{${members.join(",")}}`;
        const text = path.reduce((json, step) => (step === "object" ? `{"a":${json},"b":[]}` : `[0,${json}]`), inner);
        const whole = `{"top":${text}}`;
        expect(() => JSON.parse(whole) as unknown).not.toThrow();
        expect(errorOf(parseJsonObjectText(whole))).toBe("duplicate_member");
      }),
      { numRuns: 300 },
    );
  });

  test("no text makes the parser throw, and what it accepts JSON.parse reads the same way", () => {
    const tokens = fc.constantFrom(
      "{",
      "}",
      "[",
      "]",
      ":",
      ",",
      '"',
      '"a"',
      '"\\u0061"',
      "\\",
      "1",
      "-",
      "e",
      "null",
      " ",
      "\ufeff",
    );
    const texts = fc.oneof(
      fc.string({ unit: "binary", maxLength: 60 }),
      fc.array(tokens, { maxLength: 24 }).map((list) => list.join("")),
      fc.array(tokens, { maxLength: 24 }).map((list) => `{"a":${list.join("")}}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseJsonObjectText(text);
        return !parsed.ok || JSON.stringify(parsed.value) === JSON.stringify(JSON.parse(text));
      }),
      { numRuns: 3000 },
    );
  });

  test("no byte string makes the parser throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => typeof parseJsonObject(bytes).ok === "boolean"),
      { numRuns: 1000 },
    );
  });
});

describe("texts that are refused", () => {
  test.each([
    ['{"a":1,"a":1}'],
    ['{"a":1,"\\u0061":2}'],
    ['{"\\u0061":1,"\\u0061":2}'],
    ['{"a":{"b":1,"b":2}}'],
    ['{"a":[{"b":1},{"b":1,"c":2,"b":1}]}'],
    ['{"":1,"":2}'],
    ['{"__proto__":1,"__proto__":2}'],
    ['{"a:":1,"a:":2}'],
    ['{"\\"":1,"\\u0022":2}'],
  ])("%s repeats a name", (text) => {
    expect(parseJsonObjectText(text)).toEqual({ ok: false, error: "duplicate_member" });
  });

  test.each([["[]"], ["[{}]"], ['"{}"'], ["1"], ["null"], ["true"]])("%s is not an object", (text) => {
    expect(parseJsonObjectText(text)).toEqual({ ok: false, error: "not_an_object" });
  });

  test.each([
    [""],
    ["{"],
    ["}"],
    ["{}{}"],
    ["{} x"],
    ["{}\0"],
    ["{a:1}"],
    ["{'a':1}"],
    ['{"a":1,}'],
    ['{"a":01}'],
    ['{"a":+1}'],
    ['{"a":.5}'],
    ['{"a":NaN}'],
    ['{"a":Infinity}'],
    ['{"a":undefined}'],
    ['{"a":1}//'],
    ['{"a":/**/1}'],
    ['{"a":"\n"}'],
    ['{"a":"\\x41"}'],
    ['{"a":"\\u00"}'],
    ['{"a":"'],
    ['{"a":"\\'],
    ['{"a"::1}'],
    ["\u00a0{}"],
    ["\u2028{}"],
    ['{"a":1\ufeff}'],
  ])("%j is not JSON", (text) => {
    expect(parseJsonObjectText(text)).toEqual({ ok: false, error: "syntax" });
  });

  test.each([["\ufeff{}"], ['\ufeff{"a":1}']])("%j begins with a byte order mark", (text) => {
    expect(parseJsonObjectText(text)).toEqual({ ok: false, error: "byte_order_mark" });
    expect(parseJsonObject(utf8(text))).toEqual({ ok: false, error: "byte_order_mark" });
  });

  test.each([
    ["a lone continuation octet", [0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
    ["a surrogate in UTF-8", [0xed, 0xa0, 0x80]],
    ["a truncated sequence", [0xe2, 0x82]],
    ["a code point above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
    ["an octet that UTF-8 never has", [0xff]],
  ])("%s is not UTF-8", (_name, octets) => {
    const bytes = Uint8Array.of(...utf8('{"a":"'), ...octets, ...utf8('"}'));
    expect(parseJsonObject(bytes)).toEqual({ ok: false, error: "not_utf8" });
  });

  test("UTF-16 is refused, with and without a byte order mark", () => {
    expect(parseJsonObject(Uint8Array.of(0xff, 0xfe, 0x7b, 0, 0x7d, 0))).toEqual({ ok: false, error: "not_utf8" });
    expect(parseJsonObject(Uint8Array.of(0x7b, 0, 0x7d, 0))).toEqual({ ok: false, error: "syntax" });
  });
});

describe("nesting", () => {
  const arrays = (depth: number): string => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
  const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  const filled = (depth: number): string => `{"a": ${"[ 0, ".repeat(depth - 1)} 1 ${", 2 ]".repeat(depth - 1)} }`;
  const mixed = (depth: number): string => `{"b":${"[{},".repeat(depth - 1)}[]${"]".repeat(depth - 1)}}`;
  // More brackets than the limit, none of them deep.
  const beside = (depth: number): string => `{"c":[${"[],{},".repeat(40)}0],"a":${arrays(depth - 1)}}`;

  test.each([
    ["arrays", arrays, 0],
    ["objects", nested, 0],
    ["arrays with items", filled, 0],
    ["arrays with siblings at each level", mixed, 1],
    ["arrays beside many others", beside, 0],
  ])("%s may be nested to the limit and no deeper", (_name, text, deeper) => {
    const limit = MAX_JSON_DEPTH - deeper;
    expect(parseJsonObjectText(text(limit)).ok).toBe(true);
    expect(parseJsonObjectText(text(limit + 1))).toEqual({ ok: false, error: "nested_too_deeply" });
    expect(parseJsonObjectText(text(100_000))).toEqual({ ok: false, error: "nested_too_deeply" });
  });

  test("siblings and brackets inside strings do not count", () => {
    const siblings = `{"a":[${Array.from({ length: 100 }, () => "[{}]").join(",")}]}`;
    expect(parseJsonObjectText(siblings).ok).toBe(true);
    expect(parseJsonObjectText(`{"a":"\\"${"[{".repeat(100)}\\\\"}`).ok).toBe(true);
  });
});

test("a member named __proto__ is an ordinary member", () => {
  const object = valueOf(parseJsonObjectText('{"__proto__":{"admin":true}}'));
  expect(Object.hasOwn(object, "__proto__")).toBe(true);
  expect(object["admin"]).toBeUndefined();
});

test("isJsonObject tells objects from null, arrays and scalars", () => {
  expect([{}, { a: 1 }].every(isJsonObject)).toBe(true);
  expect([null, [], "", 0, true, undefined].some(isJsonObject)).toBe(false);
});
