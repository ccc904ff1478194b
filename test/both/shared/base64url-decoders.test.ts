/** The platform's decoder against the portable one, and that decoded octets never share memory. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64url, decodePortablyInto, encodeBase64url } from "../../../shared/base64url.ts";
import { allocateOctets } from "../../../shared/octets.ts";

const characters = fc.constantFrom(..."AZaz09-_Aw=+/ \n.é".split(""));

test("the portable decoder fills the same octets from the same texts as the one in use", () => {
  const texts = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => encodeBase64url(bytes)),
    fc.string({ unit: characters, maxLength: 24 }),
  );
  fc.assert(
    fc.property(texts, (text) => {
      const octets = new Uint8Array((text.length * 3) >> 2);
      // The portable step leaves trailing bits and impossible lengths to its caller; both show when encoding again.
      const isAccepted = decodePortablyInto(text, octets) && encodeBase64url(octets) === text;
      expect(decodeBase64url(text)).toEqual(isAccepted ? octets : undefined);
    }),
    { numRuns: 3000 },
  );
});

test("what is decoded later never changes what was decoded before, whatever the lengths", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9000 }), { minLength: 20, maxLength: 40 }), (lengths) => {
      const arrays = lengths.map((length) => allocateOctets(length));
      for (const [index, array] of arrays.entries()) array.fill(index + 1);
      for (const [index, array] of arrays.entries()) {
        expect(array.length).toBe(lengths[index]);
        expect(array.every((octet) => octet === index + 1)).toBe(true);
      }
    }),
    { numRuns: 50 },
  );
});

test("allocated octets are zero", () => {
  for (let length = 0; length < 20_000; length += 997) {
    const octets = allocateOctets(length);
    expect(octets.every((octet) => octet === 0)).toBe(true);
    octets.fill(255);
  }
});

test.each([0, 1, 8191, 8192, 8193, 65_535, 65_536, 65_537, 2_000_000])(
  "%i octets are allocated, all of them zero",
  (length) => {
    const octets = allocateOctets(length);
    expect(octets.length).toBe(length);
    expect(octets.every((octet) => octet === 0)).toBe(true);
  },
);
