/**
 * A revocation as it lies in a table, and until when it counts. Pure. Everything that decides is in the sort key, so that an entry
 * can be added and never changed: writing the same one twice is harmless, and no writer can bring another's to an earlier end.
 * The time stands first, in ten digits, so that those which have ended are not read: DynamoDB keeps them for a week and more.
 *
 *   <exp>#jti#<prefix>         a token, until its `exp`
 *   <time>#jti#<prefix>#r      a token whose `exp` was not told, revoked at that time
 *   <time>#sid#<prefix>#r      all tokens of a session, revoked at that time
 *   <cut>#sub#<prefix>         tokens of a subject with an `iat` below the cut
 */
import { addSeconds, parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { prefixFromText, prefixToText, REVOCATION_KINDS } from "../../shared/revocations/prefix.ts";
import type { RevocationPrefix } from "../../shared/revocations/prefix.ts";
import type { RevocationEntry } from "../../shared/revocations/sections.ts";
import type { RingTiming } from "../../shared/timing.ts";

/** What was asked for. Times are whole epoch seconds. */
export type StoredRevocation =
  | { readonly kind: "jti"; readonly prefix: RevocationPrefix; readonly expiresAt: EpochSeconds }
  | { readonly kind: "jti" | "sid"; readonly prefix: RevocationPrefix; readonly revokedAt: EpochSeconds }
  | { readonly kind: "sub"; readonly prefix: RevocationPrefix; readonly cut: EpochSeconds };

/** What decides until when a token of the past may be accepted somewhere. */
export type RevocationTiming = Pick<RingTiming, "clockSkewSeconds" | "maxTokenTtlSeconds">;

/** F: the longest invocation of a Lambda function. One that began before a session was revoked may still issue for it. */
export const LONGEST_INVOCATION_SECONDS = 900;

/** The sort key. */
export function entryKey(entry: StoredRevocation): string {
  const name = `${entry.kind}#${prefixToText(entry.prefix)}`;
  if ("cut" in entry) return `${timeKey(entry.cut)}#${name}`;
  return "expiresAt" in entry ? `${timeKey(entry.expiresAt)}#${name}` : `${timeKey(entry.revokedAt)}#${name}#r`;
}

/** Where the keys of a time begin, in the order of keys. */
export function timeKey(time: EpochSeconds): string {
  return String(Math.floor(time)).padStart(10, "0");
}

/** @returns undefined for a text that {@link entryKey} does not write */
export function parseEntryKey(text: string): StoredRevocation | undefined {
  const [, digits = "", kindText = "", prefixText = "", mark] =
    /^(\d{10})#(jti|sid|sub)#([\w-]{11,22})(#r)?$/.exec(text) ?? [];
  const kind = REVOCATION_KINDS.find((known) => known === kindText);
  const prefix = kind === undefined ? undefined : prefixFromText(kind, prefixText);
  const time = parseEpochSeconds(Number(digits));
  if (kind === undefined || prefix === undefined || time === undefined) return undefined;
  const isTimeOfRevoking = mark !== undefined;
  if (kind === "sub") return isTimeOfRevoking ? undefined : { kind, prefix, cut: time };
  if (isTimeOfRevoking) return { kind, prefix, revokedAt: time };
  return kind === "jti" ? { kind, prefix, expiresAt: time } : undefined;
}

/**
 * From when on no edge can accept a token that the entry refuses: K is the most that any two clocks differ by, and an edge
 * accepts until `exp` + K by its own.
 */
export function endOf(
  entry: StoredRevocation,
  { clockSkewSeconds: k, maxTokenTtlSeconds: l }: RevocationTiming,
): EpochSeconds {
  if ("expiresAt" in entry) return addSeconds(entry.expiresAt, 2 * k);
  if ("cut" in entry) return addSeconds(entry.cut, l + 2 * k);
  return addSeconds(entry.revokedAt, l + 3 * k + (entry.kind === "sid" ? LONGEST_INVOCATION_SECONDS : 0));
}

/** An entry with an earlier time in its key has ended, of whichever kind it is. */
export function earliestInForce(timing: RevocationTiming, now: EpochSeconds): EpochSeconds {
  const { clockSkewSeconds, maxTokenTtlSeconds } = timing;
  return addSeconds(now, -(maxTokenTtlSeconds + 3 * clockSkewSeconds + LONGEST_INVOCATION_SECONDS));
}

/** What the list of a ring holds of a table: what has not ended by the timing in force. */
export function listEntries(
  stored: readonly StoredRevocation[],
  timing: RevocationTiming,
  now: EpochSeconds,
): readonly RevocationEntry[] {
  return stored.flatMap((entry): readonly RevocationEntry[] => {
    const endsAt = endOf(entry, timing);
    if (endsAt <= now) return [];
    const { prefix } = entry;
    if ("cut" in entry) return [{ kind: "sub", prefix, cut: entry.cut, endsAt }];
    return [{ kind: entry.kind, prefix, endsAt }];
  });
}
