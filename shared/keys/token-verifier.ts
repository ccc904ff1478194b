/**
 * Verification of a request's token at the edge: the keys of the ladder, the rules of configuration and key set together,
 * and the memory of tokens already verified. Route policy is not decided here: what comes out depends on the token, the
 * key set and the rules alone, so that the caller can and must apply the route's policy on every request.
 */
import { checkWindow } from "../claims.ts";
import { epochSecondsFromMs } from "../identifiers.ts";
import type { EpochSeconds } from "../identifiers.ts";
import type { TokenRejection } from "../rejection.ts";
import { err, ok } from "../result.ts";
import type { Result } from "../result.ts";
import type { ImportedKeySet } from "../verification-keys.ts";
import { verifyToken } from "../verify-token.ts";
import type { TokenRules, VerifiedToken } from "../verify-token.ts";
import type { KeysUnavailable, WaitUntil } from "./held-key-set.ts";
import type { KeyLadder } from "./key-ladder.ts";
import { createTokenMemory } from "./token-memory.ts";
import type { TokenMemoryLimits } from "./token-memory.ts";

/** The rules for a token that configuration decides; skew and longest lifetime are in the key set document. */
export type TokenPolicy = Omit<TokenRules, "clockSkewSeconds" | "maxTokenTtlSeconds">;

export interface TokenVerifierConfig {
  readonly ladder: KeyLadder;
  readonly policy: TokenPolicy;
  /** The memory belongs to this verifier and its policy alone; two policies never share what is remembered. */
  readonly memoryLimits: TokenMemoryLimits;
}

export interface TokenVerifier {
  /**
   * The answer for a token that this isolate has verified before, with every check that can change in between; undefined
   * when the token is new or the keys have to be waited for, so that {@link TokenVerifier.verify} must be asked.
   * Synchronous: no promise, no I/O.
   */
  recall(token: string, nowMs: number, waitUntil: WaitUntil): Result<VerifiedToken, TokenRejection> | undefined;
  /**
   * Verifies a token, from memory if possible.
   * @param token the compact serialisation, without "Bearer"
   * @param nowMs epoch milliseconds, taken when the request arrived
   * @returns the frozen header and claims, the first check that failed, or that there are no keys to check with
   */
  verify(
    token: string,
    nowMs: number,
    waitUntil: WaitUntil,
  ): Promise<Result<VerifiedToken, TokenRejection | KeysUnavailable>>;
}

/** What a verification depends on besides the token. A new object for each key set: the memory compares its identity. */
interface VerificationBasis {
  readonly keySet: ImportedKeySet;
  readonly rules: TokenRules;
}

export function createTokenVerifier({ ladder, policy, memoryLimits }: TokenVerifierConfig): TokenVerifier {
  const memory = createTokenMemory(memoryLimits);
  let basis: VerificationBasis | undefined;

  function basisFor(keySet: ImportedKeySet): VerificationBasis {
    if (basis?.keySet === keySet) return basis;
    const { clockSkewSeconds, maxTokenTtlSeconds } = keySet.document.timing;
    basis = { keySet, rules: { ...policy, clockSkewSeconds, maxTokenTtlSeconds } };
    return basis;
  }

  function recallUnder(
    under: VerificationBasis,
    token: string,
    now: EpochSeconds,
  ): Result<VerifiedToken, TokenRejection> | undefined {
    const remembered = memory.recall(token, under);
    if (remembered === undefined) return undefined;
    const outside = checkWindow(remembered.window, under.rules.clockSkewSeconds, now);
    return outside === undefined ? remembered.outcome : err(outside);
  }

  /** Not async itself, so that a token is not waited for twice. */
  function check(
    keySet: ImportedKeySet,
    token: string,
    now: EpochSeconds,
  ): Result<VerifiedToken, TokenRejection> | Promise<Result<VerifiedToken, TokenRejection>> {
    const under = basisFor(keySet);
    return (
      recallUnder(under, token, now) ??
      verifyToken(token, under.rules, keySet, now).then((verified) =>
        verified.ok ? memory.remember(token, verified.value, under).outcome : verified,
      )
    );
  }

  return {
    recall(token, nowMs, waitUntil) {
      const held = ladder.ready(nowMs, waitUntil);
      return held === undefined ? undefined : recallUnder(basisFor(held.keySet), token, epochSecondsFromMs(nowMs));
    },
    async verify(token, nowMs, waitUntil) {
      const now = epochSecondsFromMs(nowMs);
      const ready = ladder.ready(nowMs, waitUntil);
      const held = ready === undefined ? await ladder.current(nowMs, waitUntil) : ok(ready);
      if (!held.ok) return held;
      const { keySet } = held.value;
      const first = await check(keySet, token, now);
      if (first.ok || first.error.code !== "kid_unknown") return first;
      const newer = await ladder.refreshForUnknownKid(keySet, nowMs, waitUntil);
      return newer === undefined ? first : check(newer.keySet, token, now);
    },
  };
}
