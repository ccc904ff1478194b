/** DER signatures, by a grammar of tag, length and value with one thing wrong: what is accepted is what DER says, once. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { concatToDer, derToConcat } from "../../../issuer/kms/der.ts";
import { fuzzSettings } from "../../support/fuzz.ts";

interface IntegerRecipe {
  readonly magnitude: Uint8Array;
  readonly tag: number;
  readonly sign: "as needed" | "always" | "never";
  readonly lengthOff: number;
  readonly isLongForm: boolean;
}

/** `usual` nine times out of ten. */
function seldom<Value>(usual: Value, ...others: readonly Value[]): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
}

const integers: fc.Arbitrary<IntegerRecipe> = fc.record({
  magnitude: fc.oneof(
    { weight: 4, arbitrary: fc.uint8Array({ minLength: 1, maxLength: 66 }) },
    { weight: 1, arbitrary: fc.constantFrom(Uint8Array.of(0), Uint8Array.of(0x80), Uint8Array.of(0, 0, 1)) },
  ),
  tag: seldom(0x02, 0x03, 0x30, 0x82, 0x00),
  sign: seldom<IntegerRecipe["sign"]>("as needed", "always", "never"),
  lengthOff: seldom(0, 1, -1, 200),
  isLongForm: seldom(false, true),
});

function writeInteger({ magnitude, tag, sign, lengthOff, isLongForm }: IntegerRecipe): readonly number[] {
  const needsSign = (magnitude[0] ?? 0) >= 0x80;
  const content = sign === "always" || (sign === "as needed" && needsSign) ? [0, ...magnitude] : [...magnitude];
  const length = (content.length + lengthOff) & 0xff;
  return [tag, ...(isLongForm ? [0x81, length] : [length]), ...content];
}

const signatures = fc
  .record({
    r: integers,
    s: integers,
    tag: seldom(0x30, 0x31, 0x02),
    form: seldom<"right" | "long" | "indefinite" | "two octets">("right", "long", "indefinite", "two octets"),
    lengthOff: seldom(0, 1, -1),
    trailing: seldom<readonly number[]>([], [0], [0x05, 0x00], [0x02, 0x01, 0x01]),
  })
  .map(({ r, s, tag, form, lengthOff, trailing }) => {
    const body = [...writeInteger(r), ...writeInteger(s)];
    const length = (body.length + lengthOff) & 0xff;
    const header = { right: length > 127 ? [0x81, length] : [length], long: [0x81, length] };
    const lengths = { ...header, indefinite: [0x80], "two octets": [0x82, 0, length] }[form];
    return Uint8Array.from([tag, ...lengths, ...body, ...trailing]);
  });

test.each([32, 48, 66])("for coordinates of %i octets", (bytes) => {
  let accepted = 0;
  fc.assert(
    fc.property(signatures, (der) => {
      const concat = derToConcat(der, bytes);
      if (concat === undefined) return;
      accepted += 1;
      expect(concat).toHaveLength(2 * bytes);
      expect(concatToDer(concat)).toEqual(der);
    }),
    fuzzSettings(2000),
  );
  expect(accepted).toBeGreaterThan(20);
});

test("every pair of coordinates has one spelling that is accepted, and no other near it is", () => {
  const pairs = fc.uint8Array({ minLength: 64, maxLength: 64 });
  fc.assert(
    fc.property(pairs, fc.nat(), fc.nat(255), (concat, at, octet) => {
      const der = concatToDer(concat);
      expect(derToConcat(der, 32)).toEqual(concat);
      const other = der.with(at % der.length, octet);
      const read = derToConcat(other, 32);
      // Another value in the content is another signature; the same one in another spelling does not exist.
      expect(read === undefined || Buffer.compare(concatToDer(read), other) === 0).toBe(true);
    }),
    fuzzSettings(2000),
  );
});
