/** base64url: RFC examples, agreement with the platform's encoder, and one text per byte string. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeBase64url, encodeBase64url } from "../../../shared/base64url.ts";
import { utf8 } from "../../support/values.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** An independent encoder: the platform's base64, respelled. */
function platformBase64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

describe("encoding and decoding", () => {
  // RFC 4648 section 10, without the padding.
  test.each([
    ["", ""],
    ["f", "Zg"],
    ["fo", "Zm8"],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg"],
    ["fooba", "Zm9vYmE"],
    ["foobar", "Zm9vYmFy"],
  ])("%j is %j", (plain, encoded) => {
    expect(encodeBase64url(utf8(plain))).toBe(encoded);
    expect(decodeBase64url(encoded)).toEqual(utf8(plain));
  });

  test("the example of RFC 7515 appendix C uses the URL-safe alphabet and no padding", () => {
    const bytes = Uint8Array.of(3, 236, 255, 224, 193);
    expect(encodeBase64url(bytes)).toBe("A-z_4ME");
    expect(decodeBase64url("A-z_4ME")).toEqual(bytes);
  });

  test("every byte string survives the round trip, and its text is the platform's", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const text = encodeBase64url(bytes);
        expect(text).toBe(platformBase64url(bytes));
        expect(decodeBase64url(text)).toEqual(new Uint8Array(bytes));
      }),
    );
  });
});

describe("one text per byte string", () => {
  test("a text that decodes is the text that its bytes encode to", () => {
    const nearlyAlphabet = fc.constantFrom(
      ...ALPHABET.split(""),
      "+",
      "/",
      "=",
      " ",
      "\n",
      ".",
      "\0",
      "é",
      "Ā",
      "\ud800",
    );
    const texts = fc.oneof(
      fc.string({ unit: fc.constantFrom(...ALPHABET.split("")), maxLength: 40 }),
      fc.string({ unit: nearlyAlphabet, maxLength: 12 }),
      fc.string({ unit: "binary", maxLength: 12 }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const bytes = decodeBase64url(text);
        return bytes === undefined || encodeBase64url(bytes) === text;
      }),
      { numRuns: 2000 },
    );
  });

  test("of all texts of two characters exactly one decodes to each octet", () => {
    const decoded = new Map<number, string>();
    let accepted = 0;
    for (const first of ALPHABET) {
      for (const second of ALPHABET) {
        const bytes = decodeBase64url(first + second);
        if (bytes === undefined) continue;
        accepted += 1;
        decoded.set(bytes[0] ?? -1, first + second);
      }
    }
    expect(accepted).toBe(256);
    expect(decoded.size).toBe(256);
  });

  test("of the four texts that differ in the unused bits of three characters only one decodes", () => {
    const texts = ["Zm8", "Zm9", "Zm-", "Zm_"];
    expect(texts.filter((text) => decodeBase64url(text) !== undefined)).toEqual(["Zm8"]);
  });

  test("a character outside the alphabet is refused at every position of every length", () => {
    const whole = "Zm9vYmFyZm9v";
    const accepted: string[] = [];
    const outside = "=+/ \n\r\t\0.,@[`{\u007féÿＡ\ud83d".split("");
    for (let length = 2; length <= whole.length; length += 1) {
      for (let position = 0; position < length; position += 1) {
        for (const character of outside) {
          const text = whole.slice(0, position) + character + whole.slice(position + 1, length);
          if (decodeBase64url(text) !== undefined) accepted.push(text);
        }
      }
    }
    expect(accepted).toEqual([]);
  });

  test.each(["A", "AAAAA", "AAAAAAAAA"])("%j has a length that no byte string has", (text) => {
    expect(decodeBase64url(text)).toBeUndefined();
  });

  test.each(["Zg==", "Zg=", "Zm8=", "=", "====", " Zm9v", "Zm9v ", "Zm9v\n", "Zm 9v"])("%j is refused", (text) => {
    expect(decodeBase64url(text)).toBeUndefined();
  });
});
