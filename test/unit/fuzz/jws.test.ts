/** Compact serialisation and protected header, against a second reader that is written for clarity and not for speed. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { findAlgorithm } from "../../../shared/algorithms.ts";
import type { JsonObject, JsonValue } from "../../../shared/json.ts";
import { parseCompactJws, parseJwsHeader } from "../../../shared/jws.ts";
import { fuzzSettings } from "../../support/fuzz.ts";
import { jsonObject } from "../../support/values.ts";
import { documents, edits, scratch, write } from "./json-grammar.ts";

/** Canonical base64url, by Node's encoder: what decodes and encodes to itself. */
function isCanonical(text: string): boolean {
  return Buffer.from(text, "base64url").toString("base64url") === text;
}

const segments = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((octets) => Buffer.from(octets).toString("base64url")),
  fc.string({ unit: fc.constantFrom(..."AZaz09-_+/=. \nAQgw".split("")), maxLength: 6 }),
);

test("a token is cut exactly where a plain reading cuts it", () => {
  let accepted = 0;
  fc.assert(
    fc.property(
      fc.array(segments, { minLength: 1, maxLength: 5 }),
      edits("AZaz09-_+/=. \n\u0000é"),
      (parts, changes) => {
        const token = scratch(parts.join("."), changes);
        const [header = "", payload = "", signature = "", ...more] = token.split(".");
        // The header is decoded by parseJwsHeader; here it only has to be there.
        const isWellFormed =
          token.split(".").length === 3 &&
          more.length === 0 &&
          header !== "" &&
          signature !== "" &&
          isCanonical(payload) &&
          isCanonical(signature);
        const parsed = parseCompactJws(token);
        expect(parsed.ok).toBe(isWellFormed);
        if (!parsed.ok) return;
        accepted += 1;
        expect(parsed.value.signingInput).toBe(`${header}.${payload}`);
        expect(Buffer.from(parsed.value.signature).toString("base64url")).toBe(signature);
      },
    ),
    fuzzSettings(2000),
  );
  expect(accepted).toBeGreaterThan(10);
});

/** `usual` four times out of five. */
function seldom(usual: JsonValue, ...others: readonly JsonValue[]): fc.Arbitrary<JsonValue> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
}

/** Absent members are written as nothing at all. */
const ABSENT = "absent";

const members: fc.Arbitrary<JsonObject> = fc
  .record({
    alg: fc.constantFrom<JsonValue>("ES256", "RS256", "EdDSA", "Ed25519", "none", "HS256", "es256", null, 1, ["ES256"]),
    kid: seldom("k1", ABSENT, "", "a b", "é", "x".repeat(300), 1, null, {}),
    typ: seldom("JWT", ABSENT, "at+jwt", "", 1, null, []),
    crit: seldom(ABSENT, [], ["exp"], null),
    b64: seldom(ABSENT, true, false),
    jwk: seldom(ABSENT, { kty: "oct", k: "AA" }),
  })
  .map((header) => Object.fromEntries(Object.entries(header).filter(([, value]) => value !== ABSENT)));

test("a header that is accepted names one algorithm of the table, a kid, and nothing critical", () => {
  let accepted = 0;
  const texts = fc.oneof(
    { weight: 3, arbitrary: members.map((header) => JSON.stringify(header)) },
    { weight: 1, arbitrary: documents.map((tree) => write(tree, "")) },
  );
  fc.assert(
    fc.property(texts, edits('{}":,alg'), fc.boolean(), (text, changes, isScratched) => {
      const header = isScratched ? scratch(text, changes) : text;
      const parsed = parseJwsHeader(Buffer.from(header).toString("base64url"));
      if (!parsed.ok) return;
      accepted += 1;
      const plain = jsonObject(header);
      expect(parsed.value.algorithm).toBe(findAlgorithm(plain["alg"]));
      expect([parsed.value.kid, parsed.value.typ]).toEqual([plain["kid"], plain["typ"]]);
      expect(Object.hasOwn(plain, "crit") || Object.hasOwn(plain, "b64")).toBe(false);
    }),
    fuzzSettings(2000),
  );
  expect(accepted).toBeGreaterThan(10);
});
