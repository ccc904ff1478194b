/** Integers and octets, for signatures that no library would make. */

/** OS2IP (RFC 8017 section 4.2). */
export function integerOf(octets: Uint8Array): bigint {
  let value = 0n;
  for (const octet of octets) value = (value << 8n) | BigInt(octet);
  return value;
}

/** I2OSP (RFC 8017 section 4.1). */
export function octetsOf(value: bigint, length: number): Uint8Array {
  const octets = new Uint8Array(length);
  let rest = value;
  for (let index = length - 1; index >= 0; index -= 1) {
    octets[index] = Number(rest & 255n);
    rest >>= 8n;
  }
  if (rest !== 0n) throw new RangeError("the integer does not fit");
  return octets;
}

export function fromLittleEndian(octets: Uint8Array): bigint {
  return integerOf(octets.toReversed());
}

export function toLittleEndian(value: bigint, length: number): Uint8Array {
  return octetsOf(value, length).toReversed();
}

/** base ** exponent modulo modulus. */
export function powerModulo(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** The smallest integer whose cube is not below the value. */
export function cubeRootUp(value: bigint): bigint {
  let low = 0n;
  let high = 1n << BigInt(Math.ceil(value.toString(2).length / 3) + 1);
  while (low < high) {
    const middle = (low + high) >> 1n;
    if (middle ** 3n < value) low = middle + 1n;
    else high = middle;
  }
  return low;
}

/** The cube root of an odd integer modulo 2 ** bits. */
export function cubeRootModuloPowerOfTwo(value: bigint, bits: number): bigint {
  let root = 1n;
  for (let bit = 1n; bit < BigInt(bits); bit += 1n) {
    if (((root ** 3n - value) >> bit) & 1n) root |= 1n << bit;
  }
  return root;
}
