/** Text that is safe to show: no token in a message, nothing that a terminal obeys. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toSafeJson, withoutTokens } from "../../../../issuer/cli/text.ts";

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
