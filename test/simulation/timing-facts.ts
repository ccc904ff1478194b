/**
 * Which timing readers may obey at a moment: that of each document that some edge may still hold. Decided from what was
 * written to KV, so that S is judged with the values in force for the readers concerned, and not with the largest ever.
 */
import { documentOf } from "./documents.ts";
import type { KvModel, KvWrite } from "./kv-model.ts";

export interface TimingInForce {
  /** S: W + C + M, in milliseconds. */
  readonly stalenessMs: number;
  /** K, in milliseconds. */
  readonly skewMs: number;
}

interface Reach {
  readonly write: KvWrite;
  /** Until when an edge may hold the document, at the latest: then each has seen the next one. */
  readonly heldUntilMs: number;
}

/** @param otherwise W + C + M and K before the first document, in milliseconds */
export function createTimingFacts(kv: KvModel, otherwise: TimingInForce): (atMs: number) => TimingInForce {
  const reaches: Reach[] = [];
  kv.onWrite((write) => {
    if (write.by === "other") return;
    const before = reaches.pop();
    if (before !== undefined) {
      const ms =
        write.marginMs +
        longest([before.write, write], ({ kvCacheTtl }) => kvCacheTtl) +
        memoryOf([before.write, write]);
      reaches.push({ write: before.write, heldUntilMs: write.composedMs + ms });
    }
    reaches.push({ write, heldUntilMs: Infinity });
  });
  return (atMs) => {
    const held = reaches.filter(({ heldUntilMs }) => heldUntilMs > atMs).map(({ write }) => write);
    if (held.length === 0) return otherwise;
    const marginMs = Math.max(...held.map((write) => write.marginMs));
    return {
      stalenessMs: marginMs + longest(held, ({ kvCacheTtl }) => kvCacheTtl) + memoryOf(held),
      skewMs: longest(held, ({ clockSkew }) => clockSkew),
    };
  };
}

type Seen = NonNullable<ReturnType<typeof documentOf>["timing"]>;

function longest(writes: readonly KvWrite[], ofTiming: (timing: Seen) => number): number {
  return (
    1000 *
    Math.max(
      ...writes.map((write) => documentOf(write).timing).map((timing) => (timing === undefined ? 0 : ofTiming(timing))),
    )
  );
}

function memoryOf(writes: readonly KvWrite[]): number {
  return longest(writes, ({ memoryTtl }) => memoryTtl);
}
