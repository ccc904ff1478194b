/** Where the list of taken-back tokens stands: what KV holds, whether it is what the table says, and since when edges have it. */
import { addSeconds } from "../../../shared/identifiers.ts";
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { stalenessBoundSeconds } from "../../../shared/timing.ts";
import type { RingTiming } from "../../../shared/timing.ts";
import { SealgateError } from "../../errors.ts";
import type { FaultCode } from "../../errors.ts";
import type { RevocationStore } from "../../revocations/store.ts";
import { leastListRev } from "../list-floor.ts";
import type { ObservedRing } from "../model/observed.ts";
import type { RingPolicy } from "../policy.ts";
import { composeFrom } from "./compose-list.ts";
import { NOTHING } from "./keep-list.ts";
import type { ListPorts, ListReport } from "./keep-list.ts";
import { observeList, ownerOf } from "./observe-list.ts";
import { listReasons } from "./plan-list.ts";
import type { ListReason, ObservedList } from "./plan-list.ts";

export interface ListStatus {
  /** Undefined when KV cannot be read. */
  readonly held: ObservedList | undefined;
  /** Why the next run publishes another list, empty for one that is in order; undefined when the table cannot be read. */
  readonly due: readonly ListReason[] | undefined;
  /** When every edge has had a list for certain, so that Workers may require it; undefined when that is not known. */
  readonly requiredFrom: EpochSeconds | undefined;
  /** Why something of this is not known. */
  readonly fault: { readonly code: FaultCode; readonly message: string } | undefined;
}

export interface StatusPorts {
  readonly revocations: ListPorts["revocations"] | undefined;
  readonly clock: ListPorts["clock"];
}

export interface RingSeen {
  readonly policy: RingPolicy;
  /** The largest values that may be in use. */
  readonly timing: RingTiming;
  readonly observed: ObservedRing;
}

/**
 * Changes nothing.
 * @returns undefined where there is no list to keep: no table, and no list that the key set names
 */
export async function observeListStatus(ports: StatusPorts, ring: RingSeen): Promise<ListStatus | undefined> {
  const { revocations, clock } = ports;
  const leastRev = leastListRev(ring.observed);
  if (revocations === undefined || (revocations.store === undefined && leastRev === undefined)) return undefined;
  const { store, publisher } = revocations;
  const kv = await attempt(() => observeList(publisher, ownerOf(ring)));
  const held = kv.value?.held;
  const table = await attempt(async () => store && readTable(store, ring, held, clock()));
  const { due, since } = table.value ?? {};
  const isUsable = held?.kind === "read" && held.list.expiresAt > clock();
  const requiredFrom = since === undefined ? timeOfFloor(ring.observed, leastRev) : settledAt(since, ring.timing);
  return { held, due, requiredFrom: isUsable ? requiredFrom : undefined, fault: kv.fault ?? table.fault };
}

/** What a run would have to tell that only looks. */
export function reportOf(status: ListStatus | undefined): ListReport | undefined {
  if (status === undefined) return undefined;
  const { held, due = [], fault } = status;
  const { rev, issuedAt, expiresAt } = held?.kind === "read" ? held.list : NOTHING;
  const result = fault !== undefined ? "failed" : due.length > 0 ? "waiting" : "unchanged";
  return { ...NOTHING, result, reasons: due, rev, issuedAt, expiresAt, fault };
}

async function readTable(
  store: RevocationStore,
  { policy: { issuer, ring }, timing, observed }: RingSeen,
  held: ObservedList | undefined,
  now: EpochSeconds,
): Promise<{ readonly due: ListStatus["due"]; readonly since: EpochSeconds | undefined }> {
  const { entries, composed } = await composeFrom(store, issuer, timing, now);
  const rootKid = observed.root?.publicKey?.kid ?? "";
  const due = held && listReasons({ held, entries, composed, rootKid, highestRev: leastListRev(observed), now });
  return { due, since: (await store.readNote(issuer, ring))?.since };
}

/** S + K + 1 after the first list. */
function settledAt(since: EpochSeconds, timing: RingTiming): EpochSeconds {
  return addSeconds(since, stalenessBoundSeconds(timing) + timing.clockSkewSeconds + 1);
}

/** A key set names a list only when every edge has it. */
function timeOfFloor({ document }: ObservedRing, leastRev: number | undefined): EpochSeconds | undefined {
  return leastRev !== undefined && document.kind === "read" ? document.document.issuedAt : undefined;
}

interface Attempt<Value> {
  readonly value?: Value;
  readonly fault?: NonNullable<ListStatus["fault"]>;
}

async function attempt<Value>(work: () => Promise<Value>): Promise<Attempt<Value>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    return { fault: { code: error.code, message: error.message } };
  }
}
