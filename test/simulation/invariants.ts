/**
 * The judge: sees everything, is seen by nobody, and says on each event whether a promise was broken. Times are true ones.
 * The numbers are those of docs/simulation.md.
 */
import type { AuditEntry } from "../../issuer/key-ring/audit.ts";
import { activeAlias, parseRingAlias } from "../../issuer/key-ring/names.ts";
import type { RingName } from "../../shared/identifiers.ts";
import type { RingTiming } from "../../shared/timing.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { documentOf } from "./documents.ts";
import type { Answer, Isolate } from "./edge.ts";
import { stalenessMs } from "./guards.ts";
import type { KmsChange, KmsTruth } from "./kms-model.ts";
import type { KvModel, KvWrite } from "./kv-model.ts";
import { createRecord } from "./record.ts";
import type { WorldRecord } from "./record.ts";
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
  /** The largest that any policy of the history has. */
  readonly timing: RingTiming;
  readonly startMs: number;
  readonly onViolation?: (violation: Violation) => void;
}

export interface Judge {
  readonly violations: readonly Violation[];
  readonly record: WorldRecord;
  report(invariant: InvariantName, detail: string): void;
  onKms(change: KmsChange): void;
  onWrite(write: KvWrite): void;
  onAudit(entry: AuditEntry): void;
  onAnswer(minted: MintedToken, answer: Answer, isolate: Isolate): void;
  onForged(answer: Answer, isolate: Isolate): void;
  /** At the end, after a quiet time: nothing is left over. */
  atRest(): void;
}

/** What an edge says that lacks a document; nothing else is ever excused. */
const UNKNOWN_TO_EDGE: ReadonlySet<string> = new Set(["keys_unavailable", "kid_unknown", "token_lifetime_too_long"]);

/** Twice the time in which KMS shows the past, and a few runs of a rotator. */
const CLEANED_AFTER_MS = 1_200_000;

export function createJudge(options: JudgeOptions): Judge {
  const { clock, ring, kms, kv, coverage, timing, startMs } = options;
  const boundMs = stalenessMs(timing);
  const record = createRecord({ clock, kv, stateOf: (keyArn) => kms.state(keyArn), timing });
  const violations: Violation[] = [];
  const xByKid = new Map<string, string>();
  const generationKeys = new Set<string>();
  const unaliasedAllowed = 4;

  function report(invariant: InvariantName, detail: string): void {
    const violation: Violation = { invariant, atSeconds: Math.round((clock.nowMs - startMs) / 1000), detail };
    violations.push(violation);
    options.onViolation?.(violation);
  }

  function judgeRevoked({ kid }: MintedToken, answer: Answer, isolate: Isolate): void {
    if (!answer.isAccepted) return;
    const since = record.withdrawnSince(kid);
    if (since === undefined || !answer.isKvAnswering) {
      coverage.count(answer.isKvAnswering ? "revoked token before its tombstone" : "revoked token while KV was out");
      return;
    }
    const elapsedMs = answer.atMs - since;
    coverage.worst(`revocation with S of ${boundMs / 1000} s`, elapsedMs / 1000);
    coverage.count("revoked token within S");
    if (elapsedMs > boundMs)
      report(
        "2 revoked key accepted too late",
        `${kid}: ${elapsedMs / 1000} s, from ${answer.origin}, rev ${answer.rev}, location ${isolate.location}, skew ${isolate.skewMs}`,
      );
  }

  function excuseOf(minted: MintedToken, { code, isKvAnswering }: Answer): string | undefined {
    if (!UNKNOWN_TO_EDGE.has(code)) return undefined;
    const excuses: readonly (readonly [excuse: string, holds: () => boolean])[] = [
      ["KV was out", () => !isKvAnswering],
      ["KV held what no rotator has published", () => record.isTampered()],
      [
        "no rotator could renew the document for half its life",
        () => code === "keys_unavailable" && record.hasRunOut(),
      ],
      [
        "the lifetime was lowered while KV had lost its document",
        () => code === "token_lifetime_too_long" && record.wasLoweredAfterLoss(ttlSecondsOf(minted)),
      ],
      ["the standby took over before it was ripe", () => minted.askedMs < record.unripeUntil(minted.kid)],
    ];
    return excuses.find(([, holds]) => holds())?.[0];
  }

  function judgeGood(minted: MintedToken, answer: Answer, isolate: Isolate): void {
    if (answer.isAccepted) return;
    const excuse = excuseOf(minted, answer);
    if (excuse !== undefined) return coverage.count(`good token refused, ${excuse}: ${answer.code}`);
    report(
      "1 good token refused",
      `${minted.kid} at location ${isolate.location}: ${answer.code}, rev ${answer.rev}, ${answer.origin}`,
    );
  }

  function noteAlias({ aliasName, keyArn, isNew }: Extract<KmsChange, { kind: "alias" }>): void {
    const role = parseRingAlias(ring, aliasName);
    if (role?.kind === "active") record.onActive(keyArn);
    if (role?.kind !== "generation") return;
    coverage.count("generations");
    if (!isNew || generationKeys.has(keyArn)) report("4 kid and key changed", `${aliasName} ${keyArn}`);
    generationKeys.add(keyArn);
  }

  /** Of the ring, enabled, and nobody will ever find it by a name. */
  function leftOver(): readonly string[] {
    return kms
      .unaliased()
      .filter((keyArn) => kms.state(keyArn) === "Enabled" && kms.tags(keyArn)["sealgate:managed"] === "true");
  }

  return {
    violations,
    record,
    report,
    onKms(change) {
      if (change.kind === "alias") noteAlias(change);
      if (change.kind === "signed" && generationKeys.has(change.keyArn) && !record.wasEverActive(change.keyArn)) {
        report("3 pending key has signed", change.keyArn);
      }
      if ((change.kind === "disabled" || change.kind === "deletion") && !record.hasSigner()) {
        report("6 no key can sign", "of those that are listed");
      }
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
      record.onWrite(write);
      for (const [kid, x] of documentOf(write).keys) {
        if ((xByKid.get(kid) ?? x) !== x) report("4 kid and key changed", kid);
        xByKid.set(kid, x);
        const key = [...kms.keys.values()].find(({ material }) => material.x === x);
        if (key === undefined) report("4 kid and key changed", `${kid} is no key of KMS`);
        else record.noteKey(kid, key.keyArn);
      }
    },
    onAudit(entry) {
      coverage.count(`step ${entry.step} ${entry.result}`);
      record.onAudit(entry);
      if (entry.result === "taken") coverage.count("aliases taken");
      if (entry.step === "publish" && entry.result === "done")
        for (const reason of entry.reasons) coverage.count(`published: ${reason}`);
      if (entry.step !== "move_active" || entry.result !== "done") return;
      coverage.count(`rotations: ${entry.reasons.join()}`);
    },
    onAnswer(minted, answer, isolate) {
      if (answer.rev !== undefined && answer.origin !== "bootstrap") {
        if (answer.rev < isolate.highestRev) report("5 rev went back", `${isolate.highestRev} to ${answer.rev}`);
        isolate.highestRev = Math.max(isolate.highestRev, answer.rev);
      }
      if (record.isRevoked(minted.kid)) judgeRevoked(minted, answer, isolate);
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
        if (record.isRevoked(kid)) report("2 revoked key accepted too late", `${kid} is listed at rest`);
      const active = kms.target(activeAlias(ring));
      if (active === undefined || kms.state(active) !== "Enabled") report("6 no key can sign", "active at rest");
    },
  };
}

function ttlSecondsOf({ fromMs, untilMs }: MintedToken): number {
  return Math.round((untilMs - fromMs) / 1000);
}
