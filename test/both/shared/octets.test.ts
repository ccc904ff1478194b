/** Octets that are cut from a shared buffer: zero, as many as were asked for, and handed out once. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { allocateOctets } from "../../../shared/octets.ts";

test("what is written into one array never changes another, whatever the lengths", () => {
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
