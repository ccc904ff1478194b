/** Attacks on ECDSA and EdDSA signatures: psychic, out of range, in another encoding or length, and of weak points. */
import { beforeAll, describe, expect, test } from "vitest";
import { decodeBase64url, encodeBase64url } from "../../../../shared/base64url.ts";
import { given } from "../../../support/values.ts";
import { forgeSignature, goodToken, signWith } from "../../../support/forge.ts";
import { makeTarget } from "../../../support/target.ts";
import type { Target } from "../../../support/target.ts";
import { fromLittleEndian, integerOf, octetsOf, toLittleEndian } from "./integers.ts";

/** Orders of the groups: FIPS 186-5 / SP 800-186 section 3.2.1, RFC 8032 section 5.1. */
const ORDERS = {
  ES256: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
  ES384: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
  ES512:
    0x01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409n,
} as const;

const ED25519_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

describe.each([
  ["ES256", 32],
  ["ES384", 48],
  ["ES512", 66],
] as const)("an %s signature", (alg, half) => {
  const order = ORDERS[alg];
  const join = (r: bigint, s: bigint): Uint8Array => Uint8Array.of(...octetsOf(r, half), ...octetsOf(s, half));
  let target: Target;
  let good: { readonly token: string; readonly r: bigint; readonly s: bigint };

  beforeAll(async () => {
    target = await makeTarget([alg]);
    const token = await goodToken(target.key(alg));
    const signature = given(decodeBase64url(given(token.split(".")[2])));
    good = { token, r: integerOf(signature.subarray(0, half)), s: integerOf(signature.subarray(half)) };
  });

  /** The same good token with another signature. */
  async function withSignature(signature: Uint8Array): Promise<string> {
    return target.outcome(await forgeSignature(target.key(alg), () => signature));
  }

  test("with r or s zero, 1, the order, or beyond it is refused (psychic signatures)", async () => {
    const top = 2n ** BigInt(8 * half) - 1n;
    const values = [0n, 1n, order - 1n, order, order + 1n, 2n * order > top ? order + 2n : 2n * order, top];
    for (const r of values) {
      for (const s of values) expect(await withSignature(join(r, s))).toBe("signature_invalid");
    }
  });

  test("with one half of a good signature and a zero, or the order, is refused", async () => {
    for (const value of [0n, order]) {
      expect(await withSignature(join(good.r, value))).toBe("signature_invalid");
      expect(await withSignature(join(value, good.s))).toBe("signature_invalid");
    }
  });

  test("with r or s not reduced is refused", async () => {
    for (const [r, s] of [
      [good.r + order, good.s],
      [good.r, good.s + order],
      [order - good.r, good.s],
      [good.s, good.r],
    ] as const) {
      if (r >= 2n ** BigInt(8 * half) || s >= 2n ** BigInt(8 * half)) continue;
      expect(await withSignature(join(r, s))).toBe("signature_invalid");
    }
  });

  test("in DER is refused, whatever its length", async () => {
    const { r, s } = good;
    const der = sequenceOf(r, s);
    expect(await withSignature(der)).toBe("signature_invalid");
    expect(await withSignature(Uint8Array.of(...der, ...new Uint8Array(2 * half).subarray(der.length)))).toBe(
      "signature_invalid",
    );
    expect(await withSignature(der.subarray(0, 2 * half))).toBe("signature_invalid");
  });

  test("that is truncated, padded or split elsewhere is refused", async () => {
    const whole = join(good.r, good.s);
    const r = octetsOf(good.r, half);
    const s = octetsOf(good.s, half);
    for (const signature of [
      Uint8Array.of(0),
      whole.subarray(0, half),
      whole.subarray(1),
      whole.subarray(0, -1),
      Uint8Array.of(...whole, 0),
      Uint8Array.of(0, ...whole),
      Uint8Array.of(0, ...r, 0, ...s),
      Uint8Array.of(...whole, ...whole),
      new Uint8Array(2 * half + 2),
    ]) {
      expect(await withSignature(signature)).toBe("signature_invalid");
    }
  });

  test("over another text, or by another key, is refused", async () => {
    const other = await makeTarget([alg]);
    expect(await target.outcome(await forgeSignature(target.key(alg), signWith(other.key(alg))))).toBe(
      "signature_invalid",
    );
  });

  // ECDSA itself gives each signature a twin, and RFC 7518 does not choose one: a token's text is not an identity.
  test("and its twin (r, n - s) are both good: only jti tells tokens apart", async () => {
    expect(await target.outcome(good.token)).toBe("accepted");
    const [header = "", payload = ""] = good.token.split(".");
    const twin = `${header}.${payload}.${encodeBase64url(join(good.r, order - good.s))}`;
    expect(twin).not.toBe(good.token);
    expect(await target.outcome(twin)).toBe("accepted");
  });
});

describe("an EdDSA signature", () => {
  let target: Target;
  let signature: Uint8Array;

  beforeAll(async () => {
    target = await makeTarget(["EdDSA"]);
    const token = await goodToken(target.key("EdDSA"));
    signature = given(decodeBase64url(given(token.split(".")[2])));
  });

  async function withSignature(octets: Uint8Array): Promise<string> {
    return target.outcome(await forgeSignature(target.key("EdDSA"), () => octets));
  }

  test("is accepted as it was made", async () => {
    expect(await withSignature(signature)).toBe("accepted");
  });

  test("with S not reduced is refused (RFC 8032 section 5.1.7)", async () => {
    const s = fromLittleEndian(signature.subarray(32));
    for (const multiple of [1n, 2n, 8n, 15n]) {
      const larger = Uint8Array.of(...signature.subarray(0, 32), ...toLittleEndian(s + multiple * ED25519_ORDER, 32));
      expect(await withSignature(larger)).toBe("signature_invalid");
    }
  });

  test("of zeros, of the neutral point, or of a part of a good one is refused", async () => {
    const neutral = new Uint8Array(64);
    neutral[0] = 1;
    const parts = [signature.slice(0, 32), signature.slice(32)] as const;
    for (const octets of [
      new Uint8Array(64),
      neutral,
      Uint8Array.of(...parts[0], ...new Uint8Array(32)),
      Uint8Array.of(...new Uint8Array(32), ...parts[1]),
      Uint8Array.of(...parts[1], ...parts[0]),
      parts[0],
      signature.slice(1),
      signature.slice(0, -1),
      Uint8Array.of(...signature, 0),
      new Uint8Array(64).fill(0xff),
    ]) {
      expect(await withSignature(octets)).toBe("signature_invalid");
    }
  });

  test("made for Ed25519ph or Ed25519ctx, or over a digest, is refused", async () => {
    const digest: (input: Uint8Array<ArrayBuffer>) => Promise<Uint8Array> = async (input) => {
      const hash = await crypto.subtle.digest("SHA-512", input);
      return new Uint8Array(await crypto.subtle.sign("Ed25519", target.key("EdDSA").privateKey, hash));
    };
    expect(await target.outcome(await forgeSignature(target.key("EdDSA"), digest))).toBe("signature_invalid");
  });
});

/** DER of SEQUENCE { INTEGER r, INTEGER s }. */
function sequenceOf(r: bigint, s: bigint): Uint8Array {
  const content = [...derInteger(r), ...derInteger(s)];
  return Uint8Array.of(0x30, ...(content.length < 128 ? [content.length] : [0x81, content.length]), ...content);
}

function derInteger(value: bigint): number[] {
  const octets = [...octetsOf(value, Math.ceil((value.toString(2).length + 1) / 8))];
  return [0x02, octets.length, ...octets];
}
