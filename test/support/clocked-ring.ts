/**
 * A ring's whole world on one virtual clock: the embedded KMS, the fake Cloudflare API behind the real publisher, and a
 * rotator over them. Time moves only when its owner says so (and by a publisher's pauses). For programs; tests start it
 * through ring-world.ts, which closes it.
 */
import {
  checkRingPolicy,
  createRingMemory,
  createRingPorts,
  observeRing,
  reconcileRing,
} from "../../issuer/key-ring/index.ts";
import type {
  AuditEntry,
  ObservedRing,
  ReconcileReport,
  RingPolicy,
  RingPolicyInput,
  RingPorts,
  RingRequest,
} from "../../issuer/key-ring/index.ts";
import { createCloudflareKvPublisher } from "../../issuer/publish/cloudflare-kv.ts";
import type { RingName } from "../../shared/identifiers.ts";
import { epochSecondsFromMs, parseRingName } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { keySetKvKey } from "../../shared/key-set.ts";
import { startFakeCloudflare } from "./fake-cloudflare.ts";
import type { FakeCloudflare } from "./fake-cloudflare.ts";
import { TEST_ISSUER } from "./key-sets.ts";
import { startTestKms } from "./kms.ts";
import type { TestKms } from "./kms.ts";
import { given, valueOf } from "./values.ts";
import { createVirtualClock } from "./virtual-clock.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export const MAIN_RING: RingName = given(parseRingName("main"));

/** A policy for tests: the defaults, for the test issuer. */
export function ringPolicy(changes: Partial<RingPolicyInput> = {}): RingPolicy {
  return valueOf(checkRingPolicy({ ring: MAIN_RING, issuer: TEST_ISSUER, ...changes }));
}

export interface Run {
  readonly request?: RingRequest;
  readonly candidate?: string;
  readonly policy?: RingPolicy;
  readonly ports?: Partial<RingPorts>;
}

export interface ClockedRing {
  readonly kms: TestKms;
  readonly cloudflare: FakeCloudflare;
  readonly clock: VirtualClock;
  readonly ports: RingPorts;
  readonly policy: RingPolicy;
  readonly audit: AuditEntry[];
  readonly now: () => EpochSeconds;
  /** Lets time pass, in seconds. */
  pass(seconds: number): void;
  /** One reconciliation by a process that remembers nothing. */
  run(options?: Run): Promise<ReconcileReport>;
  observe(policy?: RingPolicy): Promise<ObservedRing>;
  /** The text in KV. */
  stored(): string | undefined;
  close(): Promise<void>;
}

/** @param clock give one that runs when a process of its own, on the host's clock, works on this ring */
export async function startClockedRing(
  changes: Partial<RingPolicyInput> = {},
  clock: VirtualClock = createVirtualClock(),
): Promise<ClockedRing> {
  const kms = await startTestKms({ now: () => clock.epochMs() });
  const cloudflare = await startFakeCloudflare({ epochMs: () => clock.epochMs() });
  const { baseUrl, namespaceId } = cloudflare;
  const publisher = createCloudflareKvPublisher({ baseUrl, namespaceId, clock });
  const audit: AuditEntry[] = [];
  const now = (): EpochSeconds => epochSecondsFromMs(clock.epochMs());
  const policy = ringPolicy(changes);
  let chance = 0;
  const random = (): number => (chance = (chance + 0.377) % 1);
  const ports = createRingPorts({ kms: kms.kms, publisher, audit: (entry) => audit.push(entry), clock: now, random });
  return {
    kms,
    cloudflare,
    clock,
    ports,
    policy,
    audit,
    now,
    pass: (seconds) => clock.advance(seconds * 1000),
    run: ({ request, candidate, policy: used = policy, ports: others } = {}) =>
      reconcileRing(
        { ...ports, ...others },
        { policy: used, memory: createRingMemory(), actor: "test", request, candidate },
      ),
    observe: (used = policy) => observeRing(ports, used, { memory: createRingMemory() }),
    stored: () => cloudflare.stored(keySetKvKey(policy.ring)),
    close: async () => {
      await kms.close();
      await cloudflare.close();
    },
  };
}
