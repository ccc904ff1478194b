/**
 * A verifier that asks the revocation lists as well: after the signature, for each token each time, without a promise or I/O while
 * the lists in memory are fresh. A token needs the list of its own ring, and waits for those of the others; what any list names is refused. While the list of its
 * ring cannot be had, a token is neither good nor bad, and the answer is a fault.
 *
 * Tokens of other issuers are not looked for: their issuers know nothing of these lists.
 */
import { parseKid } from "../identifiers.ts";
import type { IssuerUrl, RingName } from "../identifiers.ts";
import { createDocumentLadder } from "../keys/document-ladder.ts";
import type { DocumentLadder } from "../keys/document-ladder.ts";
import type { StartTimer } from "../keys/deadline.ts";
import type { KeysUnavailable, WaitUntil } from "../keys/held-key-set.ts";
import type { KeyRings, Ring } from "../keys/key-rings.ts";
import type { KeySetReader } from "../keys/key-set-reader.ts";
import type { TokenAnswer, TokenVerifier, TokenVerifiers } from "../keys/token-verifier.ts";
import type { KeySetDocument } from "../key-set.ts";
import { excerpt } from "../rejection.ts";
import type { TokenRejection } from "../rejection.ts";
import { err } from "../result.ts";
import type { TrustAnchors } from "../signed-document.ts";
import { DEFAULT_TIMING } from "../timing.ts";
import type { VerifiedToken } from "../verify-token.ts";
import { createListStore } from "./list-store.ts";
import type { ListStore, ListTerms, StoredList } from "./list-store.ts";
import type { RevocationsReadProblemCode, RevocationsUnavailable } from "./problems.ts";
import { createRevocationSearch } from "./search.ts";
import type { RevocationCounts } from "./sections.ts";
import type { RevocationList } from "./signed-list.ts";

export interface RevocationsConfig {
  readonly issuer: IssuerUrl;
  /** Where the list of a ring is read. */
  readonly readerOf: (ring: RingName) => KeySetReader;
  /** The pinned root keys of a ring. */
  readonly anchorsOf: (ring: RingName) => TrustAnchors;
  /** How long a request waits for its own read. */
  readonly readDeadlineMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** The timer of the deadline, the platform's when left out; a simulation passes its own. */
  readonly startTimer?: StartTimer;
}

/** For the health endpoint. Holds no name of anybody. */
export interface RevocationsStatus {
  /** undefined: no list can be used. */
  readonly source: HeldRevocations["source"] | undefined;
  readonly rev: number | undefined;
  readonly ageSeconds: number | undefined;
  readonly expiresAt: number | undefined;
  readonly counts: RevocationCounts | undefined;
  readonly problem: RevocationsReadProblemCode | undefined;
}

export interface Revocations {
  /** The same verifiers, for tokens that have not been taken back. */
  guard(verifiers: TokenVerifiers): TokenVerifiers;
  /**
   * Looks at a token that was good when a connection was opened with it: its key, and the lists. Waits for reads that are due.
   * @returns why the connection has to end; undefined when it may go on
   */
  recheck(
    token: VerifiedToken,
    nowMs: number,
    waitUntil: WaitUntil,
  ): Promise<TokenRejection | KeysUnavailable | RevocationsUnavailable | undefined>;
  /** How often an open connection asks {@link Revocations.recheck}: each M, and at most 400 times in the life of a token. */
  recheckEverySeconds(token: VerifiedToken, nowMs: number): number;
  /** Whether the list of a ring can be asked without waiting for a read. Reads nothing. */
  isReady(ring: RingName, nowMs: number): boolean;
  /** Of a ring. Reads nothing. */
  status(ring: RingName, nowMs: number): RevocationsStatus | undefined;
  /** Set while no list of the ring can be used. Reads nothing. */
  unavailable(ring: RingName, nowMs: number): RevocationsUnavailable | undefined;
  /** The KV value as it is held, for the endpoint; undefined when it cannot be used. Waits for reads that are due. */
  current(ring: RingName, nowMs: number, waitUntil: WaitUntil): Promise<HeldRevocations | RevocationsUnavailable>;
}

/** A list that can be handed on. */
export interface HeldRevocations {
  readonly text: string;
  /** `memory`: confirmed by KV less than M ago. `last_good`: older, because KV cannot be asked. */
  readonly source: "memory" | "last_good";
  /** Since KV confirmed it, or since it was issued when that is not known. */
  readonly ageSeconds: number;
  readonly memoryTtlSeconds: number;
}

interface RingList {
  readonly ring: Ring;
  readonly store: ListStore;
  readonly ladder: DocumentLadder<StoredList, RevocationsReadProblemCode>;
}

export function createRevocations(rings: KeyRings, config: RevocationsConfig): Revocations {
  const lists = rings.rings.map((ring) => createRingList(ring, config));
  const search = createRevocationSearch();
  let seen: readonly (RevocationList | undefined)[] = [];
  let held: readonly RevocationList[] = [];

  /** The same array for as long as no list is replaced. */
  function heldLists(): readonly RevocationList[] {
    const isSame = seen.length > 0 && lists.every(({ store }, index) => store.latest?.list === seen[index]);
    if (!isSame) {
      seen = lists.map(({ store }) => store.latest?.list);
      held = seen.filter((list) => list !== undefined);
    }
    return held;
  }

  /** The list of the ring whose key the token was verified with. */
  function listOf({ header }: VerifiedToken, nowMs: number): RingList | undefined {
    const kid = parseKid(header.kid);
    if (lists.length === 1 || kid === undefined) return lists[0];
    return lists.find(({ ring }) => typeof ring.ladder.usable(nowMs)?.find(kid) === "object");
  }

  function listNamed(ring: RingName): RingList | undefined {
    return lists.find(({ ring: { name } }) => name === ring);
  }

  function readAll(nowMs: number, waitUntil: WaitUntil): Promise<unknown> {
    const due = lists.filter(({ ladder }) => ladder.look(nowMs) === undefined);
    return Promise.all(due.map(({ ladder }) => ladder.readUnlessHeldBack(nowMs, waitUntil)));
  }

  /** At most one a request. */
  function refreshOne(nowMs: number, waitUntil: WaitUntil): void {
    for (const { ladder } of lists) if (ladder.refreshIfDue(nowMs, waitUntil)) return;
  }

  /** What the lists in memory say. */
  function judge(
    token: VerifiedToken,
    own: RingList | undefined,
    nowMs: number,
  ): TokenRejection | RevocationsUnavailable | undefined {
    if (own?.store.usable(nowMs) === undefined) return unavailable(own, nowMs);
    return search.find(token, heldLists());
  }

  function complete<Problem>(
    answer: TokenAnswer<Problem>,
    nowMs: number,
    waitUntil: WaitUntil,
    begun: Begun,
  ): TokenAnswer<Problem> | Promise<TokenAnswer<Problem>> {
    if (!answer.ok || answer.value.claims.iss !== config.issuer) return answer;
    const token = answer.value;
    const own = listOf(token, nowMs);
    const decide = (): TokenAnswer<Problem> => {
      const problem = judge(token, own, nowMs);
      return problem === undefined ? answer : err(problem);
    };
    // Of all rings: any list may name the token, and the bound is the same for each.
    if (lists.some(({ ladder }) => ladder.look(nowMs) === undefined && !ladder.schedule.holdsBack(nowMs))) {
      return (begun.lists ?? readAll(nowMs, waitUntil)).then(decide);
    }
    if (!begun.refresh) refreshOne(nowMs, waitUntil);
    return decide();
  }

  function verifyWith<Problem>(verifier: TokenVerifier<Problem>): TokenVerifier<Problem>["verify"] {
    return (token, nowMs, waitUntil) => {
      for (const { ladder } of lists) ladder.noticeClock(nowMs);
      const begun: Begun = { lists: undefined, refresh: false };
      // Where keys have to be waited for, the lists are read at the same time, under the same deadline.
      if (rings.rings.some(({ ladder }) => ladder.peek(nowMs) === undefined)) begun.lists = readAll(nowMs, waitUntil);
      const answer = verifier.verify(token, nowMs, (work) => {
        begun.refresh = true;
        waitUntil(work);
      });
      return answer instanceof Promise
        ? answer.then((settled) => complete(settled, nowMs, waitUntil, begun))
        : complete(answer, nowMs, waitUntil, begun);
    };
  }

  return {
    guard: (verifiers) => ({
      under: (policy, others) => ({ verify: verifyWith(verifiers.under(policy, others)) }),
    }),
    async recheck(token, nowMs, waitUntil) {
      if (token.claims.iss !== config.issuer) return undefined;
      for (const { ladder } of lists) ladder.noticeClock(nowMs);
      await Promise.all([rings.current(nowMs, waitUntil), readAll(nowMs, waitUntil)]);
      refreshOne(nowMs, waitUntil);
      const kid = parseKid(token.header.kid);
      const found = rings.rings.map(({ ladder }) => kid && ladder.usable(nowMs)?.find(kid));
      if (found.includes("revoked")) return { code: "kid_revoked" };
      if (found.some((key) => typeof key === "object")) return judge(token, listOf(token, nowMs), nowMs);
      // Once the key set of its ring has expired, nothing would say that its key was withdrawn.
      return rings.missing(nowMs) ?? { code: "kid_unknown", kid: excerpt(token.header.kid) };
    },
    recheckEverySeconds(token, nowMs) {
      const { timing } = listOf(token, nowMs)?.ring.ladder.usable(nowMs)?.document ?? { timing: DEFAULT_TIMING };
      return Math.max(timing.memoryTtlSeconds, timing.maxTokenTtlSeconds / 400);
    },
    isReady: (ring, nowMs) => listNamed(ring)?.ladder.look(nowMs) !== undefined,
    status(ring, nowMs) {
      const own = listNamed(ring);
      return own && statusOf(own, nowMs);
    },
    unavailable(ring, nowMs) {
      const own = listNamed(ring);
      return own?.store.usable(nowMs) === undefined ? unavailable(own, nowMs) : undefined;
    },
    async current(ring, nowMs, waitUntil) {
      const own = listNamed(ring);
      own?.ladder.noticeClock(nowMs);
      if (own !== undefined && own.ladder.look(nowMs) === undefined)
        await own.ladder.readUnlessHeldBack(nowMs, waitUntil);
      const stored = own?.store.usable(nowMs);
      if (stored === undefined) return unavailable(own, nowMs);
      own?.ladder.refreshIfDue(nowMs, waitUntil);
      const { text, memoryTtlMs } = stored;
      return {
        text,
        source: sourceOf(stored, nowMs),
        ageSeconds: ageOf(stored, nowMs),
        memoryTtlSeconds: memoryTtlMs / 1000,
      };
    },
  };
}

/** What a request has begun before its token was verified. */
interface Begun {
  lists: Promise<unknown> | undefined;
  /** A refresh of a key set: a request begins one at most. */
  refresh: boolean;
}

function createRingList(ring: Ring, config: RevocationsConfig): RingList {
  const { issuer, random, readerOf, anchorsOf } = config;
  const { name, ladder } = ring;
  // Of the latest key set that was seen: a list is asked for no less while the key set cannot be used.
  let terms: ListTerms = { timing: DEFAULT_TIMING, leastRev: 1 };
  let said: KeySetDocument | undefined;
  const store = createListStore({
    issuer,
    ring: name,
    anchors: anchorsOf(name),
    random,
    terms: (nowMs) => {
      const document = ladder.usable(nowMs)?.document;
      if (document === undefined || document === said) return terms;
      said = document;
      terms = { timing: document.timing, leastRev: document.revocations?.leastRev ?? 1 };
      return terms;
    },
  });
  return {
    ring,
    store,
    ladder: createDocumentLadder({ ...config, reader: readerOf(name), store, family: "revocations" }),
  };
}

function unavailable(list: RingList | undefined, nowMs: number): RevocationsUnavailable {
  const leftMs = list?.ladder.schedule.backoffLeftMs(nowMs) ?? 0;
  const latest = list?.store.latest?.list;
  // The list was read before the key set that asks for a newer one.
  const isOld = latest !== undefined && nowMs < latest.expiresAt * 1000;
  const problem = list?.ladder.schedule.problem ?? (isOld ? "revocations_rev_too_low" : "revocations_expired");
  return { code: "revocations_unavailable", retryAfterSeconds: Math.max(1, Math.ceil(leftMs / 1000)), problem };
}

function statusOf({ store, ladder }: RingList, nowMs: number): RevocationsStatus {
  const stored = store.usable(nowMs);
  return {
    source: stored && sourceOf(stored, nowMs),
    rev: stored?.list.rev,
    ageSeconds: stored && ageOf(stored, nowMs),
    expiresAt: stored?.list.expiresAt,
    counts: stored?.list.counts,
    problem: ladder.schedule.problem,
  };
}

function sourceOf({ readAtMs, memoryTtlMs }: StoredList, nowMs: number): HeldRevocations["source"] {
  return nowMs - readAtMs < memoryTtlMs ? "memory" : "last_good";
}

function ageOf({ confirmedAtMs, list }: StoredList, nowMs: number): number {
  const knownSinceMs = Number.isFinite(confirmedAtMs) ? confirmedAtMs : list.issuedAt * 1000;
  return Math.max(0, nowMs - knownSinceMs) / 1000;
}
