/** What key set documents are composed from, for tests: real keys at one fixed moment. */
import { composeKeySet } from "../../issuer/publish/compose.ts";
import type { KeySetParts, KeyToPublish } from "../../issuer/publish/compose.ts";
import type { Alg } from "../../shared/algorithms.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { KeySetDocument, KeyState } from "../../shared/key-set.ts";
import { makeKey, seconds, TEST_ISSUER, TEST_RING, TEST_TIMING } from "./key-sets.ts";

export const NOW: EpochSeconds = seconds(1_800_000_000);

/** A new key in a state. */
export async function keyToPublish(state: KeyState, alg: Alg = "ES256"): Promise<KeyToPublish> {
  const { kid, jwk } = await makeKey(alg);
  return { kid, jwk, state, publishedAt: undefined };
}

/** Parts of a first document with no keys, and what the test wants instead. */
export function keySetParts(changes: Partial<KeySetParts> = {}): KeySetParts {
  return {
    issuer: TEST_ISSUER,
    ring: TEST_RING,
    keys: [],
    revoked: [],
    timing: TEST_TIMING,
    roots: [],
    rev: NOW,
    documentLifetimeSeconds: 86_400,
    now: NOW,
    ...changes,
  };
}

/** A first document: one active and one pending key. */
export async function firstKeySet(): Promise<KeySetDocument> {
  return composeKeySet(keySetParts({ keys: [await keyToPublish("active"), await keyToPublish("pending")] }));
}
