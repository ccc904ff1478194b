/**
 * base64url without padding (RFC 7515 section 2, RFC 4648 section 5), canonical in both directions: exactly one text
 * decodes to a given byte string, so a token has exactly one spelling. Pure. The platform's decoder does the work where
 * there is one, inside checks that make it strict: by itself it accepts padding, white space and trailing bits.
 */
import { allocateOctets } from "./octets.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const INVALID = 64;

const SEXTETS: Uint8Array = new Uint8Array(128).fill(INVALID);
for (let index = 0; index < ALPHABET.length; index += 1) SEXTETS[ALPHABET.charCodeAt(index)] = index;

/** Bytes to base64url text. */
export function encodeBase64url(bytes: Uint8Array): string {
  let text = "";
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xffff;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += ALPHABET.charAt((buffer >> bits) & 63);
    }
  }
  if (bits > 0) text += ALPHABET.charAt((buffer << (6 - bits)) & 63);
  return text;
}

/**
 * base64url text to bytes.
 * @returns undefined for any character outside the alphabet (padding and white space included), an impossible length, or
 *   trailing bits that are not zero (RFC 4648 section 3.5). Short-lived bytes: see octets.ts.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const remainder = text.length & 3;
  if (remainder === 1) return undefined;
  // Two characters carry 12 bits for one octet, three carry 18 for two.
  const unused = remainder === 2 ? 15 : remainder === 3 ? 3 : 0;
  if (unused !== 0 && (sextet(text, text.length - 1) & unused) !== 0) return undefined;
  const octets = allocateOctets((text.length * 3) >> 2);
  return decodeInto(text, octets) ? octets : undefined;
}

/** Fills `octets` from the text, which is as long as they need; false for a character outside the alphabet. */
type DecodeInto = (text: string, octets: Uint8Array<ArrayBuffer>) => boolean;

/** The part of `Uint8Array.prototype.setFromBase64` that is used (ECMA-262, 2026): workerd has it, Node 24 has not. */
interface Base64Octets {
  readonly setFromBase64: (
    this: Uint8Array,
    text: string,
    options: { readonly alphabet: "base64url" },
  ) => { readonly written: number };
}

const decodeInto: DecodeInto = nativeDecodeInto(Uint8Array.prototype) ?? decodePortablyInto;

function nativeDecodeInto(prototype: object): DecodeInto | undefined {
  if (!hasSetFromBase64(prototype)) return undefined;
  const { setFromBase64 } = prototype;
  const options = { alphabet: "base64url" } as const;
  return (text, octets) => {
    try {
      // Padding and white space are passed over, and the octets that they take the place of are missing.
      return setFromBase64.call(octets, text, options).written === octets.length;
    } catch {
      return false;
    }
  };
}

function hasSetFromBase64(prototype: object): prototype is Base64Octets {
  return "setFromBase64" in prototype;
}

/** The same for platforms without a decoder. Exported for the tests, which hold the two against each other. */
export function decodePortablyInto(text: string, octets: Uint8Array): boolean {
  const whole = text.length & ~3;
  let position = 0;
  let index = 0;
  // Any invalid character sets bit 6 of `seen`; checking once at the end keeps the loop free of branches.
  let seen = 0;
  for (; index < whole; index += 4) {
    const a = sextet(text, index);
    const b = sextet(text, index + 1);
    const c = sextet(text, index + 2);
    const d = sextet(text, index + 3);
    seen |= a | b | c | d;
    octets[position++] = (a << 2) | (b >> 4);
    octets[position++] = (b << 4) | (c >> 2);
    octets[position++] = (c << 6) | d;
  }
  if (index < text.length) {
    const a = sextet(text, index);
    const b = sextet(text, index + 1);
    const c = index + 2 < text.length ? sextet(text, index + 2) : 0;
    seen |= a | b | c;
    octets[position++] = (a << 2) | (b >> 4);
    // Past the end of the octets when there are two characters only, where a write has no effect.
    octets[position] = (b << 4) | (c >> 2);
  }
  return (seen & INVALID) === 0;
}

function sextet(text: string, index: number): number {
  return SEXTETS[text.charCodeAt(index)] ?? INVALID;
}
