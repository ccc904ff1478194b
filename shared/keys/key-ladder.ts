/**
 * The key ladder: which key set a request may use, and whether it has to wait for it. The first three rungs are those of
 * document-ladder.ts, which says how a key set is kept fresh.
 *
 *   1. isolate memory, younger than M
 *   2. the request's own KV read, under a deadline
 *   3. the last good document, until its `exp`
 *   4. the bootstrap document, until its `exp`
 *   5. none: the request is answered 503 with Retry-After
 *
 * There is no clock here: times are passed in.
 */
import type { EpochSeconds, IssuerUrl, Kid, RingName } from "../identifiers.ts";
import type { SkippedKey } from "../key-set.ts";
import { err, ok } from "../result.ts";
import type { Result } from "../result.ts";
import type { TrustAnchors } from "../signed-key-set.ts";
import { MIN_KV_CACHE_TTL_SECONDS } from "../timing.ts";
import type { ImportedKeySet } from "../verification-keys.ts";
import type { StartTimer } from "./deadline.ts";
import { createDocumentLadder } from "./document-ladder.ts";
import type { HeldKeySet, KeyReadProblemCode, KeySetSource, KeysUnavailable, WaitUntil } from "./held-key-set.ts";
import type { KeySetReader } from "./key-set-reader.ts";
import { createKeySetStore } from "./key-set-store.ts";
import type { StoredKeySet } from "./key-set-store.ts";
import { MAX_BACKOFF_MS } from "./read-schedule.ts";

export interface KeyLadderConfig {
  readonly reader: KeySetReader;
  /** The pinned root keys. */
  readonly anchors: TrustAnchors;
  readonly issuer: IssuerUrl;
  readonly ring: RingName;
  /** Whether a document that names no ring is taken for this one's. With several rings it could be the other's. */
  readonly acceptsUnnamed: boolean;
  /** Documents with a lower `rev` are refused, the bootstrap document included. Use 1 when there is no floor. */
  readonly minRev: number;
  /** `BOOTSTRAP_KEY_SET`: a signed document bundled at deploy, or undefined. */
  readonly bootstrapKeySet: string | undefined;
  /** How long a request waits for its own KV read. */
  readonly readDeadlineMs: number;
  /** Uniform in [0, 1); spreads refreshes and retries of many isolates. */
  readonly random: () => number;
  /** The timer of the deadline, the platform's when left out; a simulation passes its own. */
  readonly startTimer?: StartTimer;
}

export type LadderWarning =
  /** The document names root keys that are not pinned here. Once one of them signs, no document is accepted any more. */
  | { readonly code: "anchor_missing"; readonly kids: readonly Kid[] }
  /** The ring publishes a list of taken-back tokens, and it is not read here. */
  | { readonly code: "revocations_not_checked" };

/** For the health endpoint. Holds no secret. */
export interface LadderStatus {
  /** undefined: no key set can be used. */
  readonly source: KeySetSource | undefined;
  readonly rev: number | undefined;
  readonly ageSeconds: number | undefined;
  readonly expiresAt: EpochSeconds | undefined;
  /** How many keys verify or are revoked. */
  readonly keys: number;
  /** The pinned root keys. */
  readonly anchors: readonly Kid[];
  /** Keys of the document that cannot be used. */
  readonly skipped: readonly SkippedKey[];
  /** What will stop the verifier from following the ring unless it is mended; tokens are verified all the same. */
  readonly warnings: readonly LadderWarning[];
  /** What went wrong with the last read of KV; undefined when it went well or none was made. */
  readonly problem: KeyReadProblemCode | undefined;
  /** Why the bootstrap document was refused when it was last needed. */
  readonly bootstrapProblem: KeyReadProblemCode | undefined;
}

export interface KeyLadder {
  /**
   * Keys that can be used without waiting, or undefined when {@link KeyLadder.current} has to be asked. Starts the
   * background refresh when it is due.
   * @param nowMs epoch milliseconds, taken when the request arrived
   */
  ready(nowMs: number, waitUntil: WaitUntil): HeldKeySet | undefined;
  /** Like {@link KeyLadder.ready}, but begins nothing and makes no object. */
  peek(nowMs: number): ImportedKeySet | undefined;
  /** Begins the background refresh if one is due. Returns whether it has begun. */
  refreshIfDue(nowMs: number, waitUntil: WaitUntil): boolean;
  /** The keys that are held, however old, until their document expires. For after a wait: others may have asked meanwhile. */
  usable(nowMs: number): ImportedKeySet | undefined;
  /** The same with where it came from and how old it is. */
  held(nowMs: number): HeldKeySet | undefined;
  /** Why there are no keys, if there are none. */
  missing(nowMs: number): KeysUnavailable | undefined;
  /**
   * The keys for this request, by the first rung that holds. Waits for at most one KV read, and no longer than the
   * deadline.
   * @param nowMs epoch milliseconds, taken when the request arrived
   */
  current(nowMs: number, waitUntil: WaitUntil): Promise<Result<HeldKeySet, KeysUnavailable>>;
  /**
   * Looks for a newer key set because a token's kid is not in `used`. At most one KV read per cooldown (30 s) in this
   * isolate, so that invented kids cost next to nothing; requests with known kids never wait for it.
   */
  refreshForUnknownKid(used: ImportedKeySet, nowMs: number, waitUntil: WaitUntil): Promise<void>;
  /** What the ladder stands on. No I/O. */
  status(nowMs: number): LadderStatus;
}

export function createKeyLadder(config: KeyLadderConfig): KeyLadder {
  const store = createKeySetStore(config);
  const documents = createDocumentLadder({ ...config, family: "key_set", store });
  const { schedule, refreshIfDue } = documents;
  const anchors = config.anchors.map(({ kid }) => kid);
  let bootstrapRefusal: { readonly atMs: number; readonly problem: KeyReadProblemCode } | undefined;

  /** Offers the bootstrap document, at most once per longest backoff while it is refused. */
  async function tryBootstrap(nowMs: number): Promise<void> {
    if (config.bootstrapKeySet === undefined) return;
    if (bootstrapRefusal !== undefined && nowMs - bootstrapRefusal.atMs < MAX_BACKOFF_MS) return;
    let problem: KeyReadProblemCode | undefined = "key_set_check_failed";
    try {
      problem = await store.acceptBootstrap(config.bootstrapKeySet, nowMs);
    } catch {
      // As above.
    }
    bootstrapRefusal = problem === undefined ? undefined : { atMs: nowMs, problem };
  }

  function look(nowMs: number): StoredKeySet | undefined {
    if (documents.noticeClock(nowMs)) bootstrapRefusal = undefined;
    return documents.look(nowMs);
  }

  function unavailable(nowMs: number): KeysUnavailable {
    const retryAfterSeconds = Math.max(1, Math.ceil(schedule.backoffLeftMs(nowMs) / 1000));
    return { code: "keys_unavailable", retryAfterSeconds, problem: schedule.problem ?? "key_set_expired" };
  }

  function heldAt(nowMs: number): HeldKeySet | undefined {
    const stored = store.usable(nowMs);
    return stored && toHeld(stored, nowMs);
  }

  function ready(nowMs: number, waitUntil: WaitUntil): HeldKeySet | undefined {
    const stored = look(nowMs);
    if (stored === undefined) return undefined;
    refreshIfDue(nowMs, waitUntil);
    return toHeld(stored, nowMs);
  }

  return {
    ready,
    peek: (nowMs) => look(nowMs)?.keySet,
    usable: (nowMs) => store.usable(nowMs)?.keySet,
    held: heldAt,
    refreshIfDue,
    missing: (nowMs) => (store.usable(nowMs) === undefined ? unavailable(nowMs) : undefined),
    async current(nowMs, waitUntil) {
      const without = ready(nowMs, waitUntil);
      if (without !== undefined) return ok(without);
      await documents.readUnlessHeldBack(nowMs, waitUntil);
      if (store.usable(nowMs) === undefined) await tryBootstrap(nowMs);
      const held = heldAt(nowMs);
      return held === undefined ? err(unavailable(nowMs)) : ok(held);
    },
    async refreshForUnknownKid(used, nowMs, waitUntil) {
      if (store.usable(nowMs)?.keySet === used && schedule.takeUnknownKidRead(nowMs)) {
        await documents.read(nowMs, MIN_KV_CACHE_TTL_SECONDS, waitUntil);
      }
    },
    status(nowMs) {
      const held = heldAt(nowMs);
      return {
        source: held?.source,
        rev: held?.keySet.document.rev,
        ageSeconds: held?.ageSeconds,
        expiresAt: held?.keySet.document.expiresAt,
        keys: held?.keySet.keys.size ?? 0,
        anchors,
        skipped: held?.keySet.skipped ?? [],
        warnings: held === undefined ? [] : warningsOf(held.keySet, anchors),
        problem: schedule.problem,
        bootstrapProblem: bootstrapRefusal?.problem,
      };
    },
  };
}

function warningsOf({ document }: ImportedKeySet, anchors: readonly Kid[]): readonly LadderWarning[] {
  const kids = document.roots.filter((root) => !anchors.includes(root));
  return [
    ...(kids.length === 0 ? [] : [{ code: "anchor_missing", kids } as const]),
    ...(document.revocations === undefined ? [] : [{ code: "revocations_not_checked" } as const]),
  ];
}

function toHeld(stored: StoredKeySet, nowMs: number): HeldKeySet {
  const { keySet, confirmedAtMs } = stored;
  const { issuedAt, revoked } = keySet.document;
  const knownSinceMs = Number.isFinite(confirmedAtMs) ? confirmedAtMs : issuedAt * 1000;
  const isConfirmed = nowMs - stored.readAtMs < stored.memoryTtlMs;
  return {
    keySet,
    source: isConfirmed ? "memory" : stored.fromBootstrap ? "bootstrap" : "last_good",
    ageSeconds: Math.max(0, nowMs - knownSinceMs) / 1000,
    text: revoked.length === stored.statedTombstones ? stored.text : undefined,
  };
}
