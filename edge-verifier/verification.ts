/**
 * Wires a configuration to the key ladder and the token verifier. One instance per isolate: what it remembers is worth
 * keeping between requests.
 */
import type { VerifierConfig } from "./config.ts";
import { createKeyLadder } from "../shared/keys/key-ladder.ts";
import type { KeyLadder } from "../shared/keys/key-ladder.ts";
import { createKvKeySetSource } from "../shared/keys/key-set-source.ts";
import { DEFAULT_TOKEN_MEMORY_LIMITS } from "../shared/keys/token-memory.ts";
import { createTokenVerifier } from "../shared/keys/token-verifier.ts";
import type { TokenVerifier } from "../shared/keys/token-verifier.ts";

/** The longest a request waits for its own KV read. A cold KV read takes 100 to 200 ms; nobody waits for a broken one. */
const KEY_READ_DEADLINE_MS = 2000;

export interface Verification {
  readonly ladder: KeyLadder;
  readonly verifier: TokenVerifier;
}

export function createVerification(config: VerifierConfig): Verification {
  const ladder = createKeyLadder({
    source: createKvKeySetSource(config.keySets, config.ring),
    anchors: config.anchors,
    issuer: config.issuer,
    ring: config.ring,
    minRev: config.minRev,
    bootstrap: config.bootstrapKeySet,
    readDeadlineMs: KEY_READ_DEADLINE_MS,
    random: Math.random,
  });
  const verifier = createTokenVerifier({
    ladder,
    policy: config.tokenPolicy,
    memoryLimits: DEFAULT_TOKEN_MEMORY_LIMITS,
  });
  return { ladder, verifier };
}
