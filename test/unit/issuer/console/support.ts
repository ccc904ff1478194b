/** A reading of a ring that was put together by hand, with another observation where a test says so. */
import type { RingReading } from "../../../../issuer/console/ring-view.ts";
import { deriveState, planRing } from "../../../../issuer/key-ring/index.ts";
import type { ObservedRing } from "../../../../issuer/key-ring/index.ts";
import { after, observedRing } from "../../../support/observed-ring.ts";
import { ringPolicy } from "../../../support/ring-world.ts";

export function readingOf(observed: ObservedRing = observedRing(), elapsed = 10): RingReading {
  const [policy, now] = [ringPolicy(), after(elapsed)];
  return {
    state: deriveState(observed, policy, now, undefined),
    plan: planRing(observed, policy, now),
    gateways: [],
    revocations: undefined,
  };
}
