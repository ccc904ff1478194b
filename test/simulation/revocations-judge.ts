/**
 * The judge of histories in which tokens are taken back. It knows which entry lay in which table when, what lay in KV when, when a
 * `rev` was taken, and which token was issued when; nothing of plans, steps and reports. Times are true ones.
 */
import { START_MS } from "./clock.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import { documentOf } from "./documents.ts";
import type { Violation } from "./invariants.ts";
import type { InvariantName } from "./invariants.ts";
import { KMS_LAG_MS } from "./facts.ts";
import type { KvWrite } from "./kv-model.ts";
import type { RingPolicy } from "./ports.ts";
import type { ListAnswer, ListIsolate } from "./revocations-edge.ts";
import { createListFacts } from "./revocations-facts.ts";
import type { Ask, Entry, JudgedRing, ListToken } from "./revocations-facts.ts";
import { isNamed, leastRevIn, listIn } from "./revocations-lists.ts";
import type { Run } from "./rotator.ts";
import type { TableEntry } from "./table-model.ts";

export interface ListJudgeOptions {
  readonly clock: WorldClock;
  readonly coverage: Coverage;
  readonly policy: RingPolicy;
  readonly rings: readonly JudgedRing[];
  /** Rotators keep no memory, so that each run may publish at once what the API has not shown yet. */
  readonly forgetful: boolean;
  readonly pauses: boolean;
  /** The most that an edge's clock is off. */
  readonly edgeSkewSeconds: number;
  readonly onViolation: (violation: Violation) => void;
}

export interface ListJudge {
  readonly violations: readonly Violation[];
  report(invariant: InvariantName, detail: string): void;
  onToken(token: ListToken): void;
  onAsk(ask: Ask): void;
  onEntry(ring: number, entry: TableEntry): void;
  /** Of the list's entry. */
  onList(ring: number, write: KvWrite): void;
  onKeySet(ring: number, write: KvWrite): void;
  onDisabled(ring: number, keyArn: string): void;
  onRun(ring: number, run: Run): void;
  onAnswer(token: ListToken, answer: ListAnswer, isolate: ListIsolate): void;
  /** Cloudflare's API has blocked all calls. */
  onBlocked(calls: number): void;
  /** An entry that takes the token back is in a list now. */
  isTakenBack(token: ListToken): boolean;
}

/** A run sees what was written a minute before it. */
const API_LAG_MS = 60_000;
/** A document that contradicts an earlier one may rest on an observation of KV this old: a minute of the API, and composing. */
const RACE_MS = 95_000;
const CALM_RUNS = 3;
const LIST_INTERVAL_MS = 10_000;

export function createListJudge(options: ListJudgeOptions): ListJudge {
  const { clock, coverage, policy, rings } = options;
  const { kvPropagationSeconds: w, kvCacheTtlSeconds: c, memoryTtlSeconds: m, clockSkewSeconds: k } = policy.timing;
  const stalenessMs = 1000 * (w + c + m);
  const violations: Violation[] = [];
  const facts = createListFacts(policy, rings, options.edgeSkewSeconds);
  const { entriesOf, hasToRefuse, mayRefuse, lastUseMs, isLostWithTable, namedSince } = facts;
  const disabled: { ring: number; keyArn: string; sinceMs: number; runs: number }[] = [];
  const repairs = new Map<number, { strickenMs: number; count: number; lastMs: number }>();
  const runs: (Run & { readonly ring: number })[] = [];
  const lastPut = new Map<object, Pick<KvWrite, "putMs" | "text">>();
  const highestList = new Map<number, number>();
  const floors = new Map<number, { least: number; putMs: number }>();
  /** Tokens that an isolate has refused, and the one entry that can have been the cause. */
  const refusedAt = new WeakMap<ListIsolate, Map<string, Entry>>();

  const report = (invariant: InvariantName, detail: string): void => {
    const violation = { invariant, atSeconds: Math.round((clock.nowMs - START_MS) / 1000), detail };
    violations.push(violation);
    options.onViolation(violation);
  };
  const secondsBetween = (fromMs: number, toMs: number): string => `${((toMs - fromMs) / 1000).toFixed(1)} s`;

  function judgeAccepted(token: ListToken, answer: ListAnswer, isolate: ListIsolate): void {
    for (const one of entriesOf(token)) {
      if (!hasToRefuse(one, token) || rings.some((_, ring) => isLostWithTable(one, ring))) continue;
      if (refusedAt.get(isolate)?.get(token.token) === one)
        report(
          "r2 taken-back token accepted again",
          `${one.ask.kind} ${one.ask.value}, at an isolate that had refused it`,
        );
      const since = Math.min(...rings.map((_, ring) => namedSince(one, ring) ?? Infinity));
      if (since === Infinity || !answer.isKvAnswering) {
        coverage.count(
          since === Infinity ? "taken-back token before it was in a list" : "taken-back token while KV was out",
        );
        continue;
      }
      const elapsedMs = answer.atMs - since;
      const what = "taken-back token accepted after its list was read";
      coverage.bound(what, elapsedMs / 1000, stalenessMs / 1000);
      if (elapsedMs <= stalenessMs) continue;
      report(
        "r1 taken-back token accepted too late",
        `${one.ask.kind} ${one.ask.value}: ${secondsBetween(since, answer.atMs)}, bound ${stalenessMs / 1000} s, list rev ${answer.listRev}`,
      );
    }
  }

  function judgeRefused(token: ListToken, answer: ListAnswer, isolate: ListIsolate): void {
    const [cause, ...others] = entriesOf(token).filter((one) => mayRefuse(one, token));
    if (cause !== undefined && others.length === 0 && hasToRefuse(cause, token))
      refusedAt.set(isolate, (refusedAt.get(isolate) ?? new Map()).set(token.token, cause));
    coverage.count("taken-back tokens refused");
    if (!entriesOf(token).some((one) => mayRefuse(one, token)))
      report("r3 good token refused because of the list", `${token.ids.jti}: ${answer.code}`);
    if (entriesOf(token).some((one) => hasToRefuse(one, token))) return;
    if (facts.asksOf("sid", token.ids.sid) !== undefined) return;
    // The cost of taking back by subject: logins of the next 2K + 1 s.
    const nearMs = 1000 * (2 * k + 1);
    const isNear = facts.asksOf("sub", token.ids.sub)?.some(({ askedMs }) => token.askedMs < askedMs + nearMs);
    if (isNear === true) return coverage.count("new logins refused with their subject");
    report(
      "r3 good token refused because of the list",
      `${token.ids.jti}: issued after ${token.ids.sub} was taken back`,
    );
  }

  function excuseOf(token: ListToken, { isKvAnswering, atMs }: ListAnswer): string | undefined {
    const { lists } = rings[token.ring] ?? {};
    if (!isKvAnswering) return "KV was out";
    const stricken = lists?.writes.findLast(({ by }) => by === "other");
    const repair = stricken && lists?.writes.find(({ by, putMs }) => by === "rotator" && putMs > stricken.putMs);
    const isTampered = stricken !== undefined && atMs < (repair?.composedMs ?? Infinity) + stalenessMs;
    if (isTampered) return "KV held what no rotator has published";
    return hasRunOut(token.ring, atMs) ? "no rotator could renew the list for half its life" : undefined;
  }

  function hasRunOut(ring: number, atMs: number): boolean {
    const served = rings[ring]?.lists.writes.findLast(
      ({ by, composedMs }) => by === "rotator" && composedMs + stalenessMs <= atMs,
    );
    const list = listIn(served?.text);
    if (list === undefined) return false;
    const [halfLifeMs, lastMs] = [(list.issuedAt + list.expiresAt) * 500, list.expiresAt * 1000 - stalenessMs];
    const couldRenew = runs.some(
      (run) => run.ring === ring && isCalm(run) && run.begunMs > halfLifeMs && run.endedMs < lastMs,
    );
    return atMs > list.expiresAt * 1000 - 1000 * k && !couldRenew;
  }

  const isCalm = ({ isStoreCalm, isListCalm }: Run): boolean => isStoreCalm && isListCalm;

  /** A rotator's list names each entry that lay in the table when its rev was taken and may still be needed. */
  function judgeList(ring: number, write: KvWrite): void {
    const list = listIn(write.text);
    if (list === undefined) return report("unexpected error", "a rotator has written what is no list");
    coverage.count("lists");
    const takenMs = rings[ring]?.table.takenMs(list.rev) ?? 0;
    for (const one of facts.entries()) {
      if ((one.sinceMs.get(ring) ?? Infinity) >= takenMs || isNamed(list, one.entry)) continue;
      if (isLostWithTable(one, ring) || lastUseMs(one) <= write.composedMs) continue;
      const wasNamed = rings[ring]?.lists.writes.some(
        (other) =>
          other !== write &&
          (listIn(other.text)?.rev ?? Infinity) < list.rev &&
          isNamed(listIn(other.text) ?? list, one.entry),
      );
      const when = `${secondsBetween(one.ask.askedMs, write.composedMs)} after it was asked for`;
      report(
        wasNamed === true ? "r4 entry ended before its token" : "r5 entry lost",
        `${one.ask.kind} ${one.ask.value} is not in rev ${list.rev}, ${when}`,
      );
    }
    judgePace(write);
    const highest = highestList.get(ring) ?? 0;
    if (list.rev < highest) coverage.count("lists written over a newer one");
    highestList.set(ring, Math.max(highest, list.rev));
  }

  function judgePace({ process, putMs, text, isLate }: KvWrite): void {
    const before = process && lastPut.get(process);
    // The same one again, because its writer has not seen it confirmed.
    if (process === undefined || isLate || before?.text === text) return;
    const gapMs = putMs - (before?.putMs ?? -Infinity);
    lastPut.set(process, { putMs, text });
    if (gapMs < LIST_INTERVAL_MS && !options.forgetful)
      report("r8 lists too often", `${gapMs / 1000} s after the one before, by one process`);
  }

  function judgeWithdrawals(ring: number, { begunMs, isStoreCalm }: Run): void {
    const { kv, kms } = rings[ring] ?? {};
    if (!isStoreCalm || kv === undefined || kms === undefined) return;
    for (const one of disabled) {
      if (one.ring !== ring || begunMs < one.sinceMs + KMS_LAG_MS || ++one.runs !== CALM_RUNS) continue;
      const last = kv.writes.findLast(({ by }) => by === "rotator");
      const xs = last === undefined ? [] : [...documentOf(last).keys.values()];
      const x = kms.keys.get(one.keyArn)?.material.x ?? "";
      if (xs.includes(x)) report("r7 withdrawal held up", `${one.keyArn}, ${secondsBetween(one.sinceMs, clock.nowMs)}`);
      else coverage.count("withdrawn keys that had left the key set");
    }
  }

  /** Whether that was one of three calm runs, a minute apart. */
  function isThird(state: { count: number; lastMs: number }, fromMs: number, { begunMs }: Run): boolean {
    if (begunMs < Math.max(fromMs, state.lastMs + API_LAG_MS)) return false;
    state.lastMs = begunMs;
    return ++state.count === CALM_RUNS;
  }

  function judgePublished(ring: number, run: Run): void {
    const { lists, kv, table } = rings[ring] ?? {};
    if (!isCalm(run) || lists === undefined || kv === undefined || table === undefined) return;
    const list = listIn(lists.stored());
    for (const one of facts.entries()) {
      const storedMs = one.sinceMs.get(ring);
      if (storedMs === undefined || isLostWithTable(one, ring)) continue;
      const state = one.runs.get(ring) ?? { count: 0, lastMs: -Infinity };
      one.runs.set(ring, state);
      const fromMs = Math.max(storedMs, (lists.writes.findLast(({ by }) => by === "other")?.putMs ?? 0) + API_LAG_MS);
      if (!isThird(state, fromMs, run) || lastUseMs(one) <= clock.nowMs) continue;
      if (list === undefined || !isNamed(list, one.entry))
        report(
          "r6 revocation not published",
          `${one.ask.kind} ${one.ask.value}, ${secondsBetween(storedMs, clock.nowMs)} after it was stored`,
        );
    }
    const repair = repairs.get(ring);
    if (repair === undefined || !isThird(repair, repair.strickenMs + API_LAG_MS, run)) return;
    const leastRev = leastRevIn(kv.writes.findLast(({ by }) => by === "rotator")?.text) ?? 1;
    const isUsable = list !== undefined && list.rev >= leastRev && list.expiresAt * 1000 > clock.nowMs;
    const isOurs =
      lists.writes.at(-1)?.by === "rotator" ||
      lists.writes.some(({ by, text }) => by === "rotator" && text === lists.stored());
    if (!isUsable || !isOurs)
      report(
        "r6 revocation not published",
        `what an attacker has written ${secondsBetween(repair.strickenMs, clock.nowMs)} ago is still there`,
      );
    else coverage.count("attacks that were repaired");
  }

  return {
    violations,
    report,
    onToken: facts.onToken,
    onAsk: facts.onAsk,
    onEntry(ring, entry) {
      if (!facts.onEntry(ring, entry)) report("unexpected error", `an entry that was not asked for: ${entry.key}`);
    },
    onList(ring, write) {
      if (write.by === "rotator") return judgeList(ring, write);
      repairs.set(ring, { strickenMs: clock.nowMs, count: 0, lastMs: -Infinity });
    },
    onKeySet(ring, write) {
      if (write.by !== "rotator") return;
      const [least, before] = [leastRevIn(write.text) ?? 0, floors.get(ring)];
      floors.set(ring, { least, putMs: write.putMs });
      if (least > 0) coverage.count("key sets that name a least rev");
      if (before === undefined || least >= before.least) return;
      // Its writer could not see the one before, or was given an older one by an attacker and remembers nothing.
      const isRace = write.composedMs < before.putMs + RACE_MS;
      const isStricken = rings[ring]?.kv.writes.some(({ by, putMs }) => by === "other" && putMs > before.putMs);
      if (isRace || isStricken === true) coverage.count("least revs that a race or an attacker has lowered");
      else report("r9 least rev went back", `${before.least} to ${least}`);
    },
    onDisabled: (ring, keyArn) => void disabled.push({ ring, keyArn, sinceMs: clock.nowMs, runs: 0 }),
    onRun(ring, run) {
      runs.push({ ...run, ring });
      judgeWithdrawals(ring, run);
      judgePublished(ring, run);
      const limitMs = 1000 * (policy.composeDeadlineSeconds + policy.publishDeadlineSeconds);
      if (options.pauses || run.listMs === undefined) return;
      coverage.bound("a run's list", run.listMs / 1000, limitMs / 1000);
      if (run.listMs > limitMs + 1)
        report("r7 withdrawal held up", `a run was with its list for ${run.listMs / 1000} s`);
    },
    onAnswer(token, answer, isolate) {
      const { code, atMs, listRev, ring } = answer;
      if (listRev !== undefined && ring === token.ring) {
        const highest = isolate.highestList.get(ring) ?? 0;
        if (listRev < highest) report("r9 rev of a list went back", `${highest} to ${listRev}`);
        isolate.highestList.set(ring, Math.max(highest, listRev));
      }
      if (code === "accepted") return judgeAccepted(token, answer, isolate);
      if (code === "token_revoked") return judgeRefused(token, answer, isolate);
      if (atMs < token.fromMs || atMs >= token.untilMs) return;
      if (code !== "revocations_unavailable" && !code.startsWith("claim_"))
        return coverage.count(`not judged here: ${code}`);
      const excuse = excuseOf(token, answer);
      if (excuse === undefined)
        report("r3 good token refused because of the list", `${token.ids.jti}: ${code}, list rev ${listRev}`);
      else coverage.count(`${code}: ${excuse}`);
    },
    onBlocked: (calls) => report("r8 lists too often", `${calls} calls to Cloudflare's API within five minutes`),
    isTakenBack: (token) => entriesOf(token).some((one) => hasToRefuse(one, token)),
  };
}
