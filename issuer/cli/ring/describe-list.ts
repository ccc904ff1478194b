/** The list of taken-back tokens in words, for a person at a terminal. Pure. */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import type { RevocationCounts } from "../../../shared/revocations/sections.ts";
import type { ListReport } from "../../key-ring/revocations/keep-list.ts";
import { describeDuration } from "../../words/time.ts";

/** "1 token, 0 sessions, 3 subjects". */
export function describeCounts({ jti, sid, sub }: RevocationCounts): string {
  const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
  return `${count(jti, "token")}, ${count(sid, "session")}, ${count(sub, "subject")}`;
}

/** What a run did about the list; undefined when there was nothing to do, or it has failed. */
export function describeListRun(list: ListReport | undefined, now: EpochSeconds): string | undefined {
  if (list === undefined) return undefined;
  const what = `publish the list of taken-back tokens (${list.reasons.join(", ")})`;
  switch (list.result) {
    case "unchanged":
    case "failed":
      return undefined;
    case "published":
      return `${what}: done, rev ${list.rev}${list.counts === undefined ? "" : `, ${describeCounts(list.counts)}`}`;
    case "waiting":
      return `${what}: waits ${describeDuration(Math.max(1, Math.ceil((list.notBefore ?? now) - now)))}, since another list has just been published`;
    case "superseded":
      return `${what}: put off: another rotator has published`;
    case "too_late":
      return `${what}: put off: it took too long`;
  }
}
