/**
 * Whether the list of taken-back tokens in KV has to be replaced, when that may be done, and by which `rev`. Pure.
 *
 * A list that only holds entries which have ended since is left until its renewal: edges are not burdened with news that are
 * none. One that lacks an entry is replaced, at most every 10 seconds: each list costs calls to Cloudflare's API, which blocks all
 * of them after 1,200 in five minutes, those for a withdrawn key included.
 */
import { addSeconds } from "../../../shared/identifiers.ts";
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import type { RevocationsProblem } from "../../../shared/revocations/signed-list.ts";
import type { RevocationList } from "../../../shared/revocations/signed-list.ts";
import { cutAt, findEntry } from "../../../shared/revocations/sections.ts";
import type { ComposedBody, RevocationEntry, RevocationSections } from "../../../shared/revocations/sections.ts";
import type { ListResult } from "../outcome.ts";
import { REVS_PER_SECOND, revLeadSeconds } from "../rev.ts";

export type ListReason = "missing" | "refused" | "root_changed" | "rolled_back" | "revoked" | "renewal" | "ended";

/** What KV holds. */
export type ObservedList =
  | { readonly kind: "missing" }
  | { readonly kind: "refused"; readonly problem: RevocationsProblem["code"] }
  | { readonly kind: "read"; readonly list: RevocationList; readonly rootKid: string | undefined };

/** Between two lists. */
export const LIST_INTERVAL_SECONDS = 10;

/** After Cloudflare's API has refused a call because there were too many. */
export const LIST_INTERVAL_WHEN_LIMITED_SECONDS = 60;

export interface ListState {
  readonly held: ObservedList;
  /** What the table says. */
  readonly entries: readonly RevocationEntry[];
  readonly composed: ComposedBody & { readonly sha256: string };
  readonly rootKid: string;
  /** The highest rev that this process has seen or published, or that the key set asks for. */
  readonly highestRev: number | undefined;
  readonly now: EpochSeconds;
}

/** Why the list has to be replaced; empty when it says what it should. */
export function listReasons(state: ListState): readonly ListReason[] {
  const { held, now } = state;
  if (held.kind !== "read") return [held.kind];
  const { list } = held;
  const reasons: readonly (readonly [ListReason, boolean])[] = [
    ["root_changed", held.rootKid !== state.rootKid],
    ["rolled_back", list.rev < (state.highestRev ?? 0)],
    ["revoked", isBehind(list, state)],
    ["renewal", now >= renewalOfList(list)],
  ];
  return reasons.filter(([, holds]) => holds).map(([reason]) => reason);
}

/** When a list is published again without any news. */
export function renewalOfList({ issuedAt, expiresAt }: Pick<RevocationList, "issuedAt" | "expiresAt">): EpochSeconds {
  return addSeconds(issuedAt, Math.floor((expiresAt - issuedAt) / 2));
}

/** The list lacks what the table says. One that has no room for all is compared as a whole. */
function isBehind({ sections, sha256 }: RevocationList, { entries, composed }: ListState): boolean {
  const { jti, sid, sub } = composed.leftOut;
  if (jti + sid + sub > 0) return sha256 !== composed.sha256;
  return entries.some((entry) => !isListed(sections, entry));
}

/** Whether a list refuses what the entry names. */
export function isListed(sections: RevocationSections, entry: RevocationEntry): boolean {
  const at = findEntry(sections, entry.kind, entry.prefix);
  return at !== undefined && (entry.kind !== "sub" || cutAt(sections, at) >= entry.cut);
}

/** Seconds until another list may be published, after the one that KV shows. By its clock and ours, which may differ by K. */
export function secondsToWait(held: ObservedList, now: EpochSeconds): number {
  if (held.kind !== "read") return 0;
  const age = now - held.list.issuedAt;
  return age >= 0 && age < LIST_INTERVAL_SECONDS ? LIST_INTERVAL_SECONDS - age : 0;
}

export interface ListRevChoice {
  /** The highest rev that the table says was taken. */
  readonly taken: number | undefined;
  /** Revs that have to be exceeded, of any list and of the floor in the key set. */
  readonly others: readonly (number | undefined)[];
  readonly clockSkewSeconds: number;
}

/** The next rev: microseconds of the clock, or one more than any. With a lead when the table has lost what was taken. */
export function nextListRev({ taken, others, clockSkewSeconds }: ListRevChoice, now: EpochSeconds): number {
  const leadSeconds = taken === undefined ? revLeadSeconds(clockSkewSeconds) : 0;
  const known = [taken, ...others].filter((rev) => rev !== undefined);
  return Math.max((Math.floor(now) + leadSeconds) * REVS_PER_SECOND, ...known.map((rev) => rev + 1));
}

/**
 * When the rotator should run again for the list's sake.
 * @returns seconds from now; undefined when the list says what it should, or there is none
 */
export function secondsToNextTry(
  list: { readonly result: ListResult; readonly notBefore: EpochSeconds | undefined } | undefined,
  now: EpochSeconds,
): number | undefined {
  switch (list?.result) {
    case undefined:
    case "published":
    case "unchanged":
      return undefined;
    case "waiting":
      return Math.max(0, (list?.notBefore ?? now) - now);
    case "superseded":
    case "too_late":
      return LIST_INTERVAL_SECONDS;
    case "failed":
      return LIST_INTERVAL_WHEN_LIMITED_SECONDS;
  }
}
