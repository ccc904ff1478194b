/** One ring as a verifier reads it: its key set and its list, each from a reader that a test scripts. */
import type { RingName } from "../../../../shared/identifiers.ts";
import type { RevocationEntry } from "../../../../shared/revocations/sections.ts";
import { ISSUED_AT, makeRing } from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { createScriptedReader } from "../../../support/key-set-readers.ts";
import type { ScriptedReader } from "../../../support/key-set-readers.ts";
import { seconds } from "../../../support/key-sets.ts";
import { signRevocations } from "../../../support/revocations.ts";

export interface Side {
  readonly ring: TestRing;
  readonly keys: ScriptedReader;
  readonly lists: ScriptedReader;
}

export async function sideOf(name: RingName): Promise<Side> {
  const ring = await makeRing();
  return {
    ring,
    keys: createScriptedReader(await ring.publish({ ring: name })),
    lists: createScriptedReader(await list(ring, name, [])),
  };
}

export function list(ring: TestRing, name: RingName, entries: readonly RevocationEntry[], rev = 10): Promise<string> {
  return signRevocations(entries, seconds(ISSUED_AT), ring.root, { ring: name, rev });
}
