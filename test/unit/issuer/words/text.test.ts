/** Text that is safe to show: no token in a message, nothing that a terminal obeys. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toSafeJson, withoutTokens } from "../../../../issuer/words/text.ts";

/** Not only of the form: a header, claims and a signature. */
const TOKEN = "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsifQ.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl";

describe("a message without tokens", () => {
  test("holds none, whatever stands around it", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (before, after) => {
        expect(withoutTokens(`${before} ${TOKEN} ${after}`)).not.toContain(TOKEN);
      }),
    );
  });

  test("has the whole of a token replaced, and what is left of one", () => {
    expect(withoutTokens(`kid of ${TOKEN}: refused`)).toBe("kid of <token>: refused");
    expect(withoutTokens(TOKEN.slice(0, TOKEN.lastIndexOf(".") + 1))).toBe("<token>");
    expect(withoutTokens(`${TOKEN} and ${TOKEN}`)).toBe("<token> and <token>");
  });

  test("has each replaced that stands behind something else, and short beginnings kept", () => {
    expect(withoutTokens(`a.${TOKEN}`)).toBe("a.<token>");
    expect(withoutTokens(`x-${TOKEN}.more`)).toBe("x-<token>");
    expect(withoutTokens("ey.eyJhbGciOiJFUzI1NiJ9")).toBe("ey.eyJhbGciOiJFUzI1NiJ9");
  });

  test("takes no longer for each character of a long text", () => {
    // Hours, if every place that looks like a beginning is read to the end.
    for (const text of ["ey-".repeat(700_000), `a.${"ey-".repeat(700_000)}`]) expect(withoutTokens(text)).toBe(text);
  });

  test("keeps names that look a little like one", () => {
    for (const text of [
      "https://eyewear.example.com/x",
      "arn:aws:kms:us-east-1:1:key/ab-cd",
      "alias/sealgate/main/1",
    ]) {
      expect(withoutTokens(text)).toBe(text);
    }
  });
});

test("JSON for a terminal is the same value", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
      const text = toSafeJson(value);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      expect(text).not.toMatch(/[\p{Cc}\u2028\u2029\p{Bidi_Control}]/u);
    }),
  );
});

test.each([
  ["\u2028", String.raw`"\u2028"`],
  ["\u2029", String.raw`"\u2029"`],
  ["\u009b", String.raw`"\u009b"`],
  ["\u007f", String.raw`"\u007f"`],
  ["\u202e", String.raw`"\u202e"`],
  ["\u2066", String.raw`"\u2066"`],
  ["\u001b", String.raw`"\u001b"`],
  ["ä€😀", '"ä€😀"'],
])("JSON for a terminal: %j", (text, shown) => {
  expect(toSafeJson(text)).toBe(shown);
});
