/** Where a ring's list of taken-back tokens is: in KV, and at a gateway that publishes it. Pure. */
import type { RingName } from "../identifiers.ts";

/** The KV key of a ring's list. */
export function revocationsKvKey(ring: RingName): string {
  return `revocations:${ring}`;
}

/** Where a gateway serves the list; a slash and the ring's name follow, and may be left out if there is one ring. */
export const REVOCATIONS_PATH = "/.well-known/sealgate/revocations";
