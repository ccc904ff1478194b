/**
 * Keeps the list of taken-back tokens of a ring: what the table says, signed by the root key, in KV. Run after all steps of the
 * key set, so that nothing here can hold up one of those.
 *
 * The order makes revocations safe without a lock. First a `rev` is taken, by a conditional write to the table. Then the table is
 * read, consistently. A list that was begun after a revocation was written therefore has it, and outranks at every edge each list
 * that was begun before, however late that one arrives.
 */
import { addSeconds, startOfSecond } from "../../../shared/identifiers.ts";
import type { EpochSeconds } from "../../../shared/identifiers.ts";
import { REVOCATION_KINDS } from "../../../shared/revocations/prefix.ts";
import { composeBody } from "../../../shared/revocations/sections.ts";
import type { ComposedBody, RevocationCounts } from "../../../shared/revocations/sections.ts";
import type { RingTiming } from "../../../shared/timing.ts";
import { SealgateError } from "../../errors.ts";
import type { FaultCode } from "../../errors.ts";
import { signRevocations } from "../../publish/sign-revocations.ts";
import type { RevocationsPublisher } from "../../publish/publisher.ts";
import type { RevocationStore } from "../../revocations/store.ts";
import type { Signer } from "../../signer.ts";
import { within } from "../../within.ts";
import type { StartTimer } from "../../within.ts";
import type { ObservedRing, ObservedRoot } from "../model/observed.ts";
import type { RingMemory } from "../observe/memory.ts";
import type { ListResult } from "../outcome.ts";
import { MAX_DOCUMENT_LIFETIME_SECONDS } from "../policy.ts";
import type { RingPolicy } from "../policy.ts";
import { leastListRev } from "../list-floor.ts";
import { composeFrom } from "./compose-list.ts";
import type { ListFault } from "./compose-list.ts";
import { observeList, ownerOf } from "./observe-list.ts";
import {
  LIST_INTERVAL_SECONDS,
  LIST_INTERVAL_WHEN_LIMITED_SECONDS,
  listReasons,
  nextListRev,
  secondsToWait,
} from "./plan-list.ts";
import type { ListReason, ObservedList } from "./plan-list.ts";

export interface ListPorts {
  readonly revocations: {
    /** Undefined where single tokens can not, or no longer, be taken back. */
    readonly store: RevocationStore | undefined;
    readonly publisher: RevocationsPublisher;
  };
  /** This host's clock, epoch seconds. */
  readonly clock: () => EpochSeconds;
  /** Milliseconds from any origin, never set back. */
  readonly monotonicMs: () => number;
  readonly startTimer: StartTimer;
  readonly createRootSigner: (keyArn: string, alg: Signer["alg"], clockSkewSeconds: number) => Promise<Signer>;
}

export interface ListRun {
  readonly policy: RingPolicy;
  /** The largest values that may be in use. */
  readonly timing: RingTiming;
  readonly observed: ObservedRing;
  /** The key set said, when the run began, that there is a list. */
  readonly hadList: boolean;
  readonly memory: RingMemory;
}

/** What became of the list. */
export interface ListReport {
  readonly result: ListResult;
  readonly reasons: readonly ListReason[];
  /** Of the list that was published, else of the one that KV shows. */
  readonly rev: number | undefined;
  readonly issuedAt: EpochSeconds | undefined;
  readonly expiresAt: EpochSeconds | undefined;
  readonly counts: RevocationCounts | undefined;
  /** Entries for which the list has no room. */
  readonly leftOut: RevocationCounts | undefined;
  /** Entries of the table that this sealgate cannot read. */
  readonly unreadable: number;
  /** When a list that is `waiting` may be published. */
  readonly notBefore: EpochSeconds | undefined;
  readonly fault: ListFault | undefined;
}

/** @returns undefined where there is nothing to keep: no table and no list, or no root key that can sign */
export async function keepList(ports: ListPorts, run: ListRun): Promise<ListReport | undefined> {
  const { root } = run.observed;
  if (root?.publicKey === undefined || root.alg === undefined || root.keyState !== "Enabled") return undefined;
  const { store } = ports.revocations;
  if (store === undefined && !run.hadList) return undefined;
  const isLimited = (code: FaultCode): boolean => code === "publish_rate_limited";
  const limitSeconds = run.policy.composeDeadlineSeconds + run.policy.publishDeadlineSeconds;
  const work = (): Promise<ListReport> =>
    store === undefined ? endList(ports, run, root) : refreshList(ports, store, run, root);
  try {
    const report = await within(limitSeconds * 1000, ports.startTimer, work, () => late(limitSeconds));
    if (report.result === "published") hold(ports, run, LIST_INTERVAL_SECONDS);
    return report;
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    hold(ports, run, isLimited(error.code) ? LIST_INTERVAL_WHEN_LIMITED_SECONDS : LIST_INTERVAL_SECONDS);
    return { ...NOTHING, result: "failed", fault: { code: error.code, message: error.message } };
  }
}

/** The next run begins with the key set, which must not wait for a table that is slow. */
function late(seconds: number): SealgateError {
  const message = `The revocation list was not published within ${seconds} s: the table or Cloudflare's API is slow.`;
  return new SealgateError("publish_timeout", message, { retryable: true });
}

/** Of a run that did nothing. */
export const NOTHING = {
  reasons: [],
  rev: undefined,
  issuedAt: undefined,
  expiresAt: undefined,
  counts: undefined,
  leftOut: undefined,
  unreadable: 0,
  notBefore: undefined,
  fault: undefined,
} as const;

function hold({ monotonicMs }: ListPorts, { memory }: ListRun, seconds: number): void {
  memory.list.notBeforeMs = monotonicMs() + seconds * 1000;
}

async function refreshList(
  ports: ListPorts,
  store: RevocationStore,
  run: ListRun,
  root: ObservedRoot,
): Promise<ListReport> {
  const { policy, timing, memory } = run;
  const { held, storedText } = await observeList(ports.revocations.publisher, ownerOf(run));
  if (held.kind === "read") remember(memory, held.list.rev);
  const seenAt = ports.clock();
  const seen = await composeFrom(store, policy.issuer, timing, seenAt);
  const reasons = listReasons({
    held,
    entries: seen.entries,
    composed: seen.composed,
    rootKid: root.publicKey?.kid ?? "",
    highestRev: highestKnown(run),
    now: ports.clock(),
  });
  const { rev, issuedAt, expiresAt } = held.kind === "read" ? held.list : NOTHING;
  const shown = { rev, issuedAt, expiresAt, unreadable: seen.unreadable, ...countsOf(seen.composed) };
  const state = { ...NOTHING, reasons, ...shown, fault: seen.fault };
  if (reasons.length === 0) {
    const noted = await note(store, run, seen.total, held, seenAt);
    return { ...state, result: "unchanged", fault: seen.fault ?? noted };
  }
  const waitSeconds = Math.max(secondsToWait(held, ports.clock()), secondsHeld(ports, run));
  if (waitSeconds > 0) return { ...state, result: "waiting", notBefore: addSeconds(ports.clock(), waitSeconds) };
  return publishFrom(ports, store, run, root, { held, storedText, reasons });
}

interface Observed {
  readonly held: ObservedList;
  readonly storedText: string | undefined;
  readonly reasons: readonly ListReason[];
}

async function publishFrom(
  ports: ListPorts,
  store: RevocationStore,
  run: ListRun,
  root: ObservedRoot,
  { held, storedText, reasons }: Observed,
): Promise<ListReport> {
  const { policy, timing } = run;
  const { issuer, ring } = policy;
  const others = [highestKnown(run)];
  const { clockSkewSeconds } = timing;
  const begun = beginning(ports, policy);
  const rev = await store.takeRev(issuer, (taken) => nextListRev({ taken, others, clockSkewSeconds }, ports.clock()));
  // S counts from here: what is written from now on may be in the list or not.
  const readAt = ports.clock();
  const read = await composeFrom(store, issuer, timing, readAt);
  const signer = await rootSigner(ports, run, root);
  const { body, counts } = read.composed;
  const lifetimeSeconds = policy.revocationLifetimeSeconds;
  const text = await signRevocations({ issuer, ring, rev, readAt, lifetimeSeconds, counts, body }, signer);
  const { unreadable } = read;
  const report = { ...NOTHING, reasons, unreadable, fault: read.fault, ...countsOf(read.composed) };
  const outcome = await write(ports, run, { text, rev, storedText, isTooLate: begun.isTooLate });
  if (outcome !== "published") return { ...report, result: outcome };
  const noted = await note(store, run, read.total, held, readAt);
  const fault = read.fault ?? noted;
  return { ...report, result: "published", rev, ...lifeOf(readAt, lifetimeSeconds), fault };
}

/**
 * Counts also while the list stays: revokers go by it, and what has ended must not keep new entries out until the next list.
 * @returns a failure to count, which keeps no list from being published
 */
async function note(
  store: RevocationStore,
  { policy: { issuer, ring } }: ListRun,
  counts: RevocationCounts,
  held: ObservedList,
  readAt: EpochSeconds,
): Promise<ListReport["fault"]> {
  try {
    const isUnbroken = held.kind === "read" && held.list.expiresAt > readAt;
    const known = isUnbroken ? await store.readNote(issuer, ring) : undefined;
    if (known !== undefined && REVOCATION_KINDS.every((kind) => known.counts[kind] === counts[kind])) return undefined;
    await store.writeNote(issuer, ring, { counts, since: known?.since ?? startOfSecond(readAt) });
    return undefined;
  } catch (error) {
    if (!(error instanceof SealgateError)) throw error;
    return { code: error.code, message: error.message };
  }
}

/**
 * The table is gone from the configuration: a last, empty list, for Workers that still ask for one. It lives twice as long as others
 * do, which also tells it from them, and is not renewed.
 */
async function endList(ports: ListPorts, run: ListRun, root: ObservedRoot): Promise<ListReport> {
  const { policy, memory, timing } = run;
  const { held, storedText } = await observeList(ports.revocations.publisher, ownerOf(run));
  const isOver =
    held.kind === "missing" ||
    (held.kind === "read" && held.list.expiresAt - held.list.issuedAt > policy.revocationLifetimeSeconds);
  if (isOver) return { ...NOTHING, result: "unchanged" };
  if (held.kind === "read") remember(memory, held.list.rev);
  const { isTooLate } = beginning(ports, policy);
  const readAt = ports.clock();
  const others = [highestKnown(run)];
  const rev = nextListRev({ taken: undefined, others, clockSkewSeconds: timing.clockSkewSeconds }, readAt);
  const { body, counts, leftOut } = composeBody([]);
  const lifetimeSeconds = Math.min(2 * policy.revocationLifetimeSeconds, MAX_DOCUMENT_LIFETIME_SECONDS + 1);
  const { issuer, ring } = policy;
  const signer = await rootSigner(ports, run, root);
  const text = await signRevocations({ issuer, ring, rev, readAt, lifetimeSeconds, counts, body }, signer);
  const result = await write(ports, run, { text, rev, storedText, isTooLate });
  return { ...NOTHING, reasons: ["ended"], result, counts, leftOut, rev, ...lifeOf(readAt, lifetimeSeconds) };
}

/** In whole seconds, as it is signed. */
function lifeOf(readAt: EpochSeconds, lifetimeSeconds: number): Pick<ListReport, "issuedAt" | "expiresAt"> {
  const issuedAt = startOfSecond(readAt);
  return { issuedAt, expiresAt: addSeconds(issuedAt, lifetimeSeconds) };
}

interface Writing {
  readonly text: string;
  readonly rev: number;
  readonly storedText: string | undefined;
  readonly isTooLate: () => boolean;
}

/** The store has no compare-and-swap. Looking once more leaves a second writer only the time of the write itself. */
async function write(
  { revocations: { publisher } }: ListPorts,
  { policy: { ring }, memory }: ListRun,
  { text, rev, storedText, isTooLate }: Writing,
): Promise<"published" | "superseded" | "too_late"> {
  if ((await publisher.readRevocations(ring)) !== storedText) return "superseded";
  if (isTooLate()) return "too_late";
  await publisher.publishRevocations(ring, text, rev);
  remember(memory, rev);
  return "published";
}

/** W counts from the reading: a process that was held up since then must not write what others have replaced meanwhile. */
function beginning({ clock, monotonicMs }: ListPorts, policy: RingPolicy): { readonly isTooLate: () => boolean } {
  const [startedAt, startedAtMs] = [clock(), monotonicMs()];
  return {
    isTooLate: () =>
      monotonicMs() > startedAtMs + policy.composeDeadlineSeconds * 1000 ||
      clock() > startedAt + policy.composeDeadlineSeconds,
  };
}

function countsOf({ counts, leftOut }: ComposedBody): Pick<ListReport, "counts" | "leftOut"> {
  return { counts, leftOut };
}

function rootSigner(ports: ListPorts, { policy }: ListRun, { keyArn, alg }: ObservedRoot): Promise<Signer> {
  if (alg === undefined) throw new TypeError("a root key that signs has an algorithm");
  return ports.createRootSigner(keyArn, alg, policy.timing.clockSkewSeconds);
}

function secondsHeld({ monotonicMs }: ListPorts, { memory }: ListRun): number {
  return Math.max(0, ((memory.list.notBeforeMs ?? 0) - monotonicMs()) / 1000);
}

/** Edges refuse lists below the floor of the key set, also when no rotator remembers a list above it. */
function highestKnown({ memory, observed }: ListRun): number {
  return Math.max(memory.list.highestRev ?? 0, leastListRev(observed) ?? 0);
}

function remember(memory: RingMemory, rev: number): void {
  memory.list.highestRev = Math.max(memory.list.highestRev ?? 0, rev);
}
