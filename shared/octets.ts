/**
 * Short-lived byte arrays, cut from a larger buffer: to a platform, an ArrayBuffer is an allocation outside of the
 * JavaScript heap, and three of them for each token cost more than what is written into them. No octet is ever handed out
 * twice. An array that is kept keeps the whole buffer; copy what has to last.
 */

const POOL_BYTES = 65_536;

/** Anything larger gets a buffer of its own, so that little of a pool is left over. */
const MAX_POOLED_BYTES = 8192;

let pool: Uint8Array<ArrayBuffer> = new Uint8Array(0);
let used = 0;

/** @returns an array of zeros, as `new Uint8Array(length)` */
export function allocateOctets(length: number): Uint8Array<ArrayBuffer> {
  if (length > MAX_POOLED_BYTES) return new Uint8Array(length);
  if (used + length > pool.length) {
    pool = new Uint8Array(POOL_BYTES);
    used = 0;
  }
  const start = used;
  used += length;
  return pool.subarray(start, used);
}
