/**
 * DER to r‖s and back, strictly: agreed with a library and with node:crypto, for every input the property tests think
 * of.
 */
import { generateKeyPairSync, sign, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";
import ecdsaSigFormatter from "ecdsa-sig-formatter";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { concatToDer, derToConcat } from "../../../../issuer/kms/der.ts";
import type { EllipticCurve } from "../../../../shared/algorithms.ts";

const CURVES: readonly { crv: EllipticCurve; alg: string; bytes: number }[] = [
  { crv: "P-256", alg: "ES256", bytes: 32 },
  { crv: "P-384", alg: "ES384", bytes: 48 },
  { crv: "P-521", alg: "ES512", bytes: 66 },
];

/** Fixed-length integers in which short and zero magnitudes are frequent: that is where encoders go wrong. */
function coordinate(bytes: number): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.integer({ min: 0, max: bytes }), fc.uint8Array({ minLength: bytes, maxLength: bytes }))
    .map(([zeros, octets]) => octets.fill(0, 0, zeros));
}

function concatenation(bytes: number): fc.Arbitrary<Uint8Array> {
  return fc.tuple(coordinate(bytes), coordinate(bytes)).map(([r, s]) => Uint8Array.from([...r, ...s]));
}

function isNotZero(octet: number): boolean {
  return octet !== 0;
}

describe.each(CURVES)("signatures on $crv", ({ crv, alg, bytes }) => {
  test("r‖s survives the way to DER and back", () => {
    fc.assert(
      fc.property(concatenation(bytes), (concat) => {
        expect(derToConcat(concatToDer(concat), bytes)).toEqual(concat);
      }),
    );
  });

  test("both directions agree with ecdsa-sig-formatter", () => {
    // That library writes zero, which no signature contains, as an INTEGER without octets.
    const withoutZero = concatenation(bytes).filter(
      (concat) => concat.subarray(0, bytes).some(isNotZero) && concat.subarray(bytes).some(isNotZero),
    );
    fc.assert(
      fc.property(withoutZero, (concat) => {
        const der = concatToDer(concat);
        expect(Buffer.from(der)).toEqual(ecdsaSigFormatter.joseToDer(Buffer.from(concat), alg));
        const jose = Buffer.from(derToConcat(der, bytes) ?? []).toString("base64url");
        expect(jose).toBe(ecdsaSigFormatter.derToJose(Buffer.from(der), alg));
      }),
    );
  });

  test("a DER signature of node:crypto verifies as ieee-p1363 once converted, and the other way round", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: crv });
    const verifies = (
      data: Uint8Array,
      key: KeyObject,
      dsaEncoding: "der" | "ieee-p1363",
      signature: Uint8Array,
    ): boolean => verify("sha256", data, { key, dsaEncoding }, signature);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (data) => {
        const der = sign("sha256", data, { key: privateKey, dsaEncoding: "der" });
        const concat = sign("sha256", data, { key: privateKey, dsaEncoding: "ieee-p1363" });
        expect(verifies(data, publicKey, "ieee-p1363", derToConcat(der, bytes) ?? new Uint8Array())).toBe(true);
        expect(verifies(data, publicKey, "der", concatToDer(concat))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  test("whatever is accepted has exactly one encoding", () => {
    const mutated = fc
      .tuple(concatenation(bytes), fc.nat(), fc.nat(255), fc.constantFrom("set", "insert", "remove"))
      .map(([concat, at, octet, change]) => mutate(concatToDer(concat), at, octet, change));
    fc.assert(
      fc.property(mutated, (der) => {
        const concat = derToConcat(der, bytes);
        expect(concat === undefined ? der : concatToDer(concat)).toEqual(der);
      }),
      { numRuns: 2000 },
    );
  });

  test("no input makes the parser throw", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 160 }), (der) => {
        const concat = derToConcat(der, bytes);
        expect(concat === undefined || concat.length === 2 * bytes).toBe(true);
      }),
    );
  });
});

function mutate(der: Uint8Array, position: number, octet: number, change: string): Uint8Array<ArrayBuffer> {
  const at = position % der.length;
  const [before, after] = [der.subarray(0, at), der.subarray(at)];
  if (change === "insert") return Uint8Array.from([...before, octet, ...after]);
  return Uint8Array.from([...before, ...(change === "set" ? [octet] : []), ...after.subarray(1)]);
}

describe("strict DER", () => {
  const refusals: readonly [string, readonly number[]][] = [
    ["nothing", []],
    ["a tag that is not SEQUENCE", [0x31, 6, 2, 1, 1, 2, 1, 1]],
    ["a SEQUENCE without its length", [0x30]],
    ["a length with its length octet missing", [0x30, 0x81]],
    ["a length in long form that fits the short one", [0x30, 0x81, 6, 2, 1, 1, 2, 1, 1]],
    ["indefinite length", [0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0]],
    ["a length of two octets", [0x30, 0x82, 0, 6, 2, 1, 1, 2, 1, 1]],
    ["an octet after the SEQUENCE", [0x30, 6, 2, 1, 1, 2, 1, 1, 0]],
    ["a SEQUENCE cut short", [0x30, 6, 2, 1, 1, 2, 1]],
    ["an octet after the second INTEGER", [0x30, 7, 2, 1, 1, 2, 1, 1, 0]],
    ["a third INTEGER", [0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1]],
    ["one INTEGER", [0x30, 3, 2, 1, 1]],
    ["a tag that is not INTEGER", [0x30, 6, 3, 1, 1, 2, 1, 1]],
    ["an empty INTEGER", [0x30, 5, 2, 0, 2, 1, 1]],
    ["an INTEGER longer than what is there", [0x30, 6, 2, 9, 1, 2, 1, 1]],
    ["a second INTEGER longer than what is there", [0x30, 6, 2, 1, 1, 2, 2, 1]],
    ["a negative INTEGER", [0x30, 6, 2, 1, 0x80, 2, 1, 1]],
    ["a leading zero that is not needed", [0x30, 7, 2, 2, 0, 1, 2, 1, 1]],
    ["zero in two octets", [0x30, 7, 2, 2, 0, 0, 2, 1, 1]],
    [
      "an INTEGER of more octets than the curve has",
      [0x30, 38, 2, 33, 1, ...Array.from({ length: 32 }, () => 7), 2, 1, 1],
    ],
  ];
  test.each(refusals)("refuses %s", (_what, der) => {
    expect(derToConcat(Uint8Array.from(der), 32)).toBeUndefined();
  });

  test("pads short integers on the left", () => {
    expect(derToConcat(Uint8Array.of(0x30, 7, 2, 2, 0, 0x80, 2, 1, 5), 2)).toEqual(Uint8Array.of(0, 0x80, 0, 5));
  });

  test("takes no r‖s that cannot be two integers of a curve", () => {
    for (const length of [0, 63, 250]) expect(() => concatToDer(new Uint8Array(length))).toThrow(TypeError);
  });
});
