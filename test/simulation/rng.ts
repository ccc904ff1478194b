/**
 * Chance that can be replayed: a small generator with a seed (sfc32; passes PractRand), and forks by name, so that one
 * part of the simulation that asks more often does not change what the others get. Not for secrets.
 */

export interface Rng {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform in [from, to). */
  between(from: number, to: number): number;
  /** A whole number in [from, to], both included. */
  int(from: number, to: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** One of the values. */
  pick<Value>(values: readonly [Value, ...Value[]] | readonly Value[]): Value;
  /** An independent generator: the same for the same seed and name. */
  fork(name: string): Rng;
}

export function createRng(seed: string): Rng {
  let [a, b, c, d] = hashSeed(seed);
  const next = (): number => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4_294_967_296;
  };
  for (let round = 0; round < 12; round++) next();
  const between = (from: number, to: number): number => from + next() * (to - from);
  const int = (from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
  return {
    next,
    between,
    int,
    chance: (probability) => next() < probability,
    pick(values) {
      const value = values[int(0, values.length - 1)];
      if (value === undefined) throw new TypeError("nothing to pick from");
      return value;
    },
    fork: (name) => createRng(`${seed}/${name}`),
  };
}

/** FNV-1a with four offsets: enough to make seeds that differ in one character unlike. */
function hashSeed(seed: string): [number, number, number, number] {
  const hash = (offset: number): number => {
    let value = offset;
    for (let index = 0; index < seed.length; index++) value = Math.imul(value ^ seed.charCodeAt(index), 0x01000193);
    return value | 0;
  };
  return [hash(0x811c9dc5), hash(0x01234567), hash(0x9e3779b9), hash(0x7f4a7c15)];
}
