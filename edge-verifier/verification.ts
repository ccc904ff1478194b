/**
 * The verifications of an isolate, found again by what decides which key sets are held: KV binding, issuer, and for each
 * ring its trust anchors, floor and bootstrap document. A Worker with one configuration has one of them. An app whose `ring`
 * or `issuer` depends on the request has several, and a stranger may be the one who names them; so that they can neither fill
 * the memory, nor push out those that are in use, nor cause a KV read per request:
 *
 * - A verification is *proven* once a document with a good signature has been read for it. At most {@link MAX_PROVEN} of
 *   these are kept, and only another proven one can push one out: the one that was not asked for longest.
 * - Others are on trial: at most {@link MAX_ON_TRIAL}, with one more in {@link ADMISSION_MS}. What is beyond that is answered
 *   503 without a read. Each one on trial reads no more often than the ladder's backoff allows.
 */
import type { RingName } from "../shared/identifiers.ts";
import type { KeysUnavailable } from "../shared/keys/held-key-set.ts";
import { createKvKeySetReader, createKvReader } from "../shared/keys/key-set-reader.ts";
import type { KeySetNamespace, KeySetReader } from "../shared/keys/key-set-reader.ts";
import { DEFAULT_TOKEN_MEMORY_LIMITS } from "../shared/keys/token-memory.ts";
import type { TokenMemoryLimits } from "../shared/keys/token-memory.ts";
import { guardVerification } from "../shared/revocations/guard.ts";
import { revocationsKvKey } from "../shared/revocations/names.ts";
import { createVerification } from "../shared/keys/verification.ts";
import type { Verification } from "../shared/keys/verification.ts";
import { err, ok } from "../shared/result.ts";
import type { Result } from "../shared/result.ts";
import type { KeySetSettings } from "./config/config.ts";

export const MAX_PROVEN = 32;

export const MAX_ON_TRIAL = 8;

/** How long until one more verification may be tried, once {@link MAX_ON_TRIAL} have been in a row. */
export const ADMISSION_MS = 5000;

/**
 * For all verifications of a binding but the first, which is the only one in most Workers: when all are full, they take five
 * times the memory of one, about 40 MiB.
 */
const FURTHER_MEMORY_LIMITS: TokenMemoryLimits = {
  maxEntries: DEFAULT_TOKEN_MEMORY_LIMITS.maxEntries / 8,
  maxCharacters: DEFAULT_TOKEN_MEMORY_LIMITS.maxCharacters / 8,
};

/** Settings under the name by which their verification is found again. */
export interface NamedKeySet {
  readonly settings: KeySetSettings;
  /** Whether tokens that were taken back are refused. */
  readonly asksLists: boolean;
  /** Equal for equal settings only. */
  readonly name: string;
}

/** Costs a microsecond, so that it is done once for settings that stay the same. */
export function nameKeySet(settings: KeySetSettings, asksLists = false): NamedKeySet {
  const rings = settings.rings.map(({ ring, anchors, minRev, bootstrapKeySet = "" }) => {
    // Kids of anchors are thumbprints.
    const pinned = anchors.map(({ kid, algorithm }) => [kid, algorithm.alg]);
    return [ring, pinned, minRev, bootstrapKeySet];
  });
  return { settings, asksLists, name: JSON.stringify([settings.issuer, rings, asksLists]) };
}

export interface VerificationPool {
  /** @param nowMs epoch milliseconds */
  find(named: NamedKeySet, nowMs: number): Result<Verification, KeysUnavailable>;
}

/** One pool per KV binding: a binding is one object for as long as its isolate lives. */
const pools = new WeakMap<KeySetNamespace, VerificationPool>();

/** The verification for these settings, made if need be. */
export function findVerification(named: NamedKeySet, nowMs: number): Result<Verification, KeysUnavailable> {
  const { keySets } = named.settings;
  let pool = pools.get(keySets);
  if (pool === undefined) {
    pool = createVerificationPool();
    pools.set(keySets, pool);
  }
  return pool.find(named, nowMs);
}

function createVerificationPool(): VerificationPool {
  // In the order in which they were last asked for, the longest ago first.
  const proven = new Map<string, Verification>();
  const onTrial = new Map<string, Verification>();
  let isFirst = true;
  let admissions = MAX_ON_TRIAL;
  let countedAtMs = Number.NEGATIVE_INFINITY;

  function mayAdmit(nowMs: number): boolean {
    const elapsedMs = nowMs - countedAtMs;
    const more = Math.floor(elapsedMs / ADMISSION_MS);
    // Also when the clock has gone back: what was counted then means nothing.
    if (admissions + more >= MAX_ON_TRIAL || elapsedMs < 0) {
      admissions = MAX_ON_TRIAL;
      countedAtMs = nowMs;
    } else {
      admissions += more;
      countedAtMs += more * ADMISSION_MS;
    }
    if (admissions === 0) return false;
    admissions -= 1;
    return true;
  }

  return {
    find({ settings, asksLists, name }, nowMs) {
      const known = proven.get(name);
      if (known !== undefined) {
        if (proven.size > 1) putLast(proven, name, known);
        return ok(known);
      }
      const tried = onTrial.get(name);
      if (tried !== undefined) {
        if (tried.rings.rings.every(({ ladder }) => ladder.missing(nowMs))) return ok(tried);
        onTrial.delete(name);
        putLast(proven, name, tried);
        dropFirst(proven, MAX_PROVEN);
        return ok(tried);
      }
      if (!mayAdmit(nowMs)) {
        const retryAfterSeconds = Math.max(1, Math.ceil((countedAtMs + ADMISSION_MS - nowMs) / 1000));
        return err({ code: "keys_unavailable", retryAfterSeconds, problem: "key_sets_too_many" });
      }
      const limits = isFirst ? DEFAULT_TOKEN_MEMORY_LIMITS : FURTHER_MEMORY_LIMITS;
      isFirst = false;
      const { keySets } = settings;
      const readerOf = (ring: RingName): KeySetReader => createKvKeySetReader(keySets, ring);
      const plain = createVerification({ readerOf }, settings, limits);
      const listOf = (ring: RingName): KeySetReader => createKvReader(keySets, revocationsKvKey(ring));
      const made = asksLists ? { ...plain, ...guardVerification(plain, settings, listOf) } : plain;
      putLast(onTrial, name, made);
      dropFirst(onTrial, MAX_ON_TRIAL);
      return ok(made);
    },
  };
}

function putLast(kept: Map<string, Verification>, name: string, one: Verification): void {
  kept.delete(name);
  kept.set(name, one);
}

function dropFirst(kept: Map<string, Verification>, most: number): void {
  const [first] = kept.keys();
  if (kept.size > most && first !== undefined) kept.delete(first);
}
