/**
 * Reading the text of the key set document: what every reader gives, and the reader of one entry of Workers KV. Reads only;
 * nothing is verified, remembered or retried here, that is the ladder's work.
 */
import type { RingName } from "../identifiers.ts";
import { keySetKvKey } from "../key-set.ts";
import { MAX_KEY_SET_BYTES } from "../signed-key-set.ts";

/** What one read has found. */
export interface KeySetReading {
  /** A text longer than {@link MAX_KEY_SET_BYTES} is cut one octet past the limit: it is seen to be too large, and not held. */
  readonly text: string;
  /** How long before the read began KV was known to hold the text: 0 for KV itself, Infinity when that is not known. */
  readonly ageSeconds: number;
}

/** One read of the document's text. */
export interface KeySetReader {
  /**
   * @param cacheTtlSeconds how long the KV location may keep serving what it has read (at least 30)
   * @param held the verified text that is in use, if there is one: a reader need not fetch the same again
   * @returns null when there is no document
   * @throws what the place throws, KV or the network
   */
  read(cacheTtlSeconds: number, held?: string): Promise<KeySetReading | null>;
}

/** A place of key set documents, of `fromKv`, `fromUrl` or `fromDocument`. */
export interface KeySets {
  /** One ring's document in this place. */
  readerOf(ring: RingName): KeySetReader;
  /** One ring's list of taken-back tokens; a place may have none. */
  revocationsOf?(ring: RingName): KeySetReader;
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
  return createKvReader(namespace, keySetKvKey(ring));
}

/** A text under one key. */
export function createKvReader(namespace: KeySetNamespace, key: string): KeySetReader {
  return {
    async read(cacheTtlSeconds) {
      const stream = await namespace.get(key, { type: "stream", cacheTtl: cacheTtlSeconds });
      return stream === null ? null : { text: await readText(stream), ageSeconds: 0 };
    },
  };
}

/**
 * UTF-8 text of a stream of octets, up to one past the limit. A KV value may have 25 MiB and an isolate 128 MB: a writer of
 * KV must not be able to exhaust the isolate's memory with it.
 */
export async function readText(stream: AsyncIterable<Uint8Array>): Promise<string> {
  // A byte order mark stays in the text, where it makes the document malformed, instead of being dropped silently.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
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
