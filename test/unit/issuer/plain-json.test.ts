/** What is signed is what was passed: claims that are not plain JSON are refused by path, never by value. */
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { takePlainJson } from "../../../issuer/plain-json.ts";
import { parseJsonObjectText } from "../../../shared/json.ts";
import { errorOf, valueOf } from "../../support/values.ts";

const CANARY = "canary-value-of-a-claim";

class Account {
  readonly id = CANARY;
}

const cyclic: Record<string, unknown> = { name: CANARY };
cyclic["inner"] = { back: cyclic };

const sparse: unknown[] = [];
sparse[1] = CANARY;

const arrayWithMember = Object.assign([CANARY], { extra: CANARY });

const withGetter = Object.defineProperty({}, "role", { enumerable: true, get: () => CANARY });
const withHidden = Object.defineProperty({}, "role", { enumerable: false, value: CANARY });

const REFUSED: readonly [string, unknown, string][] = [
  ["undefined", { a: { b: undefined } }, "a.b"],
  ["NaN", { n: Number.NaN }, "n"],
  ["Infinity", { n: [1, Number.POSITIVE_INFINITY] }, "n[1]"],
  ["a BigInt", { big: 1n }, "big"],
  ["a function", { run: () => CANARY }, "run"],
  ["a symbol", { s: Symbol(CANARY) }, "s"],
  ["a Date", { when: new Date(0) }, "when"],
  ["a Map", { m: new Map([[CANARY, 1]]) }, "m"],
  ["a boxed string", { s: Object(CANARY) }, "s"],
  ["bytes", { b: Buffer.from(CANARY) }, "b"],
  ["an instance of a class", { account: new Account() }, "account"],
  ["an object with toJSON", { sub: { toJSON: () => CANARY } }, "sub.toJSON"],
  ["an object that refers to itself", cyclic, "inner.back"],
  ["an array with a hole", { list: sparse }, "list[0]"],
  ["an array with a member", { list: arrayWithMember }, "list"],
  ["a getter", { user: withGetter }, "user.role"],
  ["a hidden member", { user: withHidden }, "user.role"],
  ["a symbol as name", { user: { [Symbol("x")]: CANARY } }, "user"],
  ["a member called __proto__", JSON.parse(`{"user":{"__proto__":{"role":"${CANARY}"}}}`), "user.__proto__"],
  ["an object with another prototype", { user: Object.create({ role: CANARY }) }, "user"],
  ["half of a surrogate pair", { name: `${CANARY}\ud800` }, "name"],
  ["a name with half of a surrogate pair", { user: { "\udc00": CANARY } }, "user"],
  ["33 levels", nested(33), Array.from({ length: 32 }, () => "a").join(".")],
];

/** An object of that many levels. */
function nested(levels: number): unknown {
  return levels === 1 ? {} : { a: nested(levels - 1) };
}

describe("claims that are not JSON", () => {
  test.each(REFUSED)("%s is refused, by its path and without its value", (_what, value, path) => {
    const refusal = errorOf(takePlainJson(value));
    expect(refusal.path).toBe(path);
    expect(JSON.stringify(refusal)).not.toContain(CANARY);
  });

  test.each([null, [], "text", 1, true, undefined])("%j is refused in place of an object", (value) => {
    expect(errorOf(takePlainJson(value)).path).toBe("");
  });

  test("names that are no identifiers are quoted in the path", () => {
    expect(errorOf(takePlainJson({ "https://a.example/x": [{ 'q"': 1n }] })).path).toBe(
      '["https://a.example/x"][0]["q\\""]',
    );
  });

  test("a path is shown up to a limit", () => {
    expect(errorOf(takePlainJson({ ["n".repeat(5000)]: 1n })).path.length).toBeLessThan(130);
  });

  test("a structure that is shared 2 to the 30 times over ends the walk instead of the process", () => {
    let shared: unknown = 1;
    for (let level = 0; level < 30; level += 1) shared = [shared, shared];
    expect(errorOf(takePlainJson({ shared }))).toMatchObject({ path: "" });
  });

  test("a huge sparse array is refused without walking it", () => {
    const huge: unknown[] = [];
    huge.length = 4_000_000_000;
    expect(errorOf(takePlainJson({ huge })).path).toBe("huge");
  });
});

describe("claims that are JSON", () => {
  test("every JSON object is taken over unchanged", () => {
    const names = fc.string({ unit: "binary" }).filter((name) => name !== "__proto__" && name.isWellFormed());
    const value = fc.jsonValue({ maxDepth: 5, stringUnit: "binary" }).filter(holdsOnlyKeptNumbers);
    fc.assert(
      fc.property(fc.dictionary(names, value, { noNullPrototype: false }), (claims) => {
        const json = JSON.stringify(claims);
        // fast-check also makes what the previous tests refuse.
        fc.pre(!json.includes("__proto__") && !/\\ud[89a-f]/.test(json));
        expect(JSON.stringify(valueOf(takePlainJson(claims)))).toBe(json);
        expect(parseJsonObjectText(json).ok).toBe(true);
      }),
    );
  });

  test("32 levels are taken, as many as a verifier reads", () => {
    const json = JSON.stringify(valueOf(takePlainJson(nested(32))));
    expect(parseJsonObjectText(json).ok).toBe(true);
  });

  test("objects of another realm are plain objects too", () => {
    expect(valueOf(takePlainJson(runInNewContext("({ roles: ['a'], address: { zip: '1' } })")))).toEqual({
      roles: ["a"],
      address: { zip: "1" },
    });
  });

  test("the same object may stand in two places", () => {
    const address = { zip: "1" };
    expect(JSON.stringify(valueOf(takePlainJson({ home: address, work: address })))).toBe(
      '{"home":{"zip":"1"},"work":{"zip":"1"}}',
    );
  });

  test("a later change of the original does not reach what was taken", () => {
    const claims = { roles: ["reader"] };
    const taken = valueOf(takePlainJson(claims));
    claims.roles.push("admin");
    expect(JSON.stringify(taken)).toBe('{"roles":["reader"]}');
  });
});

/** No -0, and no integer that another reader may take for its neighbour. */
function holdsOnlyKeptNumbers(value: unknown): boolean {
  if (typeof value === "number")
    return !Object.is(value, -0) && (!Number.isInteger(value) || Number.isSafeInteger(value));
  return typeof value !== "object" || value === null || Object.values(value).every(holdsOnlyKeptNumbers);
}
