/**
 * Safety of every step that a plan calls due, over random observations: whatever KMS and KV show, however stale or tampered
 * with. The predicate is written from docs/key-lifecycle.md, not from the code: it looks at observation and step only.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { planRing } from "../../../../../issuer/key-ring/index.ts";
import { settleAfterSeconds } from "../../../../../issuer/key-ring/rev.ts";
import type { ObservedRing, RingPolicy, RingRequest, Step } from "../../../../../issuer/key-ring/index.ts";
import type { KeySetDocument, KeySetKey } from "../../../../../shared/key-set.ts";
import { DEFAULT_TIMING } from "../../../../../shared/timing.ts";
import { keyOf, rootKey } from "../../../../support/observed-ring.ts";
import { arbitraryRequest, arbitraryRing, NOW, POLICIES } from "./arbitrary-ring.ts";

function live(observed: ObservedRing): KeySetDocument | undefined {
  if (observed.document.kind !== "read") return undefined;
  const { document } = observed.document;
  const isFromFuture = document.issuedAt > NOW + document.timing.clockSkewSeconds;
  return document.expiresAt > NOW && !isFromFuture ? document : undefined;
}

/**
 * `grace`: from the end of the hold until a key is dropped or passed over. `known`: from a key's listing until every edge knows it,
 * even if only the document says when it was listed.
 */
function durations(
  { document }: ObservedRing,
  { timing, ...policy }: RingPolicy,
): Record<"lead" | "hold" | "grace" | "known", number> {
  // The root key of each of these rings has a note of the default timing.
  const inUse = [timing, DEFAULT_TIMING, ...(document.kind === "read" ? [document.document.timing] : [])];
  const c = Math.max(...inUse.map(({ kvCacheTtlSeconds }) => kvCacheTtlSeconds));
  const m = Math.max(...inUse.map(({ memoryTtlSeconds }) => memoryTtlSeconds));
  const k = Math.max(...inUse.map(({ clockSkewSeconds }) => clockSkewSeconds));
  const l = Math.max(...inUse.map(({ maxTokenTtlSeconds }) => maxTokenTtlSeconds));
  const lead = timing.kvPropagationSeconds + c + m + k + 1;
  return {
    lead,
    known: lead + settleAfterSeconds(k),
    hold: timing.signerLagSeconds + l + 2 * k,
    grace: 300 + policy.composeDeadlineSeconds + k,
  };
}

function unsafe(
  step: Step,
  observed: ObservedRing,
  policy: RingPolicy,
  request: RingRequest | undefined,
): string | undefined {
  const document = live(observed);
  const listed = (kid: string | undefined): KeySetKey | undefined => document?.keys.find((key) => key.kid === kid);
  const { lead, hold, grace, known } = durations(observed, policy);
  const target = "keyArn" in step ? observed.generations.find(({ keyArn }) => keyArn === step.keyArn) : undefined;
  const kid = target === undefined ? undefined : keyOf(target.number).kid;
  const isRequested = request?.kind === "revoke" && request.kid === kid;
  const dead = new Set<string>([
    ...(observed.document.kind === "read" ? observed.document.document.revoked.map((one) => one.kid) : []),
    ...observed.generations
      .filter(({ tags }) => tags.revokedAt !== undefined)
      .flatMap(({ publicKey, tags }) => publicKey?.kid ?? tags.kid ?? []),
  ]);
  const isDead = kid !== undefined && dead.has(kid);
  const isHeld = observed.active === undefined || NOW < observed.active.updatedAt + hold;
  const isKept = observed.active === undefined || NOW < observed.active.updatedAt + hold + grace;
  switch (step.kind) {
    case "move_active": {
      const isSilent = observed.document.kind === "unknown" && step.reason === "revoked";
      const listedAt = isSilent ? target?.tags.listedAt : listed(kid)?.publishedAt;
      if (target?.keyState !== "Enabled") return "moves to a key that cannot sign";
      if (listedAt === undefined) return "moves to a key that is not published";
      if (isDead || isRequested) return "moves to a revoked key";
      const { publishedAt = 0 } = target.tags;
      const settledAt = publishedAt > listedAt ? publishedAt : Infinity;
      if (step.reason !== "revoked") {
        return NOW < settledAt + lead + policy.downstreamCacheSeconds ? "moves before the lead is over" : undefined;
      }
      if (target.number < step.from) return isHeld ? undefined : "takes over after its hold";
      const isPassedOver = observed.generations.some(
        ({ number, keyState, publicKey }) =>
          number < step.from &&
          keyState === "Enabled" &&
          !dead.has(keyOf(number).kid) &&
          !(request?.kind === "revoke" && request.kid === keyOf(number).kid) &&
          isKept &&
          // One that was itself only just listed is no better known than the one that it is passed over for.
          (listed(publicKey?.kid)?.publishedAt ?? Infinity) + known <= NOW,
      );
      return NOW < settledAt + lead && isPassedOver ? "passes over a key that may have taken over" : undefined;
    }
    case "disable_key": {
      if (isDead || isRequested) return undefined;
      if (observed.active?.generation === target?.number) return "disables the active key";
      if (observed.active?.generation === undefined || (target?.number ?? 0) > observed.active.generation)
        return "disables a pending key";
      if (isKept) return "disables before the hold is over";
      return document === undefined || listed(kid) !== undefined ? "disables a key that edges may hold" : undefined;
    }
    case "schedule_deletion":
      if (step.reason === "orphan") {
        const { orphans, generations } = observed;
        const orphan = orphans.find(({ keyArn }) => keyArn === step.keyArn);
        const isTaken = generations.some(({ number }) => String(number) === orphan?.tags.generation);
        const isOvertaken = generations.some(({ number }) => number > Number(orphan?.tags.generation));
        return orphan?.tags.managed === true && (isTaken || isOvertaken)
          ? undefined
          : "deletes a key that may be needed";
      }
      if (policy.deleteAfterDays === undefined) return "deletes without being asked to";
      if (target?.keyState !== "Disabled" || !target.tags.managed)
        return "deletes a key that is in use, or not its own";
      return document === undefined || listed(kid) !== undefined ? "deletes a key that edges may hold" : undefined;
    case "publish": {
      const kids = step.keys.map((key) => key.kid);
      if (kids.includes(rootKey.kid)) return "publishes the root key as a signing key";
      if (new Set(kids).size !== kids.length) return "publishes a kid twice";
      if (kids.some((one) => dead.has(one) || (request?.kind === "revoke" && request.kid === one)))
        return "publishes a revoked key";
      if ([...dead].some((one) => !step.revoked.some((tombstone) => tombstone.kid === one))) return "loses a tombstone";
      for (const key of document?.keys ?? []) {
        const holder = observed.generations.find(({ number }) => keyOf(number).kid === key.kid);
        const isRetiring =
          holder !== undefined &&
          observed.active?.generation !== undefined &&
          holder.number < observed.active.generation;
        const isLeft = kids.includes(key.kid) || step.revoked.some((tombstone) => tombstone.kid === key.kid);
        if (!isLeft && !(isRetiring && !isKept)) return "drops a key that may have signed tokens";
        const taken = step.keys.find((one) => one.kid === key.kid);
        if (taken !== undefined && taken.publishedAt !== key.publishedAt) return "forgets when a key was published";
      }
      const isKnown = observed.document.kind === "read" && document !== undefined;
      if (!isKnown && step.rev.leadSeconds <= 2 * policy.timing.clockSkewSeconds)
        return "may choose a rev that edges refuse";
      const previous = observed.document.kind === "read" ? observed.document.document.rev : 0;
      if ((step.rev.previous ?? 0) < Math.max(previous, observed.highestRev ?? 0))
        return "goes back behind a known rev";
      const shown = observed.document.kind === "read" ? observed.document.document.timing.maxTokenTtlSeconds : 0;
      return step.timing.maxTokenTtlSeconds < Math.max(shown, DEFAULT_TIMING.maxTokenTtlSeconds)
        ? "lowers the token lifetime without waiting"
        : undefined;
    }
    case "create_key":
    case "claim_alias":
    case "tag_key":
    case "create_active":
    case "move_root":
      return undefined;
  }
}

test("a plan never calls a step due that is unsafe", () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(arbitraryRing, fc.constantFrom(...POLICIES), arbitraryRequest, (observed, policy, request) => {
      for (const step of planRing(observed, policy, NOW, request).due) {
        seen.set(step.kind, (seen.get(step.kind) ?? 0) + 1);
        expect(unsafe(step, observed, policy, request)).toBeUndefined();
      }
    }),
    { numRuns: 10_000 },
  );
  // The property says nothing about steps that the observations never call for.
  for (const kind of ["publish", "move_active", "disable_key", "create_key", "schedule_deletion", "tag_key"]) {
    expect(seen.get(kind) ?? 0, kind).toBeGreaterThan(50);
  }
});

test("a plan is a function of what it is given", () => {
  fc.assert(
    fc.property(arbitraryRing, fc.constantFrom(...POLICIES), arbitraryRequest, (observed, policy, request) => {
      const before = JSON.stringify(observed);
      expect(planRing(observed, policy, NOW, request)).toEqual(planRing(observed, policy, NOW, request));
      expect(JSON.stringify(observed)).toBe(before);
    }),
  );
});
