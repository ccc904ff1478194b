/**
 * What the models of origins have in common: lenient decoding, and resolving segments. A model says what an origin takes a
 * raw path for; it errs on the side of the origin being lenient, because that is where a gateway is bypassed.
 */

/** One way in which an origin reads a path. */
export interface Reading {
  /** Between slashes, decoded; a slash at the end adds nothing. */
  readonly segments: readonly string[];
  /** Whether the origin compares without regard to case. */
  readonly foldsCase: boolean;
  /** Some origins take off the rest for some suffixes: a reading that reaches no rule does not count. */
  readonly cut?: boolean;
}

export interface Normaliser {
  readonly name: string;
  /** Every way in which some version or common setting of the origin reads the path; none when it refuses it. */
  readonly readings: (path: string) => readonly Reading[];
}

/** Escapes to octets, whatever they are; what is no escape stays as it is. */
export function decodeOctets(path: string): Buffer {
  const octets: number[] = [];
  const source = Buffer.from(path, "utf8");
  for (let index = 0; index < source.length; index += 1) {
    const pair = source.subarray(index + 1, index + 3).toString("latin1");
    const isEscape = source[index] === 0x25 && /^[0-9A-Fa-f]{2}$/.test(pair);
    octets.push(isEscape ? Number.parseInt(pair, 16) : (source[index] ?? 0));
    if (isEscape) index += 2;
  }
  return Buffer.from(octets);
}

/** Escapes to text; octets that are not UTF-8 become U+FFFD. */
export function decodeLeniently(path: string): string {
  return decodeOctets(path).toString("utf8");
}

/** Escapes to text; undefined for what a strict decoder refuses. */
export function decodeStrictly(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined;
  }
}

/** Segments without empty ones (`//` is `/`), with `.` and `..` resolved; undefined when it leads above the root. */
export function resolveSegments(path: string): readonly string[] | undefined {
  const resolved: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment !== "..") resolved.push(segment);
    else if (resolved.pop() === undefined) return undefined;
  }
  return resolved;
}

/** The same where going above the root stays at the root. */
export function clampSegments(path: string): readonly string[] {
  const resolved: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") resolved.pop();
    else if (segment !== "" && segment !== ".") resolved.push(segment);
  }
  return resolved;
}

/** A reading, or none. */
export function readingOf(segments: readonly string[] | undefined, foldsCase = false): readonly Reading[] {
  return segments === undefined ? [] : [{ segments, foldsCase }];
}
