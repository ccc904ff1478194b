/**
 * An isolate of the edge that is asked about one token: the real ladder and the real verifier over a location of KV. Used
 * to measure how long a withdrawn key goes on verifying.
 */
import { ALGS } from "../../../../shared/algorithms.ts";
import { createTokenVerifier } from "../../../../shared/keys/token-verifier.ts";
import { DEFAULT_MAX_TOKEN_BYTES } from "../../../../shared/verify-token.ts";
import { makeLadder, onlyRing } from "../../../support/edge-ring.ts";
import type { TestRing } from "../../../support/edge-ring.ts";
import { collectBackgroundWork } from "../../../support/key-set-readers.ts";
import { TEST_ISSUER } from "../../../support/key-sets.ts";
import { audienceOf } from "../../../support/values.ts";
import type { KvLocation } from "./kv-location.ts";

export interface AskingEdge {
  /** What the gateway would say to the token at this time. */
  ask(nowMs: number): Promise<"passes" | "refused" | "unavailable">;
}

/** A new isolate: it holds nothing yet. */
export function startIsolate(ring: TestRing, token: string, kv: KvLocation, random: () => number): AskingEdge {
  const verifier = createTokenVerifier({
    rings: onlyRing(makeLadder(ring, kv, { random })),
    policy: {
      issuer: TEST_ISSUER,
      audiences: [audienceOf("api")],
      algs: new Set(ALGS),
      typs: new Set(["jwt"]),
      maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
    },
    memoryLimits: { maxEntries: 10, maxCharacters: 10_000 },
  });
  return {
    async ask(nowMs) {
      kv.nowMs = nowMs;
      const work = collectBackgroundWork();
      const answer = await verifier.verify(token, nowMs, work.waitUntil);
      await work.settle();
      if (answer.ok) return "passes";
      return answer.error.code === "keys_unavailable" ? "unavailable" : "refused";
    },
  };
}
