/**
 * Isolates of the edge: the real key ladder and token verifier, each isolate with its own memory and clock, over what its
 * location's cache of KV serves. They come and go; a new one knows nothing.
 */
import { createKeyLadder } from "../../shared/keys/key-ladder.ts";
import type { KeyLadder } from "../../shared/keys/key-ladder.ts";
import type { KeySetSource } from "../../shared/keys/key-set-source.ts";
import { MAX_BACKOFF_MS } from "../../shared/keys/read-schedule.ts";
import { createTokenVerifier } from "../../shared/keys/token-verifier.ts";
import type { TokenVerifier } from "../../shared/keys/token-verifier.ts";
import { parseAudience } from "../../shared/identifiers.ts";
import type { IssuerUrl } from "../../shared/identifiers.ts";
import type { TrustAnchors } from "../../shared/signed-key-set.ts";
import { TEST_RING } from "../support/key-sets.ts";
import type { WorldClock } from "./clock.ts";
import type { Coverage } from "./coverage.ts";
import type { Removed } from "./guards.ts";
import type { Adversity } from "./host.ts";
import type { KvModel } from "./kv-model.ts";
import type { Rng } from "./rng.ts";
import { AUDIENCE } from "./signer.ts";

export interface EdgeOptions {
  readonly clock: WorldClock;
  readonly rng: Rng;
  readonly coverage: Coverage;
  readonly kv: KvModel;
  readonly issuer: IssuerUrl;
  readonly anchors: TrustAnchors;
  readonly bootstrap: string | undefined;
  readonly removed: Removed;
  readonly skewMs: number;
  readonly location: number;
  readonly adversity: () => Adversity;
}

export interface Answer {
  readonly code: string;
  readonly isAccepted: boolean;
  /** KV answered the read that the key set rests on, and the last one that was made. */
  readonly isKvAnswering: boolean;
  readonly origin: string | undefined;
  readonly rev: number | undefined;
  readonly atMs: number;
}

export interface Isolate {
  readonly location: number;
  readonly skewMs: number;
  /** The highest rev that was seen in use. */
  highestRev: number;
  request(token: string): Promise<Answer>;
}

const READ_DEADLINE_MS = 2000;

const POLICY = {
  algs: new Set(["ES256", "ES384", "EdDSA"] as const),
  typs: new Set(["jwt", undefined] as const),
  maxTokenBytes: 16_384,
  audiences: [AUDIENCE].map(parseAudience).filter((audience) => audience !== undefined),
};

export function createIsolate(options: EdgeOptions): Isolate {
  const { clock, rng, coverage, kv, issuer, anchors, bootstrap, removed, skewMs, location, adversity } = options;
  let troubleUntilMs = 0;
  /** A read has failed, or will: the ladder goes without one for its backoff, and once more for its deadline. */
  const noteTrouble = (endMs: number): void => {
    troubleUntilMs = Math.max(troubleUntilMs, endMs + MAX_BACKOFF_MS + READ_DEADLINE_MS);
  };

  const source: KeySetSource = {
    async read(cacheTtlSeconds) {
      coverage.count("reads of KV by isolates");
      const wait = rng.chance(adversity().slow) ? rng.between(1, 4000) : 0;
      if (wait >= READ_DEADLINE_MS) noteTrouble(clock.nowMs + wait);
      if (wait > 0) await clock.sleep(wait);
      try {
        const text = kv.readAt(location, removed.edgeCacheTtl === true ? 3600 : cacheTtlSeconds);
        if (text !== kv.stored()) coverage.count("stale reads of KV");
        if (text === undefined) coverage.count("reads that found nothing");
        return text ?? null;
      } catch (error) {
        noteTrouble(clock.nowMs);
        coverage.count("reads during an outage");
        throw error;
      }
    },
  };

  function make(): { ladder: KeyLadder; verifier: TokenVerifier } {
    const ladder = createKeyLadder({
      source,
      anchors,
      issuer,
      ring: TEST_RING,
      minRev: 1,
      bootstrap,
      readDeadlineMs: READ_DEADLINE_MS,
      random: () => rng.next(),
      startTimer: (delayMs, onTime) => clock.at(clock.nowMs + delayMs, onTime),
    });
    const memoryLimits = { maxEntries: 64, maxCharacters: 1_000_000 };
    return { ladder, verifier: createTokenVerifier({ ladder, policy: { ...POLICY, issuer }, memoryLimits }) };
  }

  let { ladder, verifier } = make();
  let madeMs = clock.nowMs;
  const isolate: Isolate = {
    location,
    skewMs,
    highestRev: 0,
    async request(token) {
      const atMs = clock.nowMs;
      if (removed.edgeRev === true && atMs - madeMs >= 30_000) {
        ({ ladder, verifier } = make());
        madeMs = atMs;
      }
      // For an hour the isolate believes that no time passes, as far as its keys are concerned.
      const frozenMs =
        removed.edgeMemoryTtl === true ? madeMs + Math.floor((atMs - madeMs) / 3_600_000) * 3_600_000 : atMs;
      const verified = await verifier.verify(token, frozenMs + skewMs, () => {});
      const { origin, rev } = ladder.status(frozenMs + skewMs);
      const code = verified.ok ? "accepted" : verified.error.code;
      coverage.count("requests");
      if (origin !== undefined) coverage.count(`requests answered from ${origin}`);
      return {
        code,
        isAccepted: verified.ok,
        isKvAnswering: atMs > troubleUntilMs,
        origin,
        rev,
        atMs,
      };
    },
  };
  return isolate;
}
