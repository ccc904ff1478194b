/**
 * One place of key sets, wired to the ladder and the verifiers of its tokens. Made once and kept: what it remembers is worth
 * keeping between requests.
 */
import type { IssuerUrl, RingName } from "../identifiers.ts";
import type { TrustAnchors } from "../signed-key-set.ts";
import { createKeyLadder } from "./key-ladder.ts";
import type { KeyLadder } from "./key-ladder.ts";
import type { KeySetReader } from "./key-set-reader.ts";
import { DEFAULT_TOKEN_MEMORY_LIMITS } from "./token-memory.ts";
import type { TokenMemoryLimits } from "./token-memory.ts";
import { createTokenVerifiers } from "./token-verifier.ts";
import type { TokenVerifiers } from "./token-verifier.ts";

/** The longest a request waits for its own read. A cold KV read takes 100 to 200 ms; a broken one must not hold up a request. */
const KEY_READ_DEADLINE_MS = 2000;

/** What decides which key set is held. Everything else that is asked of a token is a policy, and applied to each request. */
export interface KeySetConfig {
  readonly issuer: IssuerUrl;
  readonly ring: RingName;
  readonly anchors: TrustAnchors;
  /** 1 when there is no floor. */
  readonly minRev: number;
  /** A signed document that is used when nothing else can be. */
  readonly bootstrapKeySet: string | undefined;
}

export interface Verification {
  readonly ladder: KeyLadder;
  readonly verifiers: TokenVerifiers;
}

/** @param memoryLimits of the tokens that are remembered */
export function createVerification(
  reader: KeySetReader,
  config: KeySetConfig,
  memoryLimits: TokenMemoryLimits = DEFAULT_TOKEN_MEMORY_LIMITS,
): Verification {
  const ladder = createKeyLadder({
    reader,
    anchors: config.anchors,
    issuer: config.issuer,
    ring: config.ring,
    minRev: config.minRev,
    bootstrap: config.bootstrapKeySet,
    readDeadlineMs: KEY_READ_DEADLINE_MS,
    random: Math.random,
  });
  return { ladder, verifiers: createTokenVerifiers({ ladder, memoryLimits }) };
}
