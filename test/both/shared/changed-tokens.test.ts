/** No change of a single bit of a good token leaves it valid, for each algorithm and each of its three segments. */
import * as fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { ALGS } from "../../../shared/algorithms.ts";
import { decodeBase64url, encodeBase64url } from "../../../shared/base64url.ts";
import { given } from "../../support/values.ts";
import { goodToken } from "../../support/forge.ts";
import { makeTarget } from "../../support/target.ts";
import type { Target } from "../../support/target.ts";

const SEGMENTS = ["header", "payload", "signature"] as const;

function flipBit(octets: Uint8Array, bit: number): Uint8Array {
  const at = Math.floor(bit / 8);
  return Uint8Array.from(octets, (octet, index) => (index === at ? octet ^ (1 << (bit % 8)) : octet));
}

/** The token with one bit of one decoded segment turned over. */
function flipInSegment(token: string, segment: number, fraction: number): string {
  const parts = token.split(".");
  const octets = given(decodeBase64url(given(parts[segment])));
  const bit = Math.min(Math.floor(fraction * octets.length * 8), octets.length * 8 - 1);
  return parts.with(segment, encodeBase64url(flipBit(octets, bit))).join(".");
}

describe.each(ALGS)("a token for %s", (alg) => {
  let target: Target;
  let token: string;

  beforeAll(async () => {
    target = await makeTarget([alg]);
    token = await goodToken(target.key(alg));
  });

  test("is good before it is changed", async () => {
    expect(await target.outcome(token)).toBe("accepted");
  });

  test.each(SEGMENTS)("does not survive a change of one bit of its %s", async (name) => {
    const segment = SEGMENTS.indexOf(name);
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, noNaN: true }), async (fraction) => {
        const outcome = await target.outcome(flipInSegment(token, segment, fraction));
        // A changed header may already fail as a header; payload and signature are not looked at before.
        return name === "header" ? outcome !== "accepted" : outcome === "signature_invalid";
      }),
      { numRuns: 60 },
    );
  });

  test("does not survive a change of one bit of its text", async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: token.length - 1 }), fc.nat({ max: 15 }), async (index, bit) => {
        const changed = String.fromCharCode(token.charCodeAt(index) ^ (1 << bit));
        const text = token.slice(0, index) + changed + token.slice(index + 1);
        expect(await target.outcome(text)).not.toBe("accepted");
      }),
      { numRuns: 60 },
    );
  });

  test("does not survive a missing, an added or an exchanged character", async () => {
    const last = token.length - 1;
    const texts = [
      token.slice(0, last),
      token.slice(1),
      `${token}A`,
      `A${token}`,
      `${token}.`,
      `.${token}`,
      `${token}\n`,
    ];
    for (const text of texts) expect(await target.outcome(text)).not.toBe("accepted");
  });
});

test("every single bit of the text of an EdDSA token counts", async () => {
  const target = await makeTarget(["EdDSA"]);
  const token = await goodToken(target.key("EdDSA"));
  const survivors: string[] = [];
  for (let index = 0; index < token.length; index += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const changed = String.fromCharCode(token.charCodeAt(index) ^ (1 << bit));
      const text = token.slice(0, index) + changed + token.slice(index + 1);
      if ((await target.outcome(text)) === "accepted") survivors.push(`bit ${bit} of character ${index}`);
    }
  }
  expect(survivors).toEqual([]);
});
