/**
 * Each move of `active` by a rotator, judged by what was true when it was made: whether there was a cause, whether the key that
 * took over was known to every edge, and, if it was not, whether there was any other that could have.
 */
import type { WorldClock } from "./clock.ts";
import { documentOf } from "./documents.ts";
import { COMPOSE_MS, KMS_LAG_MS } from "./facts.ts";
import type { Facts } from "./facts.ts";
import type { KmsChange } from "./kms-model.ts";
import type { KvModel, KvWrite } from "./kv-model.ts";

type MoveOfActive = Pick<Extract<KmsChange, { kind: "alias" }>, "keyArn" | "isNew">;

export interface Moves {
  /**
   * `active` was moved by a rotator, or made by it: the first time, or because people had taken it away.
   * @returns what is wrong with it, if anything
   */
  onMove(from: string | undefined, activeSinceMs: number, change: MoveOfActive): string | undefined;
  onWrite(write: KvWrite): void;
  /** Until when edges, or consumers that keep what an edge has told them, may not know a key that had to take over unripe; 0 if it had not. */
  unripeUntil(kid: string, isConsumer: boolean): number;
  /** Since when the key is withdrawn for good, as far as rotators' later documents go. */
  withdrawnSince(kid: string): number | undefined;
}

/** A document that contradicts an earlier one may rest on an observation of KV this old: a minute of the API, and composing. */
const RACE_MS = 95_000;

export function createMoves(clock: WorldClock, kv: KvModel, facts: Facts): Moves {
  /** Keys that had to take over before every edge could know them. */
  const emergencies = new Set<string>();
  /** Keys that took over in place of a withdrawn one, until something better is ripe. */
  const stopgaps = new Set<string>();
  /**
   * Keys that `active` was put back on by a rotator although a later one had signed. Where the document, the tags and a process's memory
   * are lost, or KMS shows them late, that cannot be told; the later one takes over again as soon as it is ripe. Never the key that had
   * signed when people took `active` away: that one signs its time.
   */
  const restored = new Set<string>();
  /** Kids that a document leaves out because their hold was over when it was composed. */
  const retiredBy = new Map<KvWrite, ReadonlySet<string>>();
  const { spans, withdrawals } = facts;

  const isOut = (keyArn: string): boolean => withdrawals.isOutSince(keyArn, clock.nowMs - KMS_LAG_MS - 2 * COMPOSE_MS);

  function isRipe(keyArn: string): boolean {
    const since = facts.listedSince(keyArn);
    const { stalenessMs, skewMs } = facts.timingAt(clock.nowMs);
    return since !== undefined && clock.nowMs >= since + stalenessMs + skewMs;
  }

  /** Due, asked for, or from a key that is no generation or had merely stood in. */
  function isOrdinary(from: string, activeSinceMs: number): boolean {
    const slackMs = 2 * spans.skewMs + COMPOSE_MS;
    const isDue = clock.nowMs >= activeSinceMs + spans.leastRotationMs - slackMs;
    const isAsked = facts.lastRotationAskedMs >= activeSinceMs - KMS_LAG_MS;
    return isDue || isAsked || !facts.isGeneration(from) || stopgaps.has(from);
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
        if (since !== undefined && facts.hasConfirmed(write)) knowing.add(write.process);
      } else if (since !== undefined) {
        const isRace = write.composedMs < since.putMs + RACE_MS && (write.isLate || !knowing.has(write.process));
        if (isRace || isFinal(write)) since = undefined;
      }
    }
    return since;
  }

  /** Edges that hold one of those before take it up. Of two rotators whose clocks differ, one may publish a lower `rev`. */
  function isNewest(write: KvWrite): boolean {
    const before = kv.writes.slice(0, kv.writes.indexOf(write));
    return before.every((other) => documentOf(other).rev <= documentOf(write).rev);
  }

  function unripeUntil(kid: string, extraMs: number): number {
    if (!emergencies.has(facts.keyOf(kid) ?? "")) return 0;
    const since = settledSince(
      (write) => documentOf(write).keys.has(kid),
      isNewest,
      false,
      (write) => retiredBy.get(write)?.has(kid) === true,
    );
    if (since === undefined) return Infinity;
    const { stalenessMs, skewMs } = facts.timingAt(since.composedMs);
    return since.composedMs + stalenessMs + skewMs + extraMs;
  }

  return {
    onMove(from, activeSinceMs, { keyArn: to, isNew }) {
      if (isNew && facts.isPassedOver(to)) restored.add(to);
      if (from === undefined || from === to) return undefined;
      const wasRestored = restored.delete(from);
      if (isOut(from) && !isOrdinary(from, activeSinceMs)) withdrawals.onMovedAway(from);
      // A rotator may have been shown an earlier one, and that one withdrawn.
      const wasOut = facts.activeSince(clock.nowMs - KMS_LAG_MS - 2 * COMPOSE_MS).some(isOut);
      const others = facts.fit().filter((keyArn) => keyArn !== to);
      if (wasOut) {
        stopgaps.add(to);
        // Unripe, and nothing else could sign: better some refused tokens than none issued.
        if (others.length === 0) emergencies.add(to);
        return undefined;
      }
      // A rotator that is still shown the one before does once more what was due then, with another standby.
      const isShownBefore = activeSinceMs > clock.nowMs - KMS_LAG_MS - 2 * COMPOSE_MS;
      if ((isShownBefore || wasRestored) && isRipe(to)) return undefined;
      if (isOrdinary(from, activeSinceMs) || facts.isMeddledWith(clock.nowMs - KMS_LAG_MS)) return undefined;
      return `${from} was fit, and nobody had asked for another one${isRipe(to) ? "" : "; the other one is not ripe"}`;
    },
    onWrite(write) {
      if (write.by === "other") return;
      const before = kv.writes.findLast((other) => other.by === "rotator" && other !== write);
      const isHoldOver = (kid: string): boolean => {
        const untilMs = facts.activeUntil(facts.keyOf(kid) ?? "") ?? 0;
        return write.composedMs >= untilMs + spans.leastHoldMs;
      };
      const listed = before === undefined ? [] : [...documentOf(before).states];
      const gone = listed.filter(
        ([kid, state]) => state === "retiring" && !documentOf(write).keys.has(kid) && isHoldOver(kid),
      );
      retiredBy.set(write, new Set(gone.map(([kid]) => kid)));
    },
    unripeUntil: (kid, isConsumer) => unripeUntil(kid, isConsumer ? spans.consumerMs : 0),
    withdrawnSince(kid) {
      const withdrawal = withdrawals.of(facts.keyOf(kid) ?? "");
      if (withdrawal === undefined) return undefined;
      const since = settledSince(
        (write) => !documentOf(write).keys.has(kid),
        (write) => write.putMs >= withdrawal.sinceMs,
        true,
        () => false,
      );
      return since?.composedMs;
    },
  };
}
