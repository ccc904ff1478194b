/**
 * base64url without padding (RFC 7515 section 2, RFC 4648 section 5), canonical in both directions: exactly one text
 * decodes to a given byte string, so a token has exactly one spelling. Pure. The platform's decoder does the work where
 * there is one, inside checks that make it strict: by itself it accepts padding, white space and trailing bits.
 */
import { allocateOctets } from "./octets.ts";

/** Bytes to base64url text. */
export function encodeBase64url(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * base64url text to bytes.
 * @returns undefined for any character outside the alphabet (padding and white space included), an impossible length, or
 *   trailing bits that are not zero (RFC 4648 section 3.5). Short-lived bytes: see octets.ts.
 */
export function decodeBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  const remainder = text.length & 3;
  if (remainder > 0 && !LAST_CHARACTERS[remainder]?.includes(text.charAt(text.length - 1))) return undefined;
  const octets = allocateOctets((text.length * 3) >> 2);
  return decodeInto(text, octets) ? octets : undefined;
}

/**
 * How a text may end that has one, two or three characters after its last four. Two carry 12 bits for one octet, three carry
 * 18 for two: in the last one, four or two bits are not used and must be zero.
 */
const LAST_CHARACTERS = ["", "", "AQgw", "AEIMQUYcgkosw048"];

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
  if (!/^[\w-]*$/.test(text)) return false;
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  for (let index = 0; index < octets.length; index += 1) octets[index] = binary.charCodeAt(index);
  return true;
}
