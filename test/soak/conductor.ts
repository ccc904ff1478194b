/**
 * What happens to a ring and its surroundings during a soak run, over and over: a rotation, KV overwritten, KV emptied, KMS
 * throttling, an origin that is slow, refuses or fails, and a key that is withdrawn. Waits are what the local stack needs for
 * its promise: M, the clock skew, and a second for a loaded machine.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { KeySetPublisher } from "../../issuer/publish/publisher.ts";
import type { Signer } from "../../issuer/signer.ts";
import type { Alg } from "../../shared/algorithms.ts";
import type { TestKms } from "../support/kms.ts";
import { given } from "../support/values.ts";
import type { OriginMood, SoakOrigin } from "./origin.ts";
import type { SoakRing } from "./ring.ts";
import { GOOD_TTL_SECONDS } from "./tokens.ts";
import type { SoakTokens } from "./tokens.ts";

export interface ConductorOptions {
  readonly ring: SoakRing;
  readonly kms: TestKms;
  readonly publisher: KeySetPublisher;
  /** The publisher's own view of KV, as anybody with an API token has it. */
  readonly kv: { overwrite(): Promise<void>; empty(): Promise<void> };
  readonly origin: SoakOrigin;
  readonly tokens: SoakTokens;
  readonly memoryTtlSeconds: number;
  readonly clockSkewSeconds: number;
  /** Whether the gateway still accepts a token. */
  readonly accepts: (token: string) => Promise<boolean>;
  readonly signal: AbortSignal;
}

/** How often each thing has happened. */
export interface Deeds {
  rotations: number;
  withdrawals: number;
  kvOverwritten: number;
  kvEmptied: number;
  kmsThrottled: number;
  originFaults: number;
  /** From composing a tombstone to the first refusal, the longest of all. */
  longestRevocationMs: number;
}

export function noDeeds(): Deeds {
  return {
    rotations: 0,
    withdrawals: 0,
    kvOverwritten: 0,
    kvEmptied: 0,
    kmsThrottled: 0,
    originFaults: 0,
    longestRevocationMs: 0,
  };
}

const ALGS: readonly Alg[] = ["ES256", "EdDSA", "PS256", "ES384"];
const MOODS: readonly OriginMood[] = ["refusing", "slow", "failing"];

/** Goes on until the signal says so; a fault of the stack itself is thrown. */
export async function conduct(options: ConductorOptions, deeds: Deeds): Promise<void> {
  const { ring, publisher, kv, origin, tokens, signal, kms } = options;
  const leadMs = (options.memoryTtlSeconds + options.clockSkewSeconds + 1) * 1000;
  const pastMemoryMs = options.memoryTtlSeconds * 1000 + 500;
  const superseded: { readonly signer: Signer; readonly atMs: number }[] = [];
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal });

  async function troubleOrigin(): Promise<void> {
    origin.mood = given(MOODS[deeds.originFaults % MOODS.length]);
    await pause(400).finally(() => (origin.mood = "well"));
    deeds.originFaults += 1;
  }

  function dropSuperseded(): void {
    const holdMs = (GOOD_TTL_SECONDS + 2 * options.clockSkewSeconds) * 1000;
    for (const { signer } of superseded.filter(({ atMs }) => Date.now() - atMs >= holdMs)) ring.drop(signer);
  }

  async function rotate(): Promise<Signer> {
    const next = await ring.createKey(given(ALGS[deeds.rotations % ALGS.length]));
    const victim = await ring.createKey("ES256");
    ring.set(next, "pending");
    ring.set(victim, "retiring");
    dropSuperseded();
    await ring.publish(publisher);
    await troubleOrigin();
    await pause(leadMs);
    superseded.push({ signer: ring.active, atMs: Date.now() });
    ring.set(next, "active");
    await ring.publish(publisher);
    deeds.rotations += 1;
    return victim;
  }

  async function breakKv(): Promise<void> {
    await kv.overwrite();
    deeds.kvOverwritten += 1;
    const calm = kms.emulator.faults.add({ operation: "Sign", kind: "throttle", times: 5 });
    deeds.kmsThrottled += 1;
    await pause(pastMemoryMs).finally(calm);
    await ring.publish(publisher);
    await pause(options.memoryTtlSeconds * 1000);
    await kv.empty();
    deeds.kvEmptied += 1;
    await pause(pastMemoryMs);
    await ring.publish(publisher);
    // Reads have failed: the gateway asks KV again after its backoff of at most M/2.
    await pause(leadMs);
  }

  async function withdraw(victim: Signer, token: string): Promise<void> {
    tokens.withdraw();
    ring.revoke(victim);
    const composedMs = performance.now();
    await ring.publish(publisher);
    while (performance.now() - composedMs < leadMs && (await options.accepts(token))) await pause(25);
    deeds.longestRevocationMs = Math.max(deeds.longestRevocationMs, performance.now() - composedMs);
    await pause(Math.max(0, leadMs - (performance.now() - composedMs)));
    tokens.condemn();
    deeds.withdrawals += 1;
    await troubleOrigin();
  }

  try {
    for (;;) {
      const victim = await rotate();
      const [token] = await tokens.mintVictims(victim, 5);
      await withdraw(victim, given(token));
      await breakKv();
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
