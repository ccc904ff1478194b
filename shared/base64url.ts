/**
 * base64url without padding (RFC 7515 section 2, RFC 4648 section 5), canonical in both directions: exactly one text
 * decodes to a given byte string, so a token has exactly one spelling. Pure; hand-written because the platforms'
 * decoders accept padding, white space or non-zero trailing bits.
 */

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
 *   trailing bits that are not zero (RFC 4648 section 3.5).
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const length = text.length;
  const remainder = length & 3;
  if (remainder === 1) return undefined;
  const bytes = new Uint8Array((length * 3) >> 2);
  let position = 0;
  let index = 0;
  // Any invalid character sets bit 6 of `seen`; checking once at the end keeps the loop free of branches.
  let seen = 0;
  for (const whole = length - remainder; index < whole; index += 4) {
    const a = sextet(text, index);
    const b = sextet(text, index + 1);
    const c = sextet(text, index + 2);
    const d = sextet(text, index + 3);
    seen |= a | b | c | d;
    bytes[position++] = (a << 2) | (b >> 4);
    bytes[position++] = (b << 4) | (c >> 2);
    bytes[position++] = (c << 6) | d;
  }
  if (remainder !== 0) {
    const a = sextet(text, index);
    const b = sextet(text, index + 1);
    const c = remainder === 3 ? sextet(text, index + 2) : 0;
    seen |= a | b | c;
    bytes[position++] = (a << 2) | (b >> 4);
    if (remainder === 3) bytes[position] = (b << 4) | (c >> 2);
    const trailing = remainder === 3 ? c & 3 : b & 15;
    if (trailing !== 0) return undefined;
  }
  return (seen & INVALID) === 0 ? bytes : undefined;
}

function sextet(text: string, index: number): number {
  return SEXTETS[text.charCodeAt(index)] ?? INVALID;
}
