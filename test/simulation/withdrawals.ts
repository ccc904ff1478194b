/**
 * Who was withdrawn, when, and since when that is final: from what people and rotators did in KMS and KV, never from what a
 * rotator says of it. A key that people disable and enable again is in limbo meanwhile, and for as long after as a rotator may
 * still be shown the disabled one; once a rotator has acted on it, nothing brings it back.
 */
import { kidOfRevokedOther } from "../../issuer/key-ring/names.ts";
import type { WorldClock } from "./clock.ts";
import { documentOf } from "./documents.ts";
import type { KmsChange, KmsTruth } from "./kms-model.ts";
import type { KvWrite } from "./kv-model.ts";

export type Standing = "good" | "limbo" | "revoked";

export interface Withdrawal {
  /** Since when the key may not sign, or should not. */
  readonly sinceMs: number;
  /** People mean it: they do not enable the key again before the ring knows. */
  isMeant: boolean;
  /** When the key was first disabled, or its deletion scheduled. */
  disabledMs: number | undefined;
  /** When people enabled the key again. */
  enabledMs: number | undefined;
  /** When a rotator first acted on it: `active` moved away, a tombstone in KV, a tag. */
  actedMs: number | undefined;
  /** When a tombstone first stood in KV. */
  tombstoneMs: number | undefined;
}

export interface Withdrawals {
  /** People have decided to withdraw the key, and will not take it back. */
  mean(keyArn: string): void;
  onKms(change: KmsChange, keyOf: (kid: string) => string | undefined): void;
  onWrite(write: KvWrite, keyOf: (kid: string) => string | undefined): void;
  /** `active` was moved away from the key by a rotator, for no other reason than its withdrawal. */
  onMovedAway(keyArn: string): void;
  of(keyArn: string): Withdrawal | undefined;
  standing(keyArn: string): Standing;
  /** It was disabled, or people wanted it to be, at some time since then. */
  isOutSince(keyArn: string, sinceMs: number): boolean;
  all(): Iterable<readonly [keyArn: string, withdrawal: Withdrawal]>;
}

/** What a rotator plans on is at most so old: KMS's lag, composing, publishing. */
const ACTS_WITHIN_MS = 300_000 + 30_000 + 60_000;

export function createWithdrawals(clock: WorldClock, kms: Pick<KmsTruth, "state">): Withdrawals {
  const byKey = new Map<string, Withdrawal>();

  function begin(keyArn: string): Withdrawal {
    const known = byKey.get(keyArn);
    if (known !== undefined && (known.enabledMs === undefined || known.actedMs !== undefined)) return known;
    const begun: Withdrawal = {
      sinceMs: clock.nowMs,
      isMeant: known?.isMeant ?? false,
      disabledMs: undefined,
      enabledMs: undefined,
      actedMs: undefined,
      tombstoneMs: undefined,
    };
    byKey.set(keyArn, begun);
    return begun;
  }

  function act(keyArn: string): void {
    const withdrawal = byKey.get(keyArn);
    if (withdrawal !== undefined) withdrawal.actedMs ??= clock.nowMs;
  }

  const standing = (keyArn: string): Standing => {
    const withdrawal = byKey.get(keyArn);
    if (withdrawal === undefined) return "good";
    if (withdrawal.isMeant || withdrawal.actedMs !== undefined) return "revoked";
    const { enabledMs } = withdrawal;
    return enabledMs !== undefined && clock.nowMs > enabledMs + ACTS_WITHIN_MS ? "good" : "limbo";
  };

  return {
    mean(keyArn) {
      begin(keyArn).isMeant = true;
    },
    onKms(change, keyOf) {
      if (change.kind === "tagged" && change.by === "rotator") {
        if (change.tags["sealgate:revoked"] !== undefined) act(change.keyArn);
        // On another key, if KMS refuses tags on this one.
        for (const name of Object.keys(change.tags)) {
          const keyArn = keyOf(kidOfRevokedOther(name) ?? "");
          if (keyArn !== undefined) act(keyArn);
        }
      }
      if (change.kind === "disabled" || change.kind === "deletion") {
        const disabled = change.by === "person" ? begin(change.keyArn) : byKey.get(change.keyArn);
        if (disabled !== undefined) disabled.disabledMs ??= clock.nowMs;
      }
      if (change.by !== "person") return;
      const withdrawal = change.kind === "enabled" ? byKey.get(change.keyArn) : undefined;
      if (withdrawal !== undefined) withdrawal.enabledMs = clock.nowMs;
    },
    onWrite(write, keyOf) {
      for (const kid of documentOf(write).revoked) {
        const keyArn = keyOf(kid);
        const withdrawal = keyArn === undefined ? undefined : byKey.get(keyArn);
        if (keyArn === undefined || withdrawal === undefined) continue;
        withdrawal.tombstoneMs ??= clock.nowMs;
        act(keyArn);
      }
    },
    onMovedAway: act,
    of: (keyArn) => byKey.get(keyArn),
    standing,
    isOutSince(keyArn, sinceMs) {
      const withdrawal = byKey.get(keyArn);
      if (withdrawal === undefined) return false;
      const endMs =
        withdrawal.isMeant || kms.state(keyArn) !== "Enabled" ? Infinity : (withdrawal.enabledMs ?? Infinity);
      return endMs >= sinceMs;
    },
    all: () => byKey,
  };
}
