/** The platform's decoder against the portable one. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64url, decodePortablyInto, encodeBase64url } from "../../../shared/base64url.ts";

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
      const isAccepted = text.length % 4 !== 1 && decodePortablyInto(text, octets) && encodeBase64url(octets) === text;
      expect(decodeBase64url(text)).toEqual(isAccepted ? octets : undefined);
    }),
    { numRuns: 3000 },
  );
});
