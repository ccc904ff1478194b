/**
 * A ring's whole world on one virtual clock: the embedded KMS, the fake Cloudflare API behind the real publisher, and a
 * rotator over them. Time moves only when a test says so (and by a publisher's pauses).
 */
import { onTestFinished } from "vitest";
import {
  checkRingPolicy,
  createRingMemory,
  createRingPorts,
  observeRing,
  reconcileRing,
} from "../../issuer/key-ring/index.ts";
import type {
  AuditEntry,
  ObservedGeneration,
  ObservedRing,
  ReconcileReport,
  RingPolicy,
  RingPolicyInput,
  RingPorts,
  RingRequest,
} from "../../issuer/key-ring/index.ts";
import { createCloudflareKvPublisher } from "../../issuer/publish/cloudflare-kv.ts";
import { keySetKvKey } from "../../shared/key-set.ts";
import type { RingName } from "../../shared/identifiers.ts";
import { epochSecondsFromMs, parseRingName } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { KeySetDocument } from "../../shared/key-set.ts";
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

export interface RingWorld {
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
  /** The document in KV; the test fails if there is none. */
  document(): Promise<KeySetDocument>;
  generation(number: number): Promise<ObservedGeneration>;
  /** The text in KV. */
  stored(): string | undefined;
  /** Overwrites what is in KV, as anybody with access to it can. */
  overwrite(text: string): Promise<void>;
}

/** @param clock give one that runs when a process of its own, on the host's clock, works on this ring */
export async function startRingWorld(
  changes: Partial<RingPolicyInput> = {},
  clock: VirtualClock = createVirtualClock(),
): Promise<RingWorld> {
  const kms = await startTestKms({ now: () => clock.epochMs() });
  onTestFinished(() => kms.close());
  const cloudflare = await startFakeCloudflare({ epochMs: () => clock.epochMs() });
  onTestFinished(() => cloudflare.close());
  const { baseUrl, namespaceId } = cloudflare;
  const publisher = createCloudflareKvPublisher({ baseUrl, namespaceId, clock });
  const audit: AuditEntry[] = [];
  const now = (): EpochSeconds => epochSecondsFromMs(clock.epochMs());
  const policy = ringPolicy(changes);
  let chance = 0;
  const random = (): number => (chance = (chance + 0.377) % 1);
  const ports = createRingPorts({ kms: kms.kms, publisher, audit: (entry) => audit.push(entry), clock: now, random });
  const observe = (used = policy): Promise<ObservedRing> => observeRing(ports, used, { memory: createRingMemory() });
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
    observe,
    document: async () => {
      const { document } = await observe();
      if (document.kind !== "read") throw new Error(`the test expected a document, not ${document.kind}`);
      return document.document;
    },
    generation: async (number) => given((await observe()).generations.find((one) => one.number === number)),
    stored: () => cloudflare.stored(keySetKvKey(policy.ring)),
    overwrite: async (text) => {
      clock.advance(1000);
      const body = JSON.stringify([{ key: keySetKvKey(policy.ring), value: text }]);
      const url = `${baseUrl}/storage/kv/namespaces/${namespaceId}/bulk`;
      const answer = await fetch(url, { method: "PUT", body });
      if (!answer.ok) throw new Error(`the fake refused the write: ${answer.status}`);
    },
  };
}

/** How long a generation signs in tests: less than half of a document's life, so that no renewal comes in between. */
export const TURN_SECONDS = 40_000;

/** A ring at rest: created, known to every edge, its document settled. */
export async function startedRing(changes: Partial<RingPolicyInput> = {}): Promise<RingWorld> {
  const world = await startRingWorld({ rotateEverySeconds: TURN_SECONDS, ...changes });
  await world.run({ request: { kind: "init" } });
  world.pass(400);
  await world.run();
  return world;
}

/** What a run did: each step, and how it ended. */
export function stepsOf(report: ReconcileReport): readonly string[] {
  return report.steps.map(({ step, outcome, fault }) => `${step.kind} ${fault?.code ?? outcome?.result}`);
}

/** The published keys: generation and state of each. */
export async function statesOf(world: RingWorld): Promise<readonly string[]> {
  return publishedStates(await world.observe());
}

/** The same of an observation; the test fails if there is no document. */
export function publishedStates({ generations, document }: ObservedRing): readonly string[] {
  if (document.kind !== "read") throw new Error(`the test expected a document, not ${document.kind}`);
  return document.document.keys.map(({ kid, state }) => {
    const holder = generations.find(({ publicKey, tags }) => (publicKey?.kid ?? tags.kid) === kid);
    return `${holder?.number} ${state}`;
  });
}
