/** Times and durations in words. Pure. */

/**
 * UTC, to the second.
 * @param time epoch seconds
 */
export function describeTime(time: number): string {
  return new Date(Math.floor(time) * 1000).toISOString().replace(".000Z", "Z");
}

/** "in 3 h 20 min", "2 d ago", "now". */
export function describeDistance(seconds: number): string {
  if (Math.abs(seconds) < 1) return "now";
  const text = describeDuration(Math.abs(seconds));
  return seconds > 0 ? `in ${text}` : `${text} ago`;
}

/**
 * The two largest units that say something.
 * @param seconds not negative
 */
export function describeDuration(seconds: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400, "d"],
    [3600, "h"],
    [60, "min"],
    [1, "s"],
  ];
  const parts: string[] = [];
  let rest = Math.round(seconds);
  for (const [size, name] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
  }
  return parts.slice(0, 2).join(" ") || "0 s";
}
