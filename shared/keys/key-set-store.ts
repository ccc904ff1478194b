/**
 * The one key set that an isolate holds: which documents may replace it, how old it is, until when it may be used. Knows
 * nothing of KV, deadlines or requests. What it holds is settled values only, so that requests share it safely.
 */
import { epochSecondsFromMs } from "../identifiers.ts";
import type { IssuerUrl, RingName } from "../identifiers.ts";
import { openKeySet } from "../signed-key-set.ts";
import type { KeySetProblem, TrustAnchors } from "../signed-key-set.ts";
import { importKeySet, withTombstones } from "../verification-keys.ts";
import type { ImportedKeySet } from "../verification-keys.ts";
import type { DocumentStore, StoredDocument } from "./document-ladder.ts";
import type { KeyReadProblemCode } from "./held-key-set.ts";
import { NEVER } from "./read-schedule.ts";

export interface KeySetStoreConfig {
  readonly anchors: TrustAnchors;
  readonly issuer: IssuerUrl;
  readonly ring: RingName;
  /** Whether a document that names no ring is taken for this one's. With several rings it could be the other's. */
  readonly acceptsUnnamed: boolean;
  /** The configured floor for `rev`. */
  readonly minRev: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The key set held, with its times in epoch milliseconds. */
export interface StoredKeySet extends StoredDocument {
  /** How many tombstones stand in the text itself; more may be in force. */
  readonly statedTombstones: number;
  readonly keySet: ImportedKeySet;
  /** True until a read has returned the document. */
  readonly fromBootstrap: boolean;
  /** The latest time at which KV was known to hold this document; -Infinity when that is not known. */
  readonly confirmedAtMs: number;
}

/** A document that was older than M when it was read is held, but not taken for confirmed. */
export interface KeySetStore extends DocumentStore<StoredKeySet, KeyReadProblemCode> {
  /** Offers the bootstrap document; it is taken only when nothing that is held can be used. */
  acceptBootstrap(text: string, nowMs: number): Promise<KeyReadProblemCode | undefined>;
}

export function createKeySetStore(config: KeySetStoreConfig): KeySetStore {
  const { acceptsUnnamed, minRev, random } = config;
  const rules = { ...config, leastRev: minRev };
  let held: StoredKeySet | undefined;
  /** The highest `rev` ever held; it outlives the document, so that an expired one cannot be followed by an older one. */
  let leastRev = minRev;

  function usable(nowMs: number): StoredKeySet | undefined {
    return held !== undefined && nowMs < held.keySet.document.expiresAt * 1000 ? held : undefined;
  }

  /** @param document with the times of earlier reads of the same document: they stand if they are later */
  function keep(document: HoldableDocument, ageSeconds: number, startedMs: number): "key_set_stale" | undefined {
    const { rev, timing } = document.keySet.document;
    const memoryTtlMs = timing.memoryTtlSeconds * 1000;
    const isConfirmed = ageSeconds <= timing.memoryTtlSeconds;
    leastRev = Math.max(leastRev, rev);
    held = {
      ...document,
      readAtMs: isConfirmed ? Math.max(document.readAtMs, startedMs) : document.readAtMs,
      confirmedAtMs: Math.max(document.confirmedAtMs, startedMs - ageSeconds * 1000),
      memoryTtlMs,
      kvCacheTtlSeconds: timing.kvCacheTtlSeconds,
      refreshAfterMs: memoryTtlMs * (0.5 + 0.25 * random()),
    };
    return isConfirmed ? undefined : "key_set_stale";
  }

  /** The same bytes again: nothing to verify or import, only the age is new. */
  function confirm(known: StoredKeySet, ageSeconds: number, startedMs: number): KeyReadProblemCode | undefined {
    // A bootstrap document may be in use that is older than one held before; KV may not bring it back.
    if (known.keySet.document.rev < leastRev) return "key_set_rev_too_low";
    if (usable(startedMs) === undefined) return "key_set_expired";
    return keep({ ...known, fromBootstrap: false }, ageSeconds, startedMs);
  }

  /** Runs without a pause, because another read may have changed what is held while this one was being checked. */
  function publish(read: HoldableDocument, ageSeconds: number, startedMs: number): KeyReadProblemCode | undefined {
    const { rev, revoked } = read.keySet.document;
    if (rev < leastRev) return "key_set_rev_too_low";
    const current = usable(startedMs);
    if (current !== undefined && !current.fromBootstrap && current.keySet.document.rev === rev) {
      // Signed twice (ECDSA signatures differ each time): the same document in other bytes.
      const isSameDocument = payloadOf(read.text) === payloadOf(current.text);
      const { text } = isSameDocument ? read : current;
      const keySet = withTombstones(current.keySet, revoked);
      const problem = keep({ ...current, text, keySet }, ageSeconds, startedMs);
      return problem ?? (isSameDocument ? undefined : "key_set_rev_conflict");
    }
    const keySet = withTombstones(read.keySet, held?.keySet.document.revoked ?? []);
    return keep({ ...read, keySet }, ageSeconds, startedMs);
  }

  /** Verifies a document and imports its keys. */
  async function open(text: string, nowMs: number): Promise<HoldableDocument | KeySetProblem["code"]> {
    const opened = await openKeySet(text, rules, epochSecondsFromMs(nowMs));
    if (!opened.ok) return opened.error.code;
    if (opened.value.document.ring === undefined && !acceptsUnnamed) return "key_set_wrong_ring";
    const keySet = await importKeySet(opened.value, held?.keySet);
    return {
      text,
      statedTombstones: opened.value.document.revoked.length,
      keySet,
      fromBootstrap: false,
      ...UNCONFIRMED,
    };
  }

  return {
    get latest() {
      return held;
    },
    usable,
    async accept({ text, ageSeconds }, startedMs) {
      if (held?.text === text) return confirm(held, ageSeconds, startedMs);
      const read = await open(text, startedMs);
      return typeof read === "string" ? read : publish(read, ageSeconds, startedMs);
    },
    async acceptBootstrap(text, nowMs) {
      const bundled = await open(text, nowMs);
      if (typeof bundled === "string") return bundled;
      if (usable(nowMs) === undefined) keep({ ...bundled, fromBootstrap: true }, Number.POSITIVE_INFINITY, nowMs);
      return undefined;
    },
    forgetAge() {
      if (held !== undefined) held = { ...held, ...UNCONFIRMED };
    },
  };
}

/** What the document does not say itself. */
type HoldableDocument = Omit<StoredKeySet, "memoryTtlMs" | "kvCacheTtlSeconds" | "refreshAfterMs">;

const UNCONFIRMED = { readAtMs: NEVER, confirmedAtMs: NEVER };

function payloadOf(compactJws: string): string {
  return compactJws.slice(compactJws.indexOf("."), compactJws.lastIndexOf("."));
}
