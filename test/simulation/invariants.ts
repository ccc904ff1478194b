/**
 * The judge: sees everything, is seen by nobody, and says on each event whether a promise was broken. Times are true ones.
 * The numbers are those of docs/simulation.md.
 */
import type { AuditEntry } from "../../issuer/key-ring/audit.ts";
import { activeAlias, parseRingAlias } from "../../issuer/key-ring/names.ts";
import type { RingName } from "../../shared/identifiers.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { documentOf } from "./documents.ts";
import type { Answer, Isolate } from "./edge.ts";
import type { KmsChange, KmsTruth } from "./kms-model.ts";
import type { KvModel, KvWrite } from "./kv-model.ts";
import type { MintedToken } from "./signer.ts";

export type InvariantName =
  | "1 good token refused"
  | "2 revoked key accepted too late"
  | "3 pending key has signed"
  | "4 kid and key changed"
  | "5 rev went back"
  | "6 no key can sign"
  | "7 key without an alias"
  | "8 forged token accepted"
  | "unexpected error";

export interface Violation {
  readonly invariant: InvariantName;
  readonly atSeconds: number;
  readonly detail: string;
}

export interface JudgeOptions {
  readonly clock: WorldClock;
  readonly ring: RingName;
  readonly kms: KmsTruth;
  readonly kv: KvModel;
  readonly coverage: Coverage;
  /** S and K, the largest that any policy of the history has, milliseconds. */
  readonly stalenessMs: number;
  readonly skewMs: number;
  readonly startMs: number;
}

export interface Judge {
  readonly violations: readonly Violation[];
  report(invariant: InvariantName, detail: string): void;
  onKms(change: KmsChange): void;
  onWrite(write: KvWrite): void;
  onAudit(entry: AuditEntry): void;
  onAnswer(minted: MintedToken, answer: Answer, isolate: Isolate): void;
  onForged(answer: Answer, isolate: Isolate): void;
  /** Somebody has withdrawn the key; from now on its tokens are bad. */
  revoke(keyArn: string): void;
  isRevoked(kid: string): boolean;
  /** ARN of the key that a document has listed under this kid. */
  keyOf(kid: string): string | undefined;
  /** At the end, after a quiet time: nothing is left over. */
  atRest(): void;
}

/** A document that lists a key again may rest on an observation of KV this old: a minute of the API, and composing. */
const RACE_MS = 95_000;

/** What an edge says that lacks a document; nothing else is ever excused. */
const UNKNOWN_TO_EDGE: ReadonlySet<string> = new Set(["keys_unavailable", "kid_unknown", "token_lifetime_too_long"]);

/** Twice the time in which KMS shows the past, and a few runs of a rotator. */
const CLEANED_AFTER_MS = 1_200_000;

export function createJudge(options: JudgeOptions): Judge {
  const { clock, ring, kms, kv, coverage, stalenessMs, skewMs, startMs } = options;
  const violations: Violation[] = [];
  const keyByKid = new Map<string, string>();
  const xByKid = new Map<string, string>();
  const revoked = new Map<string, number>();
  const everActive = new Set<string>();
  const generationKeys = new Set<string>();
  /** Kids that took over in an emergency before every edge could know them. */
  const emergency = new Set<string>();
  /** Revs of documents whose writers know that they are published. */
  const confirmed = new Set<number>();
  const unaliasedAllowed = 4;

  function report(invariant: InvariantName, detail: string): void {
    violations.push({ invariant, atSeconds: Math.round((clock.nowMs - startMs) / 1000), detail });
  }

  function isRevoked(kid: string): boolean {
    const keyArn = keyByKid.get(kid);
    return keyArn !== undefined && revoked.has(keyArn);
  }

  /** What is in KV, or may be served still, is not what the rotators have published. */
  function isTampered(): boolean {
    const last = kv.writes.findLastIndex(({ by }) => by === "other");
    if (last < 0) return false;
    const repair = kv.writes.slice(last + 1).find(({ by }) => by === "rotator");
    return repair === undefined || clock.nowMs < repair.composedMs + stalenessMs;
  }

  /**
   * When the document was composed from which on every one is of the wanted kind. One of the other kind counts as a lost race,
   * and begins the wait anew, only if its writer could not see the first: it composed within {@link RACE_MS}, and had
   * not published one of the wanted kind itself before (a late write was composed before). Any later one is the ring's fault.
   */
  function settledSince(
    isWanted: (write: KvWrite) => boolean,
    mayBegin: (write: KvWrite) => boolean,
    endsWithOthers: boolean,
  ): KvWrite | undefined {
    let since: KvWrite | undefined;
    const knowing = new Set<object | undefined>();
    for (const write of kv.writes) {
      if (write.by === "other") {
        if (endsWithOthers) since = undefined;
      } else if (isWanted(write)) {
        if (since === undefined && mayBegin(write)) since = write;
        if (since !== undefined && confirmed.has(documentOf(write).rev)) knowing.add(write.process);
      } else if (
        since !== undefined &&
        write.composedMs < since.putMs + RACE_MS &&
        (write.isLate || !knowing.has(write.process))
      ) {
        since = undefined;
      }
    }
    return since;
  }

  /** Since when the key is withdrawn for good, as far as the rotators' later documents go. */
  function withdrawnSince(kid: string): number | undefined {
    const revokedMs = revoked.get(keyByKid.get(kid) ?? "") ?? Infinity;
    const since = settledSince(
      (write) => !documentOf(write).keys.has(kid),
      (write) => write.putMs >= revokedMs,
      true,
    );
    return since?.composedMs;
  }

  /** Until when edges may not know a key that took over in an emergency: S + K after the first document with it. */
  function unripeUntil(kid: string): number {
    if (!emergency.has(kid)) return 0;
    const since = settledSince(
      (write) => documentOf(write).keys.has(kid),
      () => true,
      false,
    );
    return since === undefined ? Infinity : since.composedMs + stalenessMs + skewMs;
  }

  /** The document that no longer allows the lifetime took the place of something that is no document of a rotator. */
  function wasLoweredAfterLoss({ fromMs, untilMs }: MintedToken): boolean {
    const ttlSeconds = Math.round((untilMs - fromMs) / 1000);
    const lastAllowing = kv.writes.findLastIndex(
      (write) => write.by === "rotator" && (documentOf(write).maxTokenTtlSeconds ?? 0) >= ttlSeconds,
    );
    return lastAllowing >= 0 && kv.writes[lastAllowing + 1]?.by === "other";
  }

  function judgeRevoked({ kid }: MintedToken, answer: Answer, isolate: Isolate): void {
    if (!answer.isAccepted) return;
    const since = withdrawnSince(kid);
    if (since === undefined || !answer.isKvAnswering) {
      coverage.count(answer.isKvAnswering ? "revoked token before its tombstone" : "revoked token while KV was out");
      return;
    }
    const elapsedMs = answer.atMs - since;
    coverage.worst(`revocation with S of ${stalenessMs / 1000} s`, elapsedMs / 1000);
    coverage.count("revoked token within S");
    if (elapsedMs > stalenessMs)
      report(
        "2 revoked key accepted too late",
        `${kid}: ${elapsedMs / 1000} s, from ${answer.origin}, rev ${answer.rev}, location ${isolate.location}, skew ${isolate.skewMs}`,
      );
  }

  function judgeGood(minted: MintedToken, answer: Answer, isolate: Isolate): void {
    if (answer.isAccepted) return;
    const excuse = !UNKNOWN_TO_EDGE.has(answer.code)
      ? undefined
      : !answer.isKvAnswering
        ? "KV was out"
        : isTampered()
          ? "KV held what no rotator has published"
          : answer.code === "token_lifetime_too_long" && wasLoweredAfterLoss(minted)
            ? "the lifetime was lowered while KV had lost its document"
            : minted.askedMs < unripeUntil(minted.kid)
              ? "the standby took over before it was ripe"
              : undefined;
    if (excuse !== undefined) return coverage.count(`good token refused, ${excuse}: ${answer.code}`);
    report(
      "1 good token refused",
      `${minted.kid} at location ${isolate.location}: ${answer.code}, rev ${answer.rev}, ${answer.origin}`,
    );
  }

  function noteAlias({ aliasName, keyArn, isNew }: Extract<KmsChange, { kind: "alias" }>): void {
    const role = parseRingAlias(ring, aliasName);
    if (role?.kind === "active") everActive.add(keyArn);
    if (role?.kind !== "generation") return;
    coverage.count("generations");
    if (!isNew || generationKeys.has(keyArn)) report("4 kid and key changed", `${aliasName} ${keyArn}`);
    generationKeys.add(keyArn);
  }

  function requireSigner(): void {
    const document = kv.writes.findLast(({ by }) => by === "rotator");
    if (document === undefined) return;
    const listed = [...documentOf(document).keys.keys()].flatMap((kid) => keyByKid.get(kid) ?? []);
    const good = listed.filter((keyArn) => !revoked.has(keyArn));
    const canSign = good.some((keyArn) => kms.state(keyArn) === "Enabled");
    if (!canSign && good.length > 0) report("6 no key can sign", `${good.length} generations`);
  }

  /** Of the ring, enabled, and nobody will ever find it by a name. */
  function leftOver(): readonly string[] {
    return kms
      .unaliased()
      .filter((keyArn) => kms.state(keyArn) === "Enabled" && kms.tags(keyArn)["sealgate:managed"] === "true");
  }

  return {
    violations,
    report,
    isRevoked,
    keyOf: (kid) => keyByKid.get(kid),
    revoke: (keyArn) => {
      if (!revoked.has(keyArn)) revoked.set(keyArn, clock.nowMs);
    },
    onKms(change) {
      if (change.kind === "alias") noteAlias(change);
      if (change.kind === "signed" && generationKeys.has(change.keyArn) && !everActive.has(change.keyArn)) {
        report("3 pending key has signed", change.keyArn);
      }
      if (change.kind === "disabled" || change.kind === "deletion") requireSigner();
      if (change.kind !== "created") return;
      const {
        crashes = 0,
        "failed calls": failed = 0,
        "lost answers": lost = 0,
        "aliases taken": taken = 0,
      } = coverage.report().counts;
      const allowed = unaliasedAllowed + crashes + failed + lost + taken;
      if (leftOver().length > allowed) report("7 key without an alias", `${leftOver().length}, allowed ${allowed}`);
    },
    onWrite(write) {
      if (write.by === "other") return;
      coverage.count("documents");
      for (const [kid, x] of documentOf(write).keys) {
        if ((xByKid.get(kid) ?? x) !== x) report("4 kid and key changed", kid);
        xByKid.set(kid, x);
        const key = [...kms.keys.values()].find(({ material }) => material.x === x);
        if (key === undefined) report("4 kid and key changed", `${kid} is no key of KMS`);
        else keyByKid.set(kid, key.keyArn);
      }
    },
    onAudit(entry) {
      coverage.count(`step ${entry.step} ${entry.result}`);
      if (entry.step === "publish" && entry.rev !== undefined) confirmed.add(entry.rev);
      if (entry.result === "taken") coverage.count("aliases taken");
      if (entry.step === "publish" && entry.result === "done")
        for (const reason of entry.reasons) coverage.count(`published: ${reason}`);
      if (entry.step !== "move_active" || entry.result !== "done") return;
      coverage.count(`rotations: ${entry.reasons.join()}`);
      const { kid } = entry;
      if (kid === undefined || !entry.reasons.includes("revoked")) return;
      const first = kv.writes[kv.writes.findLastIndex((write) => !documentOf(write).keys.has(kid)) + 1];
      if (clock.nowMs < (first?.composedMs ?? clock.nowMs) + stalenessMs + skewMs) emergency.add(kid);
    },
    onAnswer(minted, answer, isolate) {
      if (answer.rev !== undefined && answer.origin !== "bootstrap") {
        if (answer.rev < isolate.highestRev) report("5 rev went back", `${isolate.highestRev} to ${answer.rev}`);
        isolate.highestRev = Math.max(isolate.highestRev, answer.rev);
      }
      if (isRevoked(minted.kid)) judgeRevoked(minted, answer, isolate);
      else if (answer.atMs >= minted.fromMs && answer.atMs < minted.untilMs) judgeGood(minted, answer, isolate);
    },
    onForged(answer, isolate) {
      coverage.count("forged tokens");
      if (answer.isAccepted) report("8 forged token accepted", `at location ${isolate.location}`);
    },
    atRest() {
      const old = leftOver().filter(
        (keyArn) => (kms.keys.get(keyArn)?.createdMs ?? 0) < clock.nowMs - CLEANED_AFTER_MS,
      );
      if (old.length > 0) report("7 key without an alias", `${old.join()} at rest`);
      const last = kv.writes.at(-1);
      const listed = last === undefined ? [] : [...documentOf(last).keys.keys()];
      for (const kid of listed)
        if (isRevoked(kid)) report("2 revoked key accepted too late", `${kid} is listed at rest`);
      const active = kms.target(activeAlias(ring));
      if (active === undefined || kms.state(active) !== "Enabled") report("6 no key can sign", "active at rest");
    },
  };
}
