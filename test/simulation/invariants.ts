/**
 * The judge: sees everything that happens in the world, is not seen by its parts, and says on each event whether a promise was
 * broken. It is told nothing that a plan, a step or an audit says. Times are true ones; the numbers are those of
 * docs/simulation.md.
 */
import { parseRingAlias } from "../../issuer/key-ring/names.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { documentOf } from "./documents.ts";
import type { Answer, Isolate } from "./edge.ts";
import { createExcuses } from "./excuses.ts";
import { createFacts, KMS_LAG_MS, RUNS_FOR_A_TOMBSTONE } from "./facts.ts";
import type { Facts } from "./facts.ts";
import type { KmsChange, KmsTruth } from "./kms-model.ts";
import type { KvModel, KvWrite } from "./kv-model.ts";
import { createMoves } from "./moves.ts";
import { isNameless } from "./nameless.ts";
import type { InvariantName } from "./promises.ts";
import { aliasesOf } from "./ports.ts";
import type { RingPolicy } from "./ports.ts";
import { maySignUntil } from "./revoked-signing.ts";
import type { Run } from "./rotator.ts";
import { createNumbers } from "./numbers.ts";
import { createSigningJudge } from "./signing.ts";
import type { Attempt, MintedToken } from "./signer.ts";

export type { InvariantName } from "./promises.ts";

export interface Violation {
  readonly invariant: InvariantName;
  readonly atSeconds: number;
  readonly detail: string;
}

export interface JudgeOptions {
  readonly clock: WorldClock;
  readonly kms: KmsTruth;
  readonly kv: KvModel;
  readonly coverage: Coverage;
  /** All that any host of the history obeys at some time; the first from the start. */
  readonly policies: readonly RingPolicy[];
  readonly rotatorEverySeconds: number;
  readonly startMs: number;
  readonly onViolation?: (violation: Violation) => void;
}

export interface Judge {
  readonly violations: readonly Violation[];
  readonly facts: Facts;
  report(invariant: InvariantName, detail: string): void;
  onKms(change: KmsChange): void;
  onWrite(write: KvWrite): void;
  onRun(run: Run): void;
  onAttempt(attempt: Attempt): void;
  /** @param isolate undefined for a consumer of the plain JWK Set */
  onAnswer(minted: MintedToken, answer: Answer, isolate: Isolate | undefined): void;
  onForged(answer: Answer, isolate: Isolate): void;
  /** Signers are judged from now on. */
  onDeployed(): void;
  /** At the end, after a quiet time: nothing is left over. */
  atRest(): void;
}

/** Twice the time in which KMS shows the past, and a few runs of a rotator. */
const CLEANED_AFTER_MS = 1_200_000;

/** For so long a rotator does not look again at a key that is not its own. */
const FOREIGN_KEY_MS = 3_600_000;

/** From the deployment of edges until a new ring's first key has its tags, and KMS shows them. */
const SIGNERS_SETTLE_MS = 900_000;

export function createJudge(options: JudgeOptions): Judge {
  const { clock, kms, kv, coverage, policies, startMs } = options;
  const [policy] = policies;
  if (policy === undefined) throw new TypeError("a history has a policy");
  const { ring } = policy;
  const aliases = aliasesOf(policy);
  const facts = createFacts({ clock, kms, kv, policies });
  const { withdrawals, spans } = facts;
  const moves = createMoves(clock, kv, facts);
  const excuses = createExcuses(clock, kv, facts, moves);
  const violations: Violation[] = [];
  const report = (invariant: InvariantName, detail: string): void => {
    const violation: Violation = { invariant, atSeconds: Math.round((clock.nowMs - startMs) / 1000), detail };
    violations.push(violation);
    options.onViolation?.(violation);
  };
  const signing = createSigningJudge({
    clock,
    kms,
    facts,
    coverage,
    policy,
    rotatorEverySeconds: options.rotatorEverySeconds,
    report: (detail) => report("9 no token issued", detail),
  });
  const xByKid = new Map<string, string>();
  const algByKid = new Map<string, string>();
  const numbers = createNumbers(clock, coverage);
  const runsSinceWithdrawn = new Map<string, number>();
  const unaliasedAllowed = 4;
  let refusals = 0;

  function judgeRevoked({ kid }: MintedToken, answer: Answer, isolate: Isolate | undefined): void {
    if (!answer.isAccepted) return;
    const since = moves.withdrawnSince(kid);
    if (since === undefined || !answer.isKvAnswering) {
      coverage.count(answer.isKvAnswering ? "revoked token before its tombstone" : "revoked token while KV was out");
      return;
    }
    const elapsedMs = answer.atMs - since;
    const boundMs = facts.timingAt(since).stalenessMs + answer.keptSeconds * 1000 + answer.setBackMs;
    const who = answer.keptSeconds > 0 ? "S + P, a consumer of the plain JWK Set" : "S";
    coverage.bound(`revoked key accepted after its tombstone: ${who}`, elapsedMs / 1000, boundMs / 1000);
    coverage.count("revoked token within S");
    if (elapsedMs <= boundMs) return;
    const where = isolate === undefined ? "a consumer" : `location ${isolate.location}`;
    report(
      "2 revoked key accepted too late",
      `${kid}: ${elapsedMs / 1000} s, bound ${boundMs / 1000} s, from ${answer.source}, rev ${answer.rev}, ${where}`,
    );
  }

  function judgeGood(minted: MintedToken, answer: Answer, isolate: Isolate | undefined): void {
    if (answer.isAccepted) return;
    const excuse = excuses.of(minted, answer);
    if (excuse !== undefined) return coverage.count(`good token refused, ${excuse}: ${answer.code}`);
    const where = isolate === undefined ? "a consumer" : `location ${isolate.location}`;
    report("1 good token refused", `${minted.kid} at ${where}: ${answer.code}, rev ${answer.rev}, ${answer.source}`);
  }

  function judgeNumber(change: Extract<KmsChange, { kind: "alias" }>): void {
    if (parseRingAlias(ring, change.aliasName)?.role !== "generation") return;
    coverage.count("generations");
    const wrong = numbers.onAlias(change);
    if (wrong !== undefined) report("4 kid, key or algorithm changed", wrong);
  }

  function judgeSigned(keyArn: string): void {
    if (!facts.isGeneration(keyArn)) return;
    if (!facts.wasEverActive(keyArn)) report("3 pending key has signed", keyArn);
    const { actedMs } = withdrawals.of(keyArn) ?? {};
    const untilMs = maySignUntil(keyArn, facts);
    if (actedMs === undefined || untilMs === undefined) return;
    if (clock.nowMs > untilMs)
      report(
        "11 revoked key has signed",
        `${keyArn}, ${(clock.nowMs - actedMs) / 1000} s after a rotator had acted on it`,
      );
  }

  /** Of the ring, enabled, and nobody will ever find it by a name. */
  function leftOver(): readonly string[] {
    return kms
      .unaliased()
      .filter((keyArn) => kms.state(keyArn) === "Enabled" && kms.tags(keyArn)["sealgate:managed"] === "true");
  }

  function judgeLeftOver(): void {
    const { crashes = 0, "failed calls": failed = 0, "lost answers": lost = 0 } = coverage.report().counts;
    const allowed = unaliasedAllowed + crashes + failed + lost + refusals;
    if (leftOver().length > allowed) report("7 key without an alias", `${leftOver().length}, allowed ${allowed}`);
  }

  /** A key is left to sign, or none that people have not withdrawn themselves. */
  function hasSigner(): boolean {
    const document = kv.writes.findLast(({ by }) => by === "rotator");
    const kids = document === undefined ? [] : [...documentOf(document).keys.keys()];
    const listed = kids.flatMap((kid) => facts.keyOf(kid) ?? []);
    const isRetired = (keyArn: string): boolean =>
      clock.nowMs > (facts.activeUntil(keyArn) ?? Infinity) + spans.leastHoldMs;
    const good = listed.filter((keyArn) => withdrawals.standing(keyArn) === "good" && !isRetired(keyArn));
    return good.length === 0 || good.some((keyArn) => kms.state(keyArn) === "Enabled");
  }

  function judgeTombstones({ begunMs, isStoreCalm }: Run): void {
    const canPublish = facts.couldRootSign(begunMs);
    const last = kv.writes.findLast(({ by }) => by === "rotator");
    for (const [keyArn, { sinceMs, enabledMs, actedMs, tombstoneMs }] of withdrawals.all()) {
      // A document that does not list the key says as much to every edge.
      const isListed = last !== undefined && documentOf(last).keys.has(facts.kidOf(keyArn) ?? "");
      const isFinal = actedMs !== undefined || (enabledMs === undefined && kms.state(keyArn) !== "Enabled");
      const isInUse = facts.kidOf(keyArn) !== undefined && facts.isGeneration(keyArn);
      if (tombstoneMs !== undefined || !isListed || !isFinal || !isInUse || !canPublish || !isStoreCalm) continue;
      if (facts.isMeddledWith(sinceMs - KMS_LAG_MS) || isPast(keyArn, sinceMs)) continue;
      if (begunMs < Math.max(sinceMs, actedMs ?? 0) + KMS_LAG_MS) continue;
      const runs = (runsSinceWithdrawn.get(keyArn) ?? 0) + 1;
      runsSinceWithdrawn.set(keyArn, runs);
      if (runs === RUNS_FOR_A_TOMBSTONE)
        report("10 withdrawal not published", `${keyArn}, withdrawn ${(clock.nowMs - sinceMs) / 1000} s ago`);
    }
  }

  /** It had left the key set, or was about to, when it was withdrawn. */
  function isPast(keyArn: string, sinceMs: number): boolean {
    return sinceMs > (facts.activeUntil(keyArn) ?? Infinity) + spans.leastHoldMs - 2 * spans.skewMs;
  }

  return {
    violations,
    facts,
    report,
    onKms(change) {
      const { active } = facts;
      if (change.kind === "refused") refusals++;
      facts.onKms(change);
      signing.onChange();
      numbers.onOther(change);
      if (change.kind === "alias") {
        judgeNumber(change);
        if (change.aliasName === aliases.active && change.by === "rotator") {
          coverage.count(change.isNew ? "creations of active" : "moves of active");
          const wrong = moves.onMove(active?.keyArn, active?.sinceMs ?? 0, change);
          if (wrong !== undefined) report("12 active moved without a cause", wrong);
        }
      }
      if (change.kind === "signed") judgeSigned(change.keyArn);
      if ((change.kind === "disabled" || change.kind === "deletion") && !hasSigner())
        report("6 no key can sign", "of those that are listed");
      if (change.kind === "created") judgeLeftOver();
    },
    onWrite(write) {
      facts.onWrite(write);
      if (write.by === "other") return;
      coverage.count("documents");
      moves.onWrite(write);
      const { keys, algs } = documentOf(write);
      for (const [kid, x] of keys) {
        const alg = algs.get(kid) ?? "";
        if ((xByKid.get(kid) ?? x) !== x || (algByKid.get(kid) ?? alg) !== alg)
          report("4 kid, key or algorithm changed", `${kid} ${algByKid.get(kid) ?? ""} ${alg}`);
        xByKid.set(kid, x);
        algByKid.set(kid, alg);
        if (facts.keyOf(kid) === undefined) report("4 kid, key or algorithm changed", `${kid} is no key of KMS`);
      }
      for (const [, { sinceMs, tombstoneMs }] of withdrawals.all()) {
        if (tombstoneMs !== clock.nowMs) continue;
        coverage.bound("from a withdrawal to its tombstone", (tombstoneMs - sinceMs) / 1000, Infinity);
      }
    },
    onRun(run) {
      facts.onRun(run);
      signing.onRun(run);
      judgeTombstones(run);
    },
    onAttempt: (attempt) => signing.onAttempt(attempt),
    onAnswer(minted, answer, isolate) {
      if (isolate !== undefined && answer.rev !== undefined && answer.source !== "bootstrap") {
        if (answer.rev < isolate.highestRev) report("5 rev went back", `${isolate.highestRev} to ${answer.rev}`);
        isolate.highestRev = Math.max(isolate.highestRev, answer.rev);
      }
      const keyArn = facts.keyOf(minted.kid);
      const standing = keyArn === undefined ? "good" : withdrawals.standing(keyArn);
      if (standing === "revoked") judgeRevoked(minted, answer, isolate);
      else if (standing === "good" && answer.atMs >= minted.fromMs && answer.atMs < minted.untilMs)
        judgeGood(minted, answer, isolate);
    },
    onForged(answer, isolate) {
      coverage.count("forged tokens");
      if (answer.isAccepted) report("8 forged token accepted", `at location ${isolate.location}`);
    },
    // Until then a new ring's first key is not yet known to be published.
    onDeployed: () => void clock.at(clock.nowMs + SIGNERS_SETTLE_MS, () => signing.begin()),
    atRest() {
      const old = leftOver().filter(
        (keyArn) => (kms.keys.get(keyArn)?.createdMs ?? 0) < clock.nowMs - CLEANED_AFTER_MS && !numbers.hasLost(keyArn),
      );
      // A key whose tags a rotator was refused is another's to it, for an hour.
      const sinceMs = clock.nowMs - CLEANED_AFTER_MS;
      const isExcused = facts.isMeddledWith(sinceMs) || facts.wereTagsDenied(sinceMs - FOREIGN_KEY_MS);
      if (old.length > 0 && !isExcused) report("7 key without an alias", `${old.join()} at rest`);
      const last = kv.writes.at(-1);
      const listed = last === undefined ? [] : [...documentOf(last).keys.keys()];
      for (const kid of listed) {
        const keyArn = facts.keyOf(kid) ?? "";
        if (withdrawals.standing(keyArn) === "revoked" && !isNameless(keyArn, kms, facts))
          report("2 revoked key accepted too late", `${kid} is listed at rest`);
      }
      const active = kms.target(aliases.active);
      if (active === undefined || kms.state(active) !== "Enabled") report("6 no key can sign", "active at rest");
    },
  };
}
