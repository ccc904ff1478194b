/**
 * Guards of taking tokens back, taken away one at a time in what revokers, rotators and edges are given: the code under test has no such
 * switch. Each has a history that breaks a promise without it (`revocations.test.ts`).
 */
import type { StoredRevocation } from "../../issuer/revocations/entry.ts";
import { START_MS } from "./clock.ts";
import { SealgateError } from "./ports.ts";
import type { HostClock, Revocations, RevocationStore, RingPolicy } from "./ports.ts";
import type { EdgeRingModel, ListEdgeGuards } from "./revocations-edge.ts";
import type { TableGuards } from "./table-model.ts";
import type { VerificationKey } from "../../shared/jws.ts";

export interface ListGuards extends TableGuards, ListEdgeGuards {
  /** A rev is taken after the table was read. */
  readonly revFirst?: boolean;
  /** The table deletes an entry at the token's `exp`. */
  readonly twoSkews?: boolean;
  /** An entry ends by the policy, not by the largest timing that may be in force. */
  readonly largestTiming?: boolean;
  /** A session's entry ends with the tokens that had been issued when it was ended. */
  readonly longestInvocation?: boolean;
  /** A subject's cut is the second in which it is taken back. */
  readonly cutAhead?: boolean;
  /** A run is with its list for as long as the table takes: each, or each after one that was given up. */
  readonly listDeadline?: "always" | "later";
  /** No list is published: no rev can be taken. */
  readonly publishing?: boolean;
  /** Edges are deployed before there is a list. */
  readonly waitForList?: boolean;
  /** The anchor of someone else is trusted. */
  readonly anchor?: VerificationKey;
}

export function edgeWithout({ policy, kv, lists, anchors }: EdgeRingModel, { anchor }: ListGuards): EdgeRingModel {
  return { policy, kv, lists, anchors: anchor === undefined ? anchors : [...anchors, anchor] };
}

/** @param now true time, epoch seconds */
export function storeWithout(
  store: RevocationStore,
  policy: RingPolicy,
  removed: ListGuards,
  now: () => number,
): RevocationStore {
  const { maxTokenTtlSeconds: l, clockSkewSeconds: k } = policy.timing;
  let last: ReturnType<RevocationStore["load"]> | undefined;
  const isKept = (entry: StoredRevocation): boolean => {
    if (removed.twoSkews === true && "expiresAt" in entry) return now() < entry.expiresAt;
    if (removed.longestInvocation === true && entry.kind === "sid" && "revokedAt" in entry)
      return now() < entry.revokedAt + l + 3 * k;
    if (removed.largestTiming === true && "cut" in entry) return now() < entry.cut + SHORT_LIFE_SECONDS + 2 * k;
    return true;
  };
  return {
    ...store,
    async load(issuer, since) {
      // The reading that the run began with stands for one that was begun before the rev was taken.
      const before = removed.revFirst === true ? last : undefined;
      last = before === undefined ? store.load(issuer, since) : undefined;
      const { entries, unreadable } = await (before ?? last ?? store.load(issuer, since));
      return { entries: entries.filter(isKept), unreadable };
    },
    takeRev(issuer, propose) {
      const isOver = removed.publishing === true && now() * 1000 > START_MS + PUBLISHING_MS;
      if (isOver) throw new SealgateError("revocation_table_failed", "no rev", { retryable: true });
      return store.takeRev(issuer, propose);
    },
  };
}

/** Until then, lists are published all the same. */
const PUBLISHING_MS = 1_500_000;

/** What is longer than any deadline of a call, and as long as that of a list. */
const LIST_DEADLINE_MS = 90_000;

export function clockWithout(clock: HostClock, { listDeadline }: ListGuards): HostClock {
  if (listDeadline === undefined) return clock;
  let isKept = listDeadline === "later";
  return {
    ...clock,
    startTimer(delayMs, onTime) {
      if (delayMs < LIST_DEADLINE_MS) return clock.startTimer(delayMs, onTime);
      if (!isKept) return () => {};
      return clock.startTimer(delayMs, () => {
        isKept = false;
        onTime();
      });
    },
  };
}

/** L of the lower policy in the counter-example. */
const SHORT_LIFE_SECONDS = 60;

/** @param now of the revoker's clock, epoch seconds */
export function revokerWithout(
  revocations: Revocations,
  { timing: { clockSkewSeconds: k } }: RingPolicy,
  { cutAhead }: ListGuards,
  now: () => number,
): Revocations {
  if (cutAhead !== true) return revocations;
  return { ...revocations, revokeSubject: (sub) => revocations.revokeSubject(sub, { issuedBefore: now() - k - 1 }) };
}
