/**
 * ECDSA signatures between the two forms in use: DER, which KMS speaks (RFC 3279 section 2.2.3: SEQUENCE of two INTEGERs),
 * and r‖s of fixed length, which JWS carries (RFC 7518 section 3.4). Strict: one encoding per pair of integers, in both
 * directions. Does not know curves or group orders; whether a signature holds is for its verification to say.
 */

const SEQUENCE = 0x30;
const INTEGER = 0x02;
/** Length octets up to here stand for themselves; 0x81 announces one more (X.690 section 8.1.3). */
const MAX_SHORT_LENGTH = 0x7f;
const ONE_LENGTH_OCTET = 0x81;

/**
 * DER to r‖s.
 * @param coordinateBytes octets of r and of s: 32, 48 or 66
 * @returns undefined unless `der` is exactly one SEQUENCE of two INTEGERs that are minimally encoded, not negative and no
 *   longer than `coordinateBytes`, with nothing before, between or after
 */
export function derToConcat(der: Uint8Array, coordinateBytes: number): Uint8Array<ArrayBuffer> | undefined {
  const body = readSequence(der);
  if (body === undefined) return undefined;
  const r = readInteger(body, coordinateBytes);
  if (r === undefined) return undefined;
  const s = readInteger(body.subarray(r.end), coordinateBytes);
  if (s === undefined || r.end + s.end !== body.length) return undefined;
  const concat = new Uint8Array(2 * coordinateBytes);
  concat.set(r.magnitude, coordinateBytes - r.magnitude.length);
  concat.set(s.magnitude, 2 * coordinateBytes - s.magnitude.length);
  return concat;
}

/**
 * r‖s to DER.
 * @throws TypeError for an empty or odd length, or integers of more than 125 octets: no curve has such signatures
 */
export function concatToDer(concat: Uint8Array): Uint8Array<ArrayBuffer> {
  const coordinateBytes = concat.length / 2;
  if (!Number.isInteger(coordinateBytes) || coordinateBytes < 1 || coordinateBytes > 124) {
    throw new TypeError("r‖s is two integers of the same length, 1 to 124 octets each");
  }
  const r = magnitudeOf(concat.subarray(0, coordinateBytes));
  const s = magnitudeOf(concat.subarray(coordinateBytes));
  const length = integerBytes(r) + integerBytes(s);
  const header = length > MAX_SHORT_LENGTH ? [SEQUENCE, ONE_LENGTH_OCTET, length] : [SEQUENCE, length];
  const der = new Uint8Array(header.length + length);
  der.set(header);
  writeInteger(der, header.length, r);
  writeInteger(der, header.length + integerBytes(r), s);
  return der;
}

/** The content of the one SEQUENCE that fills the input. */
function readSequence(der: Uint8Array): Uint8Array | undefined {
  if (der[0] !== SEQUENCE) return undefined;
  const long = der[1] === ONE_LENGTH_OCTET;
  const length = long ? der[2] : der[1];
  const start = long ? 3 : 2;
  // DER: the long form only for what the short form cannot hold (X.690 section 10.1).
  if (length === undefined || long !== length > MAX_SHORT_LENGTH || der.length !== start + length) return undefined;
  return der.subarray(start);
}

/** The INTEGER at the start of `bytes`, without its sign octet, and where it says that it ends. */
function readInteger(
  bytes: Uint8Array,
  maxBytes: number,
): { readonly magnitude: Uint8Array; readonly end: number } | undefined {
  const length = bytes[1];
  if (bytes[0] !== INTEGER || length === undefined || length === 0 || length > MAX_SHORT_LENGTH) return undefined;
  const content = bytes.subarray(2, 2 + length);
  const [first = 0, second = 0] = content;
  if (isNegative(first)) return undefined;
  // A leading zero octet is there to keep a number positive, and for nothing else (X.690 section 8.3.2).
  const hasSignOctet = first === 0 && length > 1;
  if (hasSignOctet && !isNegative(second)) return undefined;
  const magnitude = hasSignOctet ? content.subarray(1) : content;
  return magnitude.length > maxBytes ? undefined : { magnitude, end: 2 + length };
}

/** A number without its leading zero octets; zero keeps one. */
function magnitudeOf(fixed: Uint8Array): Uint8Array {
  let start = 0;
  while (start < fixed.length - 1 && fixed[start] === 0) start += 1;
  return fixed.subarray(start);
}

/** Octets of the INTEGER: tag, length, a sign octet where the number would be negative without, the number. */
function integerBytes(magnitude: Uint8Array): number {
  return (isNegative(magnitude[0] ?? 0) ? 3 : 2) + magnitude.length;
}

function writeInteger(der: Uint8Array, start: number, magnitude: Uint8Array): void {
  const bytes = integerBytes(magnitude);
  der[start] = INTEGER;
  der[start + 1] = bytes - 2;
  der.set(magnitude, start + bytes - magnitude.length);
}

function isNegative(firstOctet: number): boolean {
  return firstOctet >= 0x80;
}
