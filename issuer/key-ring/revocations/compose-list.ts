/** What the list of a ring has to hold by its table. Consistent: it knows each entry whose `add` had resolved before. */
import type { EpochSeconds, IssuerUrl } from "../../../shared/identifiers.ts";
import { composeBody } from "../../../shared/revocations/sections.ts";
import type { ComposedBody, RevocationCounts, RevocationEntry } from "../../../shared/revocations/sections.ts";
import { digestOf } from "../../../shared/revocations/signed-list.ts";
import type { FaultCode } from "../../errors.ts";
import { earliestInForce, listEntries } from "../../revocations/entry.ts";
import type { RevocationTiming } from "../../revocations/entry.ts";
import type { RevocationStore } from "../../revocations/store.ts";

export interface Composed {
  readonly entries: readonly RevocationEntry[];
  readonly composed: ComposedBody & { readonly sha256: string };
  /** With what has no room. */
  readonly total: RevocationCounts;
  readonly unreadable: number;
  /** Set when there was more than is read. */
  readonly fault: ListFault | undefined;
}

export interface ListFault {
  readonly code: FaultCode;
  readonly message: string;
}

/** @throws SealgateError `revocation_table_…` */
export async function composeFrom(
  store: Pick<RevocationStore, "load">,
  issuer: IssuerUrl,
  timing: RevocationTiming,
  now: EpochSeconds,
): Promise<Composed> {
  const { entries: stored, unreadable, isPartial } = await store.load(issuer, earliestInForce(timing, now));
  const entries = listEntries(stored, timing, now);
  const composed = composeBody(entries);
  const { counts, leftOut } = composed;
  const total = { jti: counts.jti + leftOut.jti, sid: counts.sid + leftOut.sid, sub: counts.sub + leftOut.sub };
  return {
    entries,
    composed: { ...composed, sha256: await digestOf(composed.body) },
    total,
    unreadable,
    fault: isPartial === true ? TOO_MANY : undefined,
  };
}

const TOO_MANY: ListFault = {
  code: "revocations_full",
  message:
    "the table has more entries that may count than are read, and the earliest were left out. Find the caller that takes back so many.",
};
