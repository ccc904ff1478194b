/**
 * The one key set that an isolate holds: which documents may replace it, how old it is, until when it may be used. Knows
 * nothing of KV, deadlines or requests. What it holds is settled values only, so that requests share it safely.
 */
import { epochSecondsFromMs } from "../identifiers.ts";
import type { IssuerUrl, RingName } from "../identifiers.ts";
import type { RevokedKid } from "../key-set.ts";
import { openKeySet } from "../signed-key-set.ts";
import type { TrustAnchors } from "../signed-key-set.ts";
import { importKeySet } from "../verification-keys.ts";
import type { ImportedKeySet } from "../verification-keys.ts";
import type { KeyReadProblemCode } from "./held-key-set.ts";

export interface KeySetStoreConfig {
  readonly anchors: TrustAnchors;
  readonly issuer: IssuerUrl;
  readonly ring: RingName;
  /** The configured floor for `rev`. */
  readonly minRev: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The key set held, with its times in epoch milliseconds. */
export interface StoredKeySet {
  /** The signed document, to recognise the same bytes. */
  readonly text: string;
  readonly keySet: ImportedKeySet;
  /** True until KV has confirmed the document. */
  readonly fromBootstrap: boolean;
  /** Start of the latest read that returned this document; -Infinity for one that KV has never confirmed. */
  readonly confirmedAtMs: number;
  /** M of the document. */
  readonly memoryTtlMs: number;
  /** Age at which the background refresh is due: half of M, and up to a quarter of M later by chance. */
  readonly refreshAfterMs: number;
  readonly expiresAtMs: number;
}

/** What became of a text: whether KV has confirmed the key set that is held now, and what is to be reported. */
export interface Acceptance {
  readonly confirmed: boolean;
  readonly problem: KeyReadProblemCode | undefined;
}

export interface KeySetStore {
  /** Whatever is held, expired or not. */
  readonly latest: StoredKeySet | undefined;
  /** The key set held, unless it has expired. */
  usable(nowMs: number): StoredKeySet | undefined;
  /**
   * Offers what a KV read has returned.
   * @param readAtMs when the read began; the age counts from here
   */
  accept(text: string, readAtMs: number): Promise<Acceptance>;
  /** Offers the bootstrap document; it is taken only when nothing that is held can be used. */
  acceptBootstrap(text: string, nowMs: number): Promise<KeyReadProblemCode | undefined>;
  /** The clock went back: the age of what is held is unknown, so it counts as old. */
  forgetAge(): void;
}

export function createKeySetStore(config: KeySetStoreConfig): KeySetStore {
  const { anchors, issuer, ring, minRev, random } = config;
  const rules = { anchors, issuer, ring, leastRev: minRev };
  let held: StoredKeySet | undefined;
  /** The highest `rev` ever held; it outlives the document, so that an expired one cannot be followed by an older one. */
  let leastRev = minRev;

  function usable(nowMs: number): StoredKeySet | undefined {
    return held !== undefined && nowMs < held.expiresAtMs ? held : undefined;
  }

  function hold(text: string, keySet: ImportedKeySet, confirmedAtMs: number, fromBootstrap: boolean): void {
    const { rev, expiresAt, timing } = keySet.document;
    const memoryTtlMs = timing.memoryTtlSeconds * 1000;
    const refreshAfterMs = memoryTtlMs * (0.5 + 0.25 * random());
    leastRev = Math.max(leastRev, rev);
    held = { text, keySet, fromBootstrap, confirmedAtMs, memoryTtlMs, refreshAfterMs, expiresAtMs: expiresAt * 1000 };
  }

  /** The same bytes again: nothing to verify or import, only the age is new. */
  function confirm(known: StoredKeySet, readAtMs: number): Acceptance {
    // A bootstrap document may be in use that is older than one held before; KV may not bring it back.
    if (known.keySet.document.rev < leastRev) return { confirmed: false, problem: "key_set_rev_too_low" };
    if (known.expiresAtMs <= readAtMs) return { confirmed: false, problem: "key_set_expired" };
    hold(known.text, known.keySet, Math.max(known.confirmedAtMs, readAtMs), false);
    return CONFIRMED;
  }

  /** Runs without a pause, because another read may have changed what is held while this one was being checked. */
  function publish(text: string, imported: ImportedKeySet, readAtMs: number): Acceptance {
    const { rev, revoked } = imported.document;
    if (rev < leastRev) return { confirmed: false, problem: "key_set_rev_too_low" };
    const current = usable(readAtMs);
    if (current !== undefined && !current.fromBootstrap && current.keySet.document.rev === rev) {
      const confirmedAtMs = Math.max(current.confirmedAtMs, readAtMs);
      // Signed twice (ECDSA signatures differ each time): the same document in other bytes.
      const isSameDocument = payloadOf(text) === payloadOf(current.text);
      hold(isSameDocument ? text : current.text, withTombstones(current.keySet, revoked), confirmedAtMs, false);
      return isSameDocument ? CONFIRMED : { confirmed: true, problem: "key_set_rev_conflict" };
    }
    hold(text, withTombstones(imported, held?.keySet.document.revoked ?? []), readAtMs, false);
    return CONFIRMED;
  }

  return {
    get latest() {
      return held;
    },
    usable,
    async accept(text, readAtMs) {
      if (held?.text === text) return confirm(held, readAtMs);
      const opened = await openKeySet(text, rules, epochSecondsFromMs(readAtMs));
      if (!opened.ok) return { confirmed: false, problem: opened.error.code };
      return publish(text, await importKeySet(opened.value, held?.keySet), readAtMs);
    },
    async acceptBootstrap(text, nowMs) {
      const opened = await openKeySet(text, rules, epochSecondsFromMs(nowMs));
      if (!opened.ok) return opened.error.code;
      const imported = await importKeySet(opened.value, held?.keySet);
      if (usable(nowMs) !== undefined) return undefined;
      hold(text, imported, Number.NEGATIVE_INFINITY, true);
      return undefined;
    },
    forgetAge() {
      if (held !== undefined) held = { ...held, confirmedAtMs: Number.NEGATIVE_INFINITY };
    },
  };
}

const CONFIRMED: Acceptance = { confirmed: true, problem: undefined };

function payloadOf(compactJws: string): string {
  return compactJws.slice(compactJws.indexOf("."), compactJws.lastIndexOf("."));
}

/** The same key set, with more kids that never verify again; itself when it has them all. */
function withTombstones(keySet: ImportedKeySet, revoked: readonly RevokedKid[]): ImportedKeySet {
  const missing = revoked.filter(({ kid }) => keySet.find(kid) !== "revoked");
  if (missing.length === 0) return keySet;
  const kids = new Set(missing.map(({ kid }) => kid));
  return {
    ...keySet,
    document: { ...keySet.document, revoked: [...keySet.document.revoked, ...missing] },
    find: (kid) => (kids.has(kid) ? "revoked" : keySet.find(kid)),
  };
}
