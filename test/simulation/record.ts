/**
 * What has truly happened, as far as the judge's rules look back at it: who was withdrawn and when, since when the documents
 * lack a key for good, until when edges may not know one. Times are true ones. The rules are those of docs/simulation.md.
 */
import type { AuditEntry } from "../../issuer/key-ring/audit.ts";
import { holdSeconds, leadSeconds } from "../../issuer/key-ring/policy.ts";
import type { RingTiming } from "../../shared/timing.ts";
import type { WorldClock } from "./clock.ts";
import { documentOf } from "./documents.ts";
import { stalenessMs } from "./guards.ts";
import type { KvModel, KvWrite } from "./kv-model.ts";

export interface RecordOptions {
  readonly clock: WorldClock;
  readonly kv: KvModel;
  /** The true state of a key. */
  readonly stateOf: (keyArn: string) => string;
  /** The largest that any policy of the history has. */
  readonly timing: RingTiming;
}

export interface WorldRecord {
  /** A rotator's document was written. */
  onWrite(write: KvWrite): void;
  /** A document has listed this key under this kid. */
  noteKey(kid: string, keyArn: string): void;
  /** ARN of the key that a document has listed under this kid. */
  keyOf(kid: string): string | undefined;
  /** Somebody has withdrawn the key; from now on its tokens are bad. */
  revoke(keyArn: string): void;
  isRevoked(kid: string): boolean;
  /** `active` has come to point to this key. */
  onActive(keyArn: string): void;
  wasEverActive(keyArn: string): boolean;
  onAudit(entry: AuditEntry): void;
  /** What is in KV, or may be served still, is not what the rotators have published. */
  isTampered(): boolean;
  /** Since when the key is withdrawn for good, as far as the rotators' later documents go. */
  withdrawnSince(kid: string): number | undefined;
  /** Until when edges may not know a key that took over in an emergency: S + K after the first document with it. */
  unripeUntil(kid: string): number;
  /** A run of a rotator has ended in which KMS and KV have answered. */
  onHealthyRun(): void;
  /** What every edge has at least has expired, and no rotator could renew it from its half-life until S before. */
  hasRunOut(): boolean;
  /** The document that no longer allows the lifetime took the place of something that is no document of a rotator. */
  wasLoweredAfterLoss(ttlSeconds: number): boolean;
  /** A key is left to sign, or none that people have not withdrawn themselves. */
  hasSigner(): boolean;
}

/** A document that lists a key again may rest on an observation of KV this old: a minute of the API, and composing. */
const RACE_MS = 95_000;

export function createRecord({ clock, kv, stateOf, timing }: RecordOptions): WorldRecord {
  const boundMs = stalenessMs(timing);
  const leadMs = leadSeconds(timing) * 1000;
  const holdMs = holdSeconds(timing) * 1000;
  const keyByKid = new Map<string, string>();
  const kidByKey = new Map<string, string>();
  const revoked = new Map<string, number>();
  /** When `active` last pointed to the key; Infinity while it does. */
  const activeUntil = new Map<string, number>();
  let active: string | undefined;
  /** Kids that took over in an emergency before every edge could know them. */
  const emergency = new Set<string>();
  /** Revs of documents whose writers know that they are published. */
  const confirmed = new Set<number>();
  const healthyRuns: number[] = [];
  /** Kids that a document leaves out because their hold was over when it was composed. */
  const retiredBy = new Map<KvWrite, ReadonlySet<string>>();
  /** Keys that the ring has retired while another one was there to sign. */
  const retired = new Set<string>();

  const isRevoked = (kid: string): boolean => revoked.has(keyByKid.get(kid) ?? "");

  function noteEmergency(kid: string): void {
    const first = kv.writes[kv.writes.findLastIndex((write) => !documentOf(write).keys.has(kid)) + 1];
    if (clock.nowMs < (first?.composedMs ?? clock.nowMs) + leadMs) emergency.add(kid);
  }

  /**
   * When the document was composed from which on every one is of the wanted kind. One of the other kind counts as a lost race,
   * and begins the wait anew, only if its writer could not see the first: it composed within {@link RACE_MS}, and had
   * not published one of the wanted kind itself before (a late write was composed before). Any later one is the ring's fault,
   * unless it is `final`: then what was wanted had come to its regular end.
   */
  function settledSince(
    isWanted: (write: KvWrite) => boolean,
    mayBegin: (write: KvWrite) => boolean,
    endsWithOthers: boolean,
    isFinal: (write: KvWrite) => boolean,
  ): KvWrite | undefined {
    let since: KvWrite | undefined;
    const knowing = new Set<object | undefined>();
    for (const write of kv.writes) {
      if (write.by === "other") {
        if (endsWithOthers) since = undefined;
        continue;
      }
      if (isWanted(write)) {
        if (since === undefined && mayBegin(write)) since = write;
        if (since !== undefined && confirmed.has(documentOf(write).rev)) knowing.add(write.process);
      } else if (since !== undefined) {
        const isRace = write.composedMs < since.putMs + RACE_MS && (write.isLate || !knowing.has(write.process));
        if (isRace || isFinal(write)) since = undefined;
      }
    }
    return since;
  }

  return {
    isRevoked,
    onWrite(write) {
      const before = kv.writes.findLast((other) => other.by === "rotator" && other !== write);
      const states = before === undefined ? [] : [...documentOf(before).states];
      const isHoldOver = (kid: string): boolean =>
        write.composedMs >= (activeUntil.get(keyByKid.get(kid) ?? "") ?? 0) + holdMs;
      const isRetired = ([kid, state]: readonly [string, string]): boolean =>
        state === "retiring" && !documentOf(write).keys.has(kid) && isHoldOver(kid);
      retiredBy.set(write, new Set(states.filter(isRetired).map(([kid]) => kid)));
    },
    noteKey(kid, keyArn) {
      keyByKid.set(kid, keyArn);
      kidByKey.set(keyArn, kid);
    },
    keyOf: (kid) => keyByKid.get(kid),
    revoke: (keyArn) => {
      if (!revoked.has(keyArn)) revoked.set(keyArn, clock.nowMs);
    },
    onActive(keyArn) {
      const kid = kidByKey.get(keyArn);
      // The rotator tells of its step only when it has the answer; tokens are signed with the key before.
      if (kid !== undefined && active !== undefined && active !== keyArn && revoked.has(active)) noteEmergency(kid);
      if (active !== undefined) activeUntil.set(active, clock.nowMs);
      activeUntil.set(keyArn, Infinity);
      active = keyArn;
    },
    wasEverActive: (keyArn) => activeUntil.has(keyArn),
    onAudit({ step, rev, result, reasons, kid, keyArn }) {
      if (step === "publish" && rev !== undefined) confirmed.add(rev);
      if (result !== "done" || kid === undefined || keyArn === undefined) return;
      if (step === "move_active" && reasons.includes("revoked")) noteEmergency(kid);
      // That people have since asked to withdraw the other one was not for the ring to know.
      const hasSuccessor = [...kidByKey.keys()].some((other) => !retired.has(other) && stateOf(other) === "Enabled");
      if (step === "disable_key" && reasons.includes("retired") && hasSuccessor) retired.add(keyArn);
    },
    isTampered() {
      const last = kv.writes.findLastIndex(({ by }) => by === "other");
      if (last < 0) return false;
      const repair = kv.writes.slice(last + 1).find(({ by }) => by === "rotator");
      return repair === undefined || clock.nowMs < repair.composedMs + boundMs;
    },
    withdrawnSince(kid) {
      const revokedMs = revoked.get(keyByKid.get(kid) ?? "") ?? Infinity;
      const since = settledSince(
        (write) => !documentOf(write).keys.has(kid),
        (write) => write.putMs >= revokedMs,
        true,
        () => false,
      );
      return since?.composedMs;
    },
    unripeUntil(kid) {
      if (!emergency.has(kid)) return 0;
      const since = settledSince(
        (write) => documentOf(write).keys.has(kid),
        () => true,
        false,
        (write) => retiredBy.get(write)?.has(kid) === true,
      );
      return since === undefined ? Infinity : since.composedMs + leadMs;
    },
    onHealthyRun: () => void healthyRuns.push(clock.nowMs),
    hasRunOut() {
      const served = kv.writes.findLast(
        ({ by, composedMs }) => by === "rotator" && composedMs + boundMs <= clock.nowMs,
      );
      if (served === undefined) return false;
      const { issuedAt, expiresAt } = documentOf(served);
      const [halfLifeMs, lastMs] = [(issuedAt + expiresAt) * 500, expiresAt * 1000 - boundMs];
      const isExpired = clock.nowMs > expiresAt * 1000 - timing.clockSkewSeconds * 1000;
      return isExpired && !healthyRuns.some((atMs) => atMs > halfLifeMs && atMs < lastMs);
    },
    wasLoweredAfterLoss(ttlSeconds) {
      const lastAllowing = kv.writes.findLastIndex(
        (write) => write.by === "rotator" && (documentOf(write).maxTokenTtlSeconds ?? 0) >= ttlSeconds,
      );
      return lastAllowing >= 0 && kv.writes[lastAllowing + 1]?.by === "other";
    },
    hasSigner() {
      const document = kv.writes.findLast(({ by }) => by === "rotator");
      const kids = document === undefined ? [] : [...documentOf(document).keys.keys()];
      const listed = kids.flatMap((kid) => keyByKid.get(kid) ?? []);
      const good = listed.filter((keyArn) => !revoked.has(keyArn) && !retired.has(keyArn));
      return good.length === 0 || good.some((keyArn) => stateOf(keyArn) === "Enabled");
    },
  };
}
