/** Values that change, with the time since when each holds: what a reader sees whose view of them is old. */

/** Oldest first. */
export type Versions<Value> = { readonly sinceMs: number; readonly value: Value }[];

/** What a reader sees whose view is as old as that time; undefined when there was nothing yet. */
export function seenAt<Value>(versions: Versions<Value>, timeMs: number): Value | undefined {
  for (let index = versions.length - 1; index >= 0; index--) {
    const version = versions[index];
    if (version !== undefined && version.sinceMs <= timeMs) return version.value;
  }
  return undefined;
}

/** What was seen at a time and every later value. */
export function since<Value>(versions: Versions<Value>, timeMs: number): readonly Value[] {
  const first = versions.findLastIndex(({ sinceMs }) => sinceMs <= timeMs);
  return versions.slice(Math.max(0, first)).map(({ value }) => value);
}

export function latest<Value>(versions: Versions<Value>): Value {
  const last = versions.at(-1);
  if (last === undefined) throw new TypeError("a model value has a version from the start");
  return last.value;
}
