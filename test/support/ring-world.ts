/** The ring on a virtual clock, for tests: closed when the test is finished, and with what tests look at. */
import { onTestFinished } from "vitest";
import type {
  ObservedGeneration,
  ObservedRing,
  ReconcileReport,
  RingPolicyInput,
} from "../../issuer/key-ring/index.ts";
import { keySetKvKey } from "../../shared/key-set.ts";
import type { KeySetDocument } from "../../shared/key-set.ts";
import { startClockedRing } from "./clocked-ring.ts";
import type { ClockedRing } from "./clocked-ring.ts";
import { given } from "./values.ts";
import type { VirtualClock } from "./virtual-clock.ts";

export { MAIN_RING, ringPolicy } from "./clocked-ring.ts";

export interface RingWorld extends ClockedRing {
  /** The document in KV; the test fails if there is none. */
  document(): Promise<KeySetDocument>;
  generation(number: number): Promise<ObservedGeneration>;
  /** Overwrites what is in KV, as anybody with access to it can. */
  overwrite(text: string): Promise<void>;
}

/** @param clock give one that runs when a process of its own, on the host's clock, works on this ring */
export async function startRingWorld(changes: Partial<RingPolicyInput> = {}, clock?: VirtualClock): Promise<RingWorld> {
  const ring = await startClockedRing(changes, clock);
  onTestFinished(() => ring.close());
  const { cloudflare, policy } = ring;
  return {
    ...ring,
    document: async () => {
      const { document } = await ring.observe();
      if (document.kind !== "read") throw new Error(`the test expected a document, not ${document.kind}`);
      return document.document;
    },
    generation: async (number) => given((await ring.observe()).generations.find((one) => one.number === number)),
    overwrite: async (text) => {
      ring.clock.advance(1000);
      const body = JSON.stringify([{ key: keySetKvKey(policy.ring), value: text }]);
      const url = `${cloudflare.baseUrl}/storage/kv/namespaces/${cloudflare.namespaceId}/bulk`;
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
