/** Durations as people type them: "90s", "5m", "1h", "7d". Pure. */

const SECONDS_OF = { s: 1, m: 60, h: 3600, d: 86_400 } as const;

/**
 * For an option that takes seconds.
 * @returns a duration as its seconds; any other text as it is, so that its reader says what is wrong with it
 */
export function durationToSeconds(text: string): string {
  const [, digits, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  return digits === undefined || !isUnit(unit) ? text : String(Number(digits) * SECONDS_OF[unit]);
}

function isUnit(unit: string | undefined): unit is keyof typeof SECONDS_OF {
  return unit !== undefined && Object.hasOwn(SECONDS_OF, unit);
}
