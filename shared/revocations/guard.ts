/**
 * A verification that asks the revocation lists as well, and what it stands on: each ring's list beside its key set.
 */
import type { RingName } from "../identifiers.ts";
import type { HeldKeySet, KeysUnavailable, WaitUntil } from "../keys/held-key-set.ts";
import type { LadderStatus } from "../keys/key-ladder.ts";
import type { KeyRings, Ring } from "../keys/key-rings.ts";
import type { KeySetReader } from "../keys/key-set-reader.ts";
import type { TokenVerifiers } from "../keys/token-verifier.ts";
import { KEY_READ_DEADLINE_MS } from "../keys/verification.ts";
import type { KeySetConfig, Verification } from "../keys/verification.ts";
import { err } from "../result.ts";
import type { Result } from "../result.ts";
import type { ImportedKeySet } from "../verification-keys.ts";
import type { RevocationsUnavailable } from "./problems.ts";
import { createRevocations } from "./revocations.ts";
import type { Revocations, RevocationsStatus } from "./revocations.ts";

/** What a ring stands on, with its list. */
export interface GuardedStatus extends LadderStatus {
  readonly revocations?: RevocationsStatus | undefined;
}

export interface GuardedRings {
  readonly rings: readonly {
    readonly name: RingName;
    readonly ladder: {
      /** The keys, if neither they nor the list have to be waited for. */
      peek(nowMs: number): ImportedKeySet | undefined;
      /** The keys, if the list can be had as well. */
      current(
        nowMs: number,
        waitUntil: WaitUntil,
      ): Promise<Result<HeldKeySet, KeysUnavailable | RevocationsUnavailable>>;
      status(nowMs: number): GuardedStatus;
    };
  }[];
  /** Set while a ring's tokens cannot be judged. */
  missing(nowMs: number): KeysUnavailable | RevocationsUnavailable | undefined;
}

export interface Guarded {
  readonly verifiers: TokenVerifiers;
  readonly health: GuardedRings;
  readonly revocations: Revocations;
}

/** @param readerOf where the list of a ring is read */
export function guardVerification(
  { rings, verifiers }: Verification,
  { issuer, rings: configs }: KeySetConfig,
  readerOf: (ring: RingName) => KeySetReader,
): Guarded {
  const revocations = createRevocations(rings, {
    issuer,
    readerOf,
    anchorsOf: (name) => configs.find(({ ring }) => ring === name)?.anchors ?? [],
    readDeadlineMs: KEY_READ_DEADLINE_MS,
    random: Math.random,
  });
  return { verifiers: revocations.guard(verifiers), health: guardRings(rings, revocations), revocations };
}

function guardRings(rings: KeyRings, revocations: Revocations): GuardedRings {
  return {
    rings: rings.rings.map((ring) => ({ name: ring.name, ladder: guardLadder(ring, revocations) })),
    missing: (nowMs) => {
      const missing = rings.missing(nowMs);
      const lists = rings.rings.map(({ name }) => revocations.unavailable(name, nowMs));
      return missing ?? lists.find((list) => list !== undefined);
    },
  };
}

function guardLadder({ name, ladder }: Ring, revocations: Revocations): GuardedRings["rings"][number]["ladder"] {
  return {
    peek: (nowMs) => (revocations.isReady(name, nowMs) ? ladder.peek(nowMs) : undefined),
    async current(nowMs, waitUntil) {
      const [keys, list] = await Promise.all([
        ladder.current(nowMs, waitUntil),
        revocations.current(name, nowMs, waitUntil),
      ]);
      if (!keys.ok) return keys;
      if ("code" in list) return err(list);
      return list.source === "memory" ? keys : { ...keys, value: { ...keys.value, source: list.source } };
    },
    status(nowMs) {
      const status = ladder.status(nowMs);
      const warnings = status.warnings.filter(({ code }) => code !== "revocations_not_checked");
      return { ...status, warnings, revocations: revocations.status(name, nowMs) };
    },
  };
}
