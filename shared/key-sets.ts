/**
 * Where a verifier gets the signed key set documents from. What it does with them does not depend on the place: each text is
 * verified against the pinned root keys, held for as long as its own timing says, and outlived by its place until its `exp`.
 */
import type { RingName } from "./identifiers.ts";
import { createKvKeySetReader } from "./keys/key-set-reader.ts";
import type { KeySetNamespace, KeySetReader } from "./keys/key-set-reader.ts";

/** A place of key set documents, from {@link fromKv} or {@link fromDocument}. */
export interface KeySets {
  /** One ring's document in this place. */
  readerOf(ring: RingName): KeySetReader;
}

/**
 * Workers KV, which the rotator publishes to.
 * @param namespace the binding: `env.KEY_SETS`
 * @throws {TypeError} when it is no KV namespace
 */
export function fromKv(namespace: KeySetNamespace): KeySets {
  if (typeof namespace?.get !== "function") throw new TypeError("fromKv: the argument must be a KV namespace binding");
  return { readerOf: (ring) => createKvKeySetReader(namespace, ring) };
}

/**
 * One document that is at hand, of `sealgate ring bootstrap` say. It is good until its `exp` and knows no rotation.
 * @param text the compact JWS
 * @throws {TypeError} when it is no text
 */
export function fromDocument(text: string): KeySets {
  if (typeof text !== "string" || text === "") throw new TypeError("fromDocument: the argument must be a compact JWS");
  const reading = { text: text.trim(), ageSeconds: 0 };
  return { readerOf: () => ({ read: () => Promise.resolve(reading) }) };
}
