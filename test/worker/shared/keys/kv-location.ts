/**
 * One location of Workers KV as the ladder sees it, at its slowest: a write becomes visible only W after it was made, and
 * what has been read is served again for `cacheTtl` (https://developers.cloudflare.com/kv/concepts/how-kv-works/). Time is
 * whatever the test says it is. Used to measure the bounds that are derived from these two delays.
 */
import type { KeySetReader, KeySetReading } from "../../../../shared/keys/key-set-reader.ts";

export interface KvLocation extends KeySetReader {
  /** The location's clock, epoch milliseconds; set before each request. */
  nowMs: number;
  /** While true, every read throws. */
  isDown: boolean;
  /** Reads so far, those that failed included. */
  readonly reads: number;
  /** A document composed at `atMs`; it replaces the one before it once propagation is over. */
  write(text: string, atMs: number): void;
}

export function createKvLocation(propagationSeconds: number): KvLocation {
  const writes: { readonly text: string; readonly visibleFromMs: number }[] = [];
  let cached: { readonly text: string | null; readonly atMs: number } | undefined;
  let reads = 0;
  const location = {
    nowMs: 0,
    isDown: false,
    get reads() {
      return reads;
    },
    write(text: string, atMs: number) {
      writes.push({ text, visibleFromMs: atMs + propagationSeconds * 1000 });
    },
    async read(cacheTtlSeconds: number) {
      reads += 1;
      const { nowMs } = location;
      if (location.isDown) throw new Error("KV GET failed: 503 Service Unavailable");
      if (cached !== undefined && nowMs < cached.atMs + cacheTtlSeconds * 1000) return reading(cached.text);
      const visible = writes.findLast(({ visibleFromMs }) => visibleFromMs <= nowMs);
      cached = { text: visible?.text ?? null, atMs: nowMs };
      return reading(cached.text);
    },
  };
  return location;
}

/** What a reader of KV itself gives. */
function reading(text: string | null): KeySetReading | null {
  return text === null ? null : { text, ageSeconds: 0 };
}
