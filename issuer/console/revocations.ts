/**
 * What is known of the tokens that a ring has taken back: the list in KV, which gateways read, and the table, if the console can read
 * it. KV is asked each time; the table at most once a minute, because a reading of all its entries costs money.
 */
import type { RevocationReading, RevocationStore } from "../revocations/store.ts";
import { SealgateError } from "../errors.ts";
import type { RingPorts, RingState } from "../key-ring/index.ts";
import { leastListRev } from "../key-ring/list-floor.ts";
import { observeList } from "../key-ring/revocations/observe-list.ts";
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
  readonly table: ({ readonly kind: "read" } & RevocationReading) | Fault | undefined;
}

const TABLE_EVERY_SECONDS = 60;

export type RevocationsReader = (state: RingState) => Promise<RevocationsReading | undefined>;

/** @returns a reader, which gives undefined where single tokens cannot be taken back */
export function createRevocationsReader({
  revocations,
  clock,
}: Pick<RingPorts, "revocations" | "clock">): RevocationsReader {
  let latest: { readonly readAt: number; readonly table: RevocationsReading["table"] } | undefined;

  async function tableOf(
    store: RevocationStore | undefined,
    { policy }: RingState,
  ): Promise<RevocationsReading["table"]> {
    if (store === undefined) return undefined;
    const now = clock();
    if (latest === undefined || Math.abs(now - latest.readAt) >= TABLE_EVERY_SECONDS) {
      const table = await orFault(async () => ({ kind: "read", ...(await store.load(policy.issuer)) }) as const);
      latest = { readAt: now, table };
    }
    return latest.table;
  }

  return async (state) => {
    if (revocations === undefined) return undefined;
    const { observed, policy } = state;
    const leastRev = leastListRev(observed);
    const roots = [observed.root, ...observed.otherRoots].flatMap((key) => key?.publicKey ?? []);
    const owner = { issuer: policy.issuer, ring: policy.ring, roots };
    const [seen, table] = await Promise.all([
      orFault(() => observeList(revocations.publisher, owner)),
      tableOf(revocations.store, state),
    ]);
    const { held: list, storedText: text } = "held" in seen ? seen : { held: seen, storedText: undefined };
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
