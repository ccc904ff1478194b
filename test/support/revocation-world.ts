/** A ring's world with a table of revocations: DynamoDB's protocol on loopback, the fake Cloudflare API, one virtual clock. */
import { onTestFinished, vi } from "vitest";
import { createRingMemory, reconcileRing } from "../../issuer/key-ring/index.ts";
import type { ReconcileReport, RingMemory, RingPolicyInput, RingPorts } from "../../issuer/key-ring/index.ts";
import { chooseListFloor } from "../../issuer/key-ring/revocations/list-floor.ts";
import { readList } from "../../issuer/key-ring/revocations/observe-list.ts";
import { createCloudflareKvPublisher } from "../../issuer/publish/cloudflare-kv.ts";
import type { RevocationsPublisher } from "../../issuer/publish/publisher.ts";
import { createDynamoDbRevocations } from "../../issuer/revocations/dynamodb/store.ts";
import { createRevocations } from "../../issuer/revocations/revocations.ts";
import type { Revocations } from "../../issuer/revocations/revocations.ts";
import type { RevocationStore } from "../../issuer/revocations/store.ts";
import { hostTimer } from "../../issuer/within.ts";
import { revocationPrefix } from "../../shared/revocations/prefix.ts";
import type { RevocationKind } from "../../shared/revocations/prefix.ts";
import { findEntry } from "../../shared/revocations/sections.ts";
import { revocationsKvKey } from "../../shared/revocations/names.ts";
import type { RevocationList } from "../../shared/revocations/signed-list.ts";
import { startDynamoDb } from "./dynamodb.ts";
import type { LocalDynamoDb } from "./dynamodb.ts";
import { startedRing } from "./ring-world.ts";
import type { RingWorld } from "./ring-world.ts";

export interface RevocationWorld {
  readonly ring: RingWorld;
  readonly dynamodb: LocalDynamoDb;
  readonly store: RevocationStore;
  readonly publisher: RevocationsPublisher;
  readonly revocations: Revocations;
  /** One run of a rotator that remembers nothing, or what is given. */
  run(options?: { readonly memory?: RingMemory; readonly ports?: Partial<ListPorts> }): Promise<ReconcileReport>;
  /** The list in KV; the test fails if there is none. */
  list(): Promise<RevocationList>;
  open(text: string): Promise<RevocationList>;
  storedList(): string | undefined;
}

interface ListPorts {
  readonly store: RevocationStore | undefined;
  readonly publisher: RevocationsPublisher;
  readonly clock: RingPorts["clock"];
  readonly startTimer: RingPorts["startTimer"];
}

const TABLE = "sealgate-revocations";

/** Whether the list names a claim's value. */
export function names(list: RevocationList, kind: RevocationKind, value: string): boolean {
  return findEntry(list.sections, kind, revocationPrefix(kind, list.issuer, value)) !== undefined;
}

/** A ring that has settled, with an empty table and no list yet. */
export async function startRevocationWorld(changes: Partial<RingPolicyInput> = {}): Promise<RevocationWorld> {
  const ring = await startedRing(changes);
  const dynamodb = await startDynamoDb();
  onTestFinished(() => dynamodb.close());
  for (const [name, value] of Object.entries(dynamodb.env)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
  await dynamodb.createTable(TABLE);
  const store = createDynamoDbRevocations(TABLE);
  const { baseUrl, namespaceId } = ring.cloudflare;
  const publisher = createCloudflareKvPublisher({ baseUrl, namespaceId, clock: ring.clock });
  const { policy } = ring;
  const storedList = (): string | undefined => ring.cloudflare.stored(revocationsKvKey(policy.ring));
  const open = async (text: string): Promise<RevocationList> => {
    const { root, otherRoots } = await ring.observe();
    const roots = [root, ...otherRoots].flatMap((key) => key?.publicKey ?? []);
    const read = await readList(text, { issuer: policy.issuer, ring: policy.ring, roots });
    if (read.kind !== "read") throw new Error(`the test expected a list, not ${JSON.stringify(read)}`);
    return read.list;
  };
  return {
    ring,
    dynamodb,
    store,
    publisher,
    revocations: createRevocations({ issuer: policy.issuer, tables: [store], clock: ring.now }),
    run({ memory = createRingMemory(), ports = {} } = {}) {
      const used = { store, publisher, clock: ring.now, startTimer: hostTimer, ...ports };
      const floor: RingPorts["chooseListFloor"] = async (question) =>
        used.store && chooseListFloor(used.publisher, question, used);
      const revocations = { store: used.store, publisher: used.publisher };
      return reconcileRing(
        {
          ...ring.ports,
          clock: used.clock,
          startTimer: used.startTimer,
          monotonicMs: () => ring.clock.monotonicMs(),
          revocations,
          chooseListFloor: floor,
        },
        { policy, memory, actor: "test" },
      );
    },
    open,
    list: async () => open(storedList() ?? ""),
    storedList,
  };
}
