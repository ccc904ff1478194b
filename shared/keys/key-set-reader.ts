/**
 * Where the edge gets the text of the key set document: one entry of Workers KV. Reads only; nothing is verified,
 * remembered or retried here, that is the ladder's work.
 */
import type { RingName } from "../identifiers.ts";
import { keySetKvKey } from "../key-set.ts";
import { MAX_KEY_SET_BYTES } from "../signed-key-set.ts";

/** One read of the document's text. */
export interface KeySetReader {
  /**
   * @param cacheTtlSeconds how long the KV location may keep serving what it has read (at least 30)
   * @returns the text, or null when there is no entry. A value longer than {@link MAX_KEY_SET_BYTES} is cut one octet
   *   past the limit, so that it is seen to be too large without being held in memory.
   * @throws whatever KV throws
   */
  read(cacheTtlSeconds: number): Promise<string | null>;
}

/** The part of `KVNamespace` that is used: a binding fits, and so does a model of KV. */
export interface KeySetNamespace {
  get(
    key: string,
    options: { readonly type: "stream"; readonly cacheTtl: number },
  ): Promise<ReadableStream<Uint8Array> | null>;
}

/** The document of a ring: KV key `key-set:<ring>`. */
export function createKvKeySetReader(namespace: KeySetNamespace, ring: RingName): KeySetReader {
  const key = keySetKvKey(ring);
  return {
    async read(cacheTtlSeconds) {
      const stream = await namespace.get(key, { type: "stream", cacheTtl: cacheTtlSeconds });
      return stream === null ? null : readText(stream);
    },
  };
}

/**
 * UTF-8 text of a stream, up to one octet past the limit. A KV value may have 25 MiB and an isolate 128 MB: whoever can
 * write KV must not be able to exhaust the isolate's memory with it.
 */
async function readText(stream: ReadableStream<Uint8Array>): Promise<string> {
  // A byte order mark stays in the text, where it makes the document malformed, instead of being dropped silently.
  const decoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });
  let text = "";
  let room = MAX_KEY_SET_BYTES + 1;
  // Leaving the loop cancels the stream.
  for await (const chunk of stream) {
    const taken = chunk.subarray(0, room);
    text += decoder.decode(taken, { stream: true });
    room -= taken.length;
    if (room === 0) break;
  }
  return text + decoder.decode();
}
