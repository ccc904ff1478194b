/**
 * One place of key sets, wired to the ladders of its rings and the verifiers of their tokens. Made once and kept: what it remembers is worth
 * keeping between requests.
 */
import type { IssuerUrl, RingName } from "../identifiers.ts";
import type { TrustAnchors } from "../signed-key-set.ts";
import { createKeyLadder } from "./key-ladder.ts";
import type { LadderStatus } from "./key-ladder.ts";
import type { KeySets } from "./key-set-reader.ts";
import { createKeyRings } from "./key-rings.ts";
import type { KeyRings } from "./key-rings.ts";
import { DEFAULT_TOKEN_MEMORY_LIMITS } from "./token-memory.ts";
import type { TokenMemoryLimits } from "./token-memory.ts";
import { createTokenVerifiers } from "./token-verifier.ts";
import type { TokenVerifiers } from "./token-verifier.ts";

/** The longest a request waits for its own read. A cold KV read takes 100 to 200 ms; a broken one must not hold up a request. */
export const KEY_READ_DEADLINE_MS = 2000;

/** What decides which key set is held of one ring. */
export interface RingConfig {
  readonly ring: RingName;
  readonly anchors: TrustAnchors;
  /** 1 when there is no floor. */
  readonly minRev: number;
  /** A signed document that is used when nothing else can be. */
  readonly bootstrapKeySet: string | undefined;
}

/** What decides which key sets are held. Everything else that is asked of a token is a policy, and applied to each request. */
export interface KeySetConfig {
  readonly issuer: IssuerUrl;
  /** At least one. Of a kid that several list, the first one's timing holds. */
  readonly rings: readonly RingConfig[];
}

export interface Verification {
  readonly rings: KeyRings;
  readonly verifiers: TokenVerifiers;
}

/** @param memoryLimits of the tokens that are remembered */
export function createVerification(
  keySets: KeySets,
  { issuer, rings: configs }: KeySetConfig,
  memoryLimits: TokenMemoryLimits = DEFAULT_TOKEN_MEMORY_LIMITS,
): Verification {
  const rings = createKeyRings(
    configs.map((config) => ({
      name: config.ring,
      ladder: createKeyLadder({
        ...config,
        issuer,
        reader: keySets.readerOf(config.ring),
        acceptsUnnamed: configs.length === 1,
        readDeadlineMs: KEY_READ_DEADLINE_MS,
        random: Math.random,
      }),
    })),
  );
  return { rings, verifiers: createTokenVerifiers({ rings, memoryLimits }) };
}

/** What one ring stands on. */
export interface RingStatus extends LadderStatus {
  readonly ring: RingName;
}

/** {@link KeyRings}, or rings that say more of themselves. */
interface RingsWithStatus<Status> {
  readonly rings: readonly { readonly name: RingName; readonly ladder: { status(nowMs: number): Status } }[];
}

/** What the rings of a verification stand on. No I/O. */
export function statusOf<Status>(
  { rings }: { readonly rings: RingsWithStatus<Status> },
  nowMs: number,
): readonly (Status & Pick<RingStatus, "ring">)[] {
  return rings.rings.map(({ name, ladder }) => ({ ring: name, ...ladder.status(nowMs) }));
}
