/**
 * What has truly happened in the world, as far as the judge's rules look back at it. Times are true ones. Nothing here comes
 * from a plan, a step or an audit: KMS tells who changed what, KV tells who wrote what, and people's deeds are known.
 */
import { parseRingAlias } from "../../issuer/key-ring/names.ts";
import type { WorldClock } from "./clock.ts";
import { documentOf } from "./documents.ts";
import type { KmsChange, KmsTruth } from "./kms-model.ts";
import type { KvModel, KvWrite } from "./kv-model.ts";
import type { RingPolicy } from "./ports.ts";
import { aliasesOf } from "./ports.ts";
import type { Run } from "./rotator.ts";
import { createTimingFacts } from "./timing-facts.ts";
import type { TimingInForce } from "./timing-facts.ts";
import { createWithdrawals } from "./withdrawals.ts";
import type { Withdrawals } from "./withdrawals.ts";

export interface FactsOptions {
  readonly clock: WorldClock;
  readonly kms: KmsTruth;
  readonly kv: KvModel;
  /** All that any host of the history obeys at some time. */
  readonly policies: readonly RingPolicy[];
}

/** A run, and whether the root key could sign a key set for it. */
export interface SeenRun extends Run {
  readonly couldRootSign: boolean;
}

export interface Facts {
  readonly withdrawals: Withdrawals;
  /** Milliseconds that hold under each policy of the history. */
  readonly spans: Spans;
  onKms(change: KmsChange): void;
  onWrite(write: KvWrite): void;
  onConfirmed(process: object, text: string): void;
  onRun(run: Run): void;
  /** People ask for a rotation. */
  onRotationAsked(): void;
  /** People have taken away or put back what a rotator goes by: aliases, tags, the right to read them. */
  onMeddling(untilMs: number): void;
  isMeddledWith(sinceMs: number): boolean;
  /** People have removed tags. A rotator puts them back, if any runs. */
  onTagsRemoved(): void;
  onRotatorsDown(untilMs: number): void;
  /** Rotators were refused the tags of keys, for the last time until then. */
  onTagsDenied(untilMs: number): void;
  wereTagsDenied(sinceMs: number): boolean;
  keyOf(kid: string): string | undefined;
  kidOf(keyArn: string): string | undefined;
  isGeneration(keyArn: string): boolean;
  /** A later generation has been the active one. */
  isPassedOver(keyArn: string): boolean;
  /** ARN and since when; undefined before the first, or while people have removed the alias. */
  readonly active: { readonly keyArn: string; readonly sinceMs: number } | undefined;
  /** Where a rotator or signer may have seen `active` point since then. */
  activeSince(sinceMs: number): readonly string[];
  wasEverActive(keyArn: string): boolean;
  readonly lastRotationAskedMs: number;
  readonly runs: readonly SeenRun[];
  /** The root key has been enabled in all that KMS may have shown since then. */
  couldRootSign(sinceMs: number): boolean;
  timingAt(atMs: number): TimingInForce;
  /** When the first of the documents was composed that list the key without interruption until now. */
  listedSince(keyArn: string): number | undefined;
  /** Generations that could sign now, and that each rotator and each edge knows: none but these may be asked to sign. */
  fit(): readonly string[];
  /** KV may serve, or have served so long ago, what is not what the rotators have published. */
  isTampered(extraMs: number): boolean;
  /** A confirmed document of this process. */
  hasConfirmed(write: KvWrite): boolean;
  /** When the key was last the active one; Infinity while it is; undefined if it never was. */
  activeUntil(keyArn: string): number | undefined;
}

export interface Spans {
  /** A + L + 2K, the shortest and the longest. */
  readonly leastHoldMs: number;
  readonly longestHoldMs: number;
  readonly leastRotationMs: number;
  readonly longestLagMs: number;
  readonly longestRunEveryMs: number;
  readonly consumerMs: number;
  readonly skewMs: number;
}

/** What a rotator or signer sees of KMS is at most so old. */
export const KMS_LAG_MS = 300_000;
/** A run of a rotator that sees tags missing and puts them back, when KMS shows the past. */
const PUT_BACK_MS = 900_000;
/** From an observation to its step's effect. */
export const COMPOSE_MS = 30_000;
/** A withdrawal is in KV after so many calm runs that KMS had shown it to. */
export const RUNS_FOR_A_TOMBSTONE = 3;

export function createFacts({ clock, kms, kv, policies }: FactsOptions): Facts {
  const [first] = policies;
  if (first === undefined) throw new TypeError("a history has a policy");
  const aliases = aliasesOf(first);
  const spans = spansOf(policies);
  const withdrawals = createWithdrawals(clock, kms);
  const timingAt = createTimingFacts(kv, otherwise(policies));
  const keyByKid = new Map<string, string>();
  const kidByKey = new Map<string, string>();
  const numberOf = new Map<string, number>();
  const untilByKey = new Map<string, number>();
  /** When a later generation first became active. */
  const passedOver = new Map<string, number>();
  const confirmed = new Set<string>();
  const runs: SeenRun[] = [];
  let active: Facts["active"];
  let lastGeneration: Facts["active"];
  let lastRotationAskedMs = -Infinity;
  let meddledUntilMs = -Infinity;
  let tagsDeniedUntilMs = -Infinity;
  let rotatorsDownUntilMs = -Infinity;
  let tagsBackMs = -Infinity;

  function noteActive(keyArn: string): void {
    if (active !== undefined) untilByKey.set(active.keyArn, clock.nowMs);
    untilByKey.set(keyArn, Infinity);
    const number = numberOf.get(keyArn) ?? 0;
    for (const [other, its] of numberOf) if (its < number && !passedOver.has(other)) passedOver.set(other, clock.nowMs);
    // What people point elsewhere or take away, and put back, has been active all the while.
    active = lastGeneration?.keyArn === keyArn ? lastGeneration : { keyArn, sinceMs: clock.nowMs };
    if (numberOf.has(keyArn)) lastGeneration = active;
  }

  function listedSince(keyArn: string): number | undefined {
    const kid = kidByKey.get(keyArn);
    if (kid === undefined) return undefined;
    const last = kv.writes.findLastIndex((write) => !documentOf(write).keys.has(kid));
    return kv.writes[last + 1]?.composedMs;
  }

  /** S + K + 1 after the first settled document, seen by a run that KMS may show the past. */
  const knownAfterMs = (): number => {
    const { stalenessMs, skewMs } = timingAt(clock.nowMs);
    return stalenessMs + skewMs + 1000 + 4 * skewMs + 20_000 + 2 * spans.longestRunEveryMs + KMS_LAG_MS;
  };

  function isFit(keyArn: string): boolean {
    const seenSinceMs = clock.nowMs - KMS_LAG_MS - COMPOSE_MS;
    if (kms.statesSince(keyArn, seenSinceMs).some((state) => state !== "Enabled")) return false;
    if (withdrawals.standing(keyArn) !== "good") return false;
    const since = listedSince(keyArn);
    if (since === undefined || clock.nowMs < since + knownAfterMs()) return false;
    if (active?.keyArn === keyArn) return true;
    // A previous key, or one that was passed over, may take over only while its hold lasts for certain.
    const until = untilByKey.get(keyArn) ?? passedOver.get(keyArn);
    return until === undefined || clock.nowMs < until + spans.leastHoldMs - 2 * spans.skewMs - KMS_LAG_MS - COMPOSE_MS;
  }

  function couldRootSign(sinceMs: number): boolean {
    const root = kms.target(aliases.root);
    return root !== undefined && kms.statesSince(root, sinceMs - KMS_LAG_MS).every((state) => state === "Enabled");
  }

  const isMeddledWith = (sinceMs: number): boolean => Math.max(meddledUntilMs, tagsBackMs) >= sinceMs;

  return {
    withdrawals,
    spans,
    runs,
    couldRootSign,
    timingAt,
    listedSince,
    onKms(change) {
      withdrawals.onKms(change, (kid) => keyByKid.get(kid));
      if (change.kind === "alias_removed" && change.aliasName === aliases.active) active = undefined;
      if (change.kind !== "alias") return;
      if (change.aliasName === aliases.active) noteActive(change.keyArn);
      const role = parseRingAlias(first.ring, change.aliasName);
      if (role?.role === "generation") numberOf.set(change.keyArn, role.number);
    },
    onWrite(write) {
      for (const [kid, x] of documentOf(write).keys) {
        const key = keyByKid.has(kid) ? undefined : [...kms.keys.values()].find(({ material }) => material.x === x);
        if (key === undefined) continue;
        keyByKid.set(kid, key.keyArn);
        kidByKey.set(key.keyArn, kid);
      }
      withdrawals.onWrite(write, (kid) => keyByKid.get(kid));
    },
    onConfirmed: (_process, text) => void confirmed.add(text),
    onRun: (run) => void runs.push({ ...run, couldRootSign: couldRootSign(run.begunMs) }),
    onRotationAsked() {
      lastRotationAskedMs = clock.nowMs;
    },
    onMeddling(untilMs) {
      meddledUntilMs = Math.max(meddledUntilMs, untilMs);
    },
    isMeddledWith,
    onTagsRemoved() {
      tagsBackMs = Math.max(tagsBackMs, Math.max(clock.nowMs, rotatorsDownUntilMs) + PUT_BACK_MS);
    },
    onRotatorsDown(untilMs) {
      rotatorsDownUntilMs = Math.max(rotatorsDownUntilMs, untilMs);
      if (clock.nowMs < tagsBackMs) tagsBackMs = rotatorsDownUntilMs + PUT_BACK_MS;
    },
    onTagsDenied: (untilMs) => void (tagsDeniedUntilMs = Math.max(tagsDeniedUntilMs, untilMs)),
    wereTagsDenied: (sinceMs) => tagsDeniedUntilMs >= sinceMs,
    keyOf: (kid) => keyByKid.get(kid),
    kidOf: (keyArn) => kidByKey.get(keyArn),
    isGeneration: (keyArn) => numberOf.has(keyArn),
    isPassedOver: (keyArn) => passedOver.has(keyArn),
    get active() {
      return active;
    },
    get lastRotationAskedMs() {
      return lastRotationAskedMs;
    },
    activeSince: (sinceMs) => kms.targetsSince(aliases.active, sinceMs).filter((keyArn) => keyArn !== undefined),
    wasEverActive: (keyArn) => untilByKey.has(keyArn),
    activeUntil: (keyArn) => untilByKey.get(keyArn),
    fit: () => (isMeddledWith(clock.nowMs - KMS_LAG_MS) ? [] : [...numberOf.keys()].filter(isFit)),
    isTampered(extraMs) {
      const last = kv.writes.findLastIndex(({ by }) => by === "other");
      if (last < 0) return false;
      const repair = kv.writes.slice(last + 1).find(({ by }) => by === "rotator");
      return (
        repair === undefined || clock.nowMs < repair.composedMs + timingAt(repair.composedMs).stalenessMs + extraMs
      );
    },
    hasConfirmed: ({ text }) => text !== undefined && confirmed.has(text),
  };
}

function otherwise(policies: readonly RingPolicy[]): TimingInForce {
  const longest = (ofPolicy: (policy: RingPolicy) => number): number => 1000 * Math.max(...policies.map(ofPolicy));
  return {
    stalenessMs: longest(
      ({ timing: { kvPropagationSeconds, kvCacheTtlSeconds, memoryTtlSeconds } }) =>
        kvPropagationSeconds + kvCacheTtlSeconds + memoryTtlSeconds,
    ),
    skewMs: longest(({ timing }) => timing.clockSkewSeconds),
  };
}

function spansOf(policies: readonly RingPolicy[]): Spans {
  const holds = policies.map(
    ({ timing }) => 1000 * (timing.signerLagSeconds + timing.maxTokenTtlSeconds + 2 * timing.clockSkewSeconds),
  );
  const seconds = (ofPolicy: (policy: RingPolicy) => number): readonly number[] =>
    policies.map(ofPolicy).map((value) => value * 1000);
  return {
    leastHoldMs: Math.min(...holds),
    longestHoldMs: Math.max(...holds),
    leastRotationMs: Math.min(...seconds(({ rotateEverySeconds }) => rotateEverySeconds)),
    longestLagMs: Math.max(...seconds(({ timing }) => timing.signerLagSeconds)),
    longestRunEveryMs: Math.max(...seconds(({ reconcileEverySeconds }) => reconcileEverySeconds)),
    consumerMs: Math.max(...seconds(({ downstreamCacheSeconds }) => downstreamCacheSeconds)),
    skewMs: Math.max(...seconds(({ timing }) => timing.clockSkewSeconds)),
  };
}
