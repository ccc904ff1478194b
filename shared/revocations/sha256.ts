/**
 * SHA-256 (FIPS 180-4 section 6.2) in one synchronous call. WebCrypto's digest is a promise and costs more than a token's
 * whole claims check for texts as short as a token's `jti`. Only public values are hashed here, so that timing tells nothing.
 */

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes (section 4.2.2). */
const ROUND_CONSTANTS: Int32Array = Int32Array.from(
  [
    [0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5],
    [0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174],
    [0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da],
    [0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967],
    [0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85],
    [0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070],
    [0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3],
    [0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2],
  ].flat(),
);

/** The same of the square roots of the first eight (section 5.3.3). */
const INITIAL_STATE: readonly number[] = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

const BLOCK_WORDS = 16;

/** Written anew for each block. Nothing runs in between, as the function is synchronous. */
const schedule = new Int32Array(64);

/** @returns the digest as eight words, the first octets in the first word's high bits */
export function sha256Words(message: Uint8Array): Uint32Array {
  const state = Int32Array.from(INITIAL_STATE);
  // The message, a one bit and the length in bits, which takes eight octets of the last block (section 5.1.1).
  const blocks = ((message.length + 8) >>> 6) + 1;
  for (let block = 0; block < blocks; block += 1) {
    for (let t = 0; t < BLOCK_WORDS; t += 1) schedule[t] = wordAt(message, 4 * (BLOCK_WORDS * block + t));
    if (block === blocks - 1) {
      schedule[BLOCK_WORDS - 2] = Math.floor(message.length / 2 ** 29);
      schedule[BLOCK_WORDS - 1] = message.length << 3;
    }
    addBlock(state);
  }
  return new Uint32Array(state.buffer);
}

/** Four octets of the padded message, without a copy of it. */
function wordAt(message: Uint8Array, at: number): number {
  return (
    (octetAt(message, at) << 24) |
    (octetAt(message, at + 1) << 16) |
    (octetAt(message, at + 2) << 8) |
    octetAt(message, at + 3)
  );
}

function octetAt(message: Uint8Array, at: number): number {
  return at < message.length ? (message[at] ?? 0) : at === message.length ? 0x80 : 0;
}

function addBlock(state: Int32Array): void {
  const w = schedule;
  for (let t = BLOCK_WORDS; t < 64; t += 1) {
    const x = w[t - 15] ?? 0;
    const y = w[t - 2] ?? 0;
    const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3);
    const s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
    w[t] = (w[t - 16] ?? 0) + s0 + (w[t - 7] ?? 0) + s1;
  }
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  let f = state[5] ?? 0;
  let g = state[6] ?? 0;
  let h = state[7] ?? 0;
  for (let t = 0; t < 64; t += 1) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const t1 = (h + s1 + (g ^ (e & (f ^ g))) + (ROUND_CONSTANTS[t] ?? 0) + (w[t] ?? 0)) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const t2 = (s0 + ((a & b) | (c & (a | b)))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
  state[4] = (state[4] ?? 0) + e;
  state[5] = (state[5] ?? 0) + f;
  state[6] = (state[6] ?? 0) + g;
  state[7] = (state[7] ?? 0) + h;
}

/** ROTR of section 3.2. */
function turn(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}
