/** When a good token may be refused all the same. Each rule is named, counted by its name, and explained in docs/simulation.md. */
import type { WorldClock } from "./clock.ts";
import { documentOf } from "./documents.ts";
import type { Answer } from "./edge.ts";
import type { Facts } from "./facts.ts";
import type { KvModel } from "./kv-model.ts";
import type { Moves } from "./moves.ts";
import type { MintedToken } from "./signer.ts";

export interface Excuses {
  /** The first rule that excuses the answer; undefined when there is none. */
  of(minted: MintedToken, answer: Answer): string | undefined;
}

/** What a verifier says that lacks a document; nothing else is ever excused. */
const UNKNOWN_TO_EDGE: ReadonlySet<string> = new Set(["keys_unavailable", "kid_unknown", "token_lifetime_too_long"]);

export function createExcuses(clock: WorldClock, kv: KvModel, facts: Facts, moves: Moves): Excuses {
  /**
   * What every edge has at least has expired, and no rotator could renew it from its half-life until S before. A rotator's clock may
   * be behind by K, so that the half-life has not come to it, and an edge's ahead by K.
   */
  function hasRunOut(): boolean {
    const { stalenessMs, skewMs } = facts.timingAt(clock.nowMs);
    const served = kv.writes.findLast(
      ({ by, composedMs }) => by === "rotator" && composedMs + stalenessMs <= clock.nowMs,
    );
    if (served === undefined) return false;
    const { issuedAt, expiresAt } = documentOf(served);
    const firstMs = (issuedAt + expiresAt) * 500 + skewMs;
    const lastMs = expiresAt * 1000 - stalenessMs - skewMs;
    const isExpired = clock.nowMs > expiresAt * 1000 - skewMs;
    const couldRenew = facts.runs.some(
      (run) => run.isStoreCalm && run.couldRootSign && run.endedMs > firstMs && run.endedMs < lastMs,
    );
    return isExpired && !couldRenew;
  }

  return {
    of(minted, { code, isKvAnswering, keptSeconds }) {
      if (!UNKNOWN_TO_EDGE.has(code)) return undefined;
      const rules: readonly (readonly [excuse: string, holds: () => boolean])[] = [
        ["KV was out", () => !isKvAnswering],
        ["KV held what no rotator has published", () => facts.isTampered(keptSeconds * 1000)],
        [
          "no rotator could renew the document for half its life",
          () => code !== "token_lifetime_too_long" && hasRunOut(),
        ],
        [
          "a key had to take over before it was ripe",
          () => minted.askedMs < moves.unripeUntil(minted.kid, keptSeconds > 0),
        ],
      ];
      return rules.find(([, holds]) => holds())?.[0];
    },
  };
}
