/**
 * What a rotator process may remember between observations, none of which it needs: public keys, which never change; keys
 * that are not the ring's; the highest rev it has seen, which shows a document that was put back.
 */
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { PublicKey } from "../kms/public-key.ts";

export interface RingMemory {
  readonly publicKeys: Map<string, PublicKey>;
  /** Key ARN to the time when its tags were read. */
  readonly foreignKeys: Map<string, EpochSeconds>;
  highestRev: number | undefined;
}

/** An empty memory, for one ring. */
export function createRingMemory(): RingMemory {
  return { publicKeys: new Map(), foreignKeys: new Map(), highestRev: undefined };
}

/** At most this many calls at once: the quotas of KMS are per account, and others use it too. */
const MAX_CONCURRENT_CALLS = 8;

/** Maps in the order of the input, with bounded concurrency. The first failure fails the whole. */
export async function mapLimited<Item, Value>(
  items: readonly Item[],
  work: (item: Item) => Promise<Value>,
): Promise<readonly Value[]> {
  const results: Value[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: MAX_CONCURRENT_CALLS }, worker));
  return results;
}
