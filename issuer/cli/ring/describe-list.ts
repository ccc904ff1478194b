/** The list of taken-back tokens in words, for a person at a terminal. Pure. */
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import type { RevocationCounts } from "../../../shared/revocations/sections.ts";
import type { ListReport } from "../../key-ring/revocations/keep-list.ts";
import type { ListStatus } from "../../key-ring/revocations/list-status.ts";
import type { ObservedList } from "../../key-ring/revocations/plan-list.ts";
import { describeDistance, describeDuration, describeTime } from "../../words/time.ts";

/** "1 token, 0 sessions, 3 subjects". */
export function describeCounts({ jti, sid, sub }: RevocationCounts): string {
  const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? "" : "s"}`;
  return `${count(jti, "token")}, ${count(sid, "session")}, ${count(sub, "subject")}`;
}

export function describePublishing({ reasons }: Pick<ListReport, "reasons">): string {
  return `publish the list of taken-back tokens (${reasons.join(", ")})`;
}

/** What a run did about the list; undefined when there was nothing to do, or it has failed. */
export function describeListRun(list: ListReport | undefined, now: EpochSeconds): string | undefined {
  if (list === undefined) return undefined;
  const what = describePublishing(list);
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

/** What KV holds, whether the next run replaces it, and whether Workers may require it. */
export function describeList({ held, due = [], requiredFrom, fault }: ListStatus, now: EpochSeconds): string {
  const next = due.length === 0 ? "" : `; the next run publishes another one (${due.join(", ")})`;
  const unknown = fault === undefined ? "" : `; not known: ${fault.code}: ${fault.message}`;
  return `${describeHeld(held, now)}${next}${describeRequiring(requiredFrom, now)}${unknown}`;
}

/** What KV holds. */
export function describeHeld(held: ObservedList | undefined, now: EpochSeconds): string {
  switch (held?.kind) {
    case undefined:
      return "not known";
    case "missing":
      return "none";
    case "refused":
      return `nothing that edges would use (${held.problem})`;
    case "read": {
      const { rev, counts, issuedAt, expiresAt } = held.list;
      const life = expiresAt > now ? `expires ${describeDistance(expiresAt - now)}` : "expired";
      return `rev ${rev}, ${describeCounts(counts)}, ${describeDuration(Math.max(0, now - issuedAt))} old, ${life}`;
    }
  }
}

function describeRequiring(from: EpochSeconds | undefined, now: EpochSeconds): string {
  if (from === undefined) return "";
  return from <= now
    ? "; Workers may require it now"
    : `; Workers may require it from ${describeTime(from)} (${describeDistance(from - now)})`;
}
