/**
 * What is known of the tokens that a ring has taken back: the list in KV, which gateways read, and the table, if the console can read
 * it. KV is asked each time. The table is read again after a minute, or when the list is another one, because a reading of all its
 * entries costs money.
 */
import { earliestInForce } from "../revocations/entry.ts";
import type { RevocationReading, RevocationStore } from "../revocations/store.ts";
import { SealgateError } from "../errors.ts";
import type { RingPorts, RingState } from "../key-ring/index.ts";
import { leastListRev } from "../key-ring/list-floor.ts";
import { observeList, ownerOf } from "../key-ring/revocations/observe-list.ts";
import type { ObservedList } from "../key-ring/revocations/plan-list.ts";

export interface Fault {
  readonly kind: "failed";
  readonly code: string;
  readonly message: string;
}

export interface RevocationsReading {
  readonly list: ObservedList | Fault;
  /** As KV holds it. */
  readonly text: string | undefined;
  /** The least `rev` that gateways accept: of the ring's key set. */
  readonly leastRev: number | undefined;
  /** Undefined without a table. */
  readonly table: Table | undefined;
}

type Table = ({ readonly kind: "read" } & RevocationReading) | Fault;

const TABLE_EVERY_SECONDS = 60;

/** Lists follow each other in no less. */
const TABLE_SOONEST_SECONDS = 10;

export type RevocationsReader = (state: RingState) => Promise<RevocationsReading | undefined>;

/** @returns a reader, which gives undefined where single tokens cannot be taken back */
export function createRevocationsReader({
  revocations,
  clock,
}: Pick<RingPorts, "revocations" | "clock">): RevocationsReader {
  let latest: { readonly readAt: number; readonly text: string | undefined; readonly table: Table } | undefined;

  async function tableOf(store: RevocationStore, state: RingState, text: string | undefined): Promise<Table> {
    const now = clock();
    const age = latest === undefined ? Infinity : Math.abs(now - latest.readAt);
    const isOld = age >= (text === latest?.text ? TABLE_EVERY_SECONDS : TABLE_SOONEST_SECONDS);
    if (latest !== undefined && !isOld) return latest.table;
    const { policy, timing } = state;
    const since = earliestInForce(timing.largest, now);
    const table = await orFault(async () => ({ kind: "read", ...(await store.load(policy.issuer, since)) }) as const);
    latest = { readAt: now, text, table };
    return table;
  }

  return async (state) => {
    if (revocations === undefined) return undefined;
    const leastRev = leastListRev(state.observed);
    const seen = await orFault(() => observeList(revocations.publisher, ownerOf(state)));
    const { held: list, storedText: text } = "held" in seen ? seen : { held: seen, storedText: undefined };
    const { store } = revocations;
    const table = store === undefined ? undefined : await tableOf(store, state, text);
    const isOff = table === undefined && leastRev === undefined && list.kind === "missing";
    return isOff ? undefined : { list, text, leastRev, table };
  };
}

async function orFault<Value>(read: () => Promise<Value>): Promise<Value | Fault> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    return { kind: "failed", code: error.code, message: error.message };
  }
}
