/** Which encodings are a public key of Ed25519: y below the prime, and no point of small order, with either sign of x. */
import { describe, expect, test } from "vitest";
import { encodeBase64url } from "../../../shared/base64url.ts";
import { isStrongEd25519Key } from "../../../shared/ed25519.ts";

const P = 2n ** 255n - 19n;
const ORDER_8_Y = 0x5fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n;

/** y, little-endian, with the sign of x in the highest bit (RFC 8032 section 5.1.2). */
function encode(y: bigint, sign: 0 | 1): string {
  const encoded = y | (BigInt(sign) << 255n);
  return encodeBase64url(Uint8Array.from({ length: 32 }, (_, index) => Number((encoded >> BigInt(8 * index)) & 0xffn)));
}

function modP(value: bigint): bigint {
  return ((value % P) + P) % P;
}

function power(base: bigint, exponent: bigint): bigint {
  if (exponent === 0n) return 1n;
  const half = power(base, exponent >> 1n);
  return modP((exponent & 1n) === 0n ? half * half : half * half * base);
}

const inverse = (value: bigint): bigint => power(modP(value), P - 2n);
const D = modP(-121_665n * inverse(121_666n));

/** The y of twice a point, from its y: y(2Q) = (y² + x²) / (2 - (y² - x²)), on -x² + y² = 1 + d x² y². */
function doubledY(y: bigint): bigint {
  const ySquared = modP(y * y);
  const xSquared = modP((ySquared - 1n) * inverse(D * ySquared + 1n));
  return modP((ySquared + xSquared) * inverse(2n - ySquared + xSquared));
}

/** RFC 8032 section 5.1: the y of the base point is 4/5. */
const BASE_Y = modP(4n * inverse(5n));

describe.each([0, 1] as const)("with the sign %d", (sign) => {
  test.each([
    ["1", 1n],
    ["2", P - 1n],
    ["4", 0n],
    ["8", ORDER_8_Y],
    ["8, the other one", P - ORDER_8_Y],
  ])("a point of order %s is refused: doubled three times it is the neutral one", (_order, y) => {
    expect(doubledY(doubledY(doubledY(y)))).toBe(1n);
    expect(isStrongEd25519Key(encode(y, sign))).toBe(false);
  });

  test.each([P, P + 1n, P + 2n, P + 17n, 2n ** 255n - 1n])("y = %d is not below the prime", (y) => {
    expect(isStrongEd25519Key(encode(y, sign))).toBe(false);
  });

  test("the base point is a key, and so are the neighbours of what is refused", () => {
    expect(doubledY(doubledY(doubledY(BASE_Y)))).not.toBe(1n);
    for (const y of [BASE_Y, 2n, P - 2n, ORDER_8_Y - 1n, ORDER_8_Y + 1n, P - ORDER_8_Y + 1n]) {
      expect(isStrongEd25519Key(encode(y, sign))).toBe(true);
    }
  });
});

test("text that is no base64url is no key", () => {
  expect(isStrongEd25519Key("!")).toBe(false);
});
