/**
 * What a rotator process remembers between observations, and can do without: public keys, which never change; keys
 * that are not the ring's; the newest document and the highest rev it has seen, which show that the store is behind; the keys
 * that it has treated as withdrawn, which stay withdrawn when KMS shows them enabled again.
 */
import type { EpochSeconds, Kid } from "../../../shared/identifiers.ts";
import type { KeySetDocument } from "../../../shared/key-set.ts";
import type { PublicKey } from "../../kms/public-key.ts";

export interface RingMemory {
  /** By algorithm and key ARN. */
  readonly publicKeys: Map<string, PublicKey>;
  /** Key ARN to the time when its tags were read. */
  readonly foreignKeys: Map<string, EpochSeconds>;
  /** ARNs of keys that have been the ring's: one that loses its alias is looked at, whatever was known of it before. */
  readonly ownKeys: Set<string>;
  /** Key ARN to the number of the generation that it has made of the key: KMS may show the alias minutes later. */
  readonly claimed: Map<string, number>;
  /** Keys that it has acted on as withdrawn, and when. */
  readonly withdrawn: Map<Kid, EpochSeconds>;
  highestRev: number | undefined;
  /** Of the list of taken-back tokens. */
  readonly list: ListMemory;
  /** The document with the highest rev that it has read or published itself. */
  newest: KeySetDocument | undefined;
}

/** What a process remembers of the lists that it has published or seen. */
export interface ListMemory {
  highestRev: number | undefined;
  /** Milliseconds of the monotonic clock: the next list has to wait until then. */
  notBeforeMs: number | undefined;
}

/** An empty memory, for one ring. */
export function createRingMemory(): RingMemory {
  return {
    publicKeys: new Map(),
    foreignKeys: new Map(),
    ownKeys: new Set(),
    claimed: new Map(),
    withdrawn: new Map(),
    highestRev: undefined,
    list: { highestRev: undefined, notBeforeMs: undefined },
    newest: undefined,
  };
}

/** Keeps a document that was read from the store, or published by this process. */
export function rememberDocument(memory: RingMemory, document: KeySetDocument): void {
  memory.highestRev = Math.max(memory.highestRev ?? 0, document.rev);
  if (document.rev >= (memory.newest?.rev ?? 0)) memory.newest = document;
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
