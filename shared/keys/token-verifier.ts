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
import { checkPolicy, verifyToken } from "../verify-token.ts";
import type { TokenPolicy, TokenRules, VerifiedToken } from "../verify-token.ts";
import type { HeldKeySet, KeysUnavailable, WaitUntil } from "./held-key-set.ts";
import type { KeyLadder } from "./key-ladder.ts";
import { createTokenMemory } from "./token-memory.ts";
import type { TokenMemoryLimits } from "./token-memory.ts";

export interface TokenVerifiersConfig {
  readonly ladder: KeyLadder;
  readonly memoryLimits: TokenMemoryLimits;
}

export interface TokenVerifierConfig extends TokenVerifiersConfig {
  readonly policy: TokenPolicy;
}

/** Verifiers of one key ladder. They share its keys and one bounded memory, and each applies its own policy to every token. */
export interface TokenVerifiers {
  /** Costs two closures: a policy that is made for one request is no burden. */
  under(policy: TokenPolicy): TokenVerifier;
}

export interface TokenVerifier {
  /**
   * Verifies a token, from memory if possible. A token that this isolate has verified before is answered with every check
   * that can change in between, and without a promise or I/O.
   * @param token the compact serialisation, without "Bearer"
   * @param nowMs epoch milliseconds, taken when the request arrived
   * @returns the frozen header and claims, the first check that failed, or that there are no keys to check with; a promise
   *   of it when the token is new or the keys have to be waited for
   */
  verify(token: string, nowMs: number, waitUntil: WaitUntil): TokenAnswer | Promise<TokenAnswer>;
}

/** What a verifier says of a token. */
export type TokenAnswer = Result<VerifiedToken, TokenRejection | KeysUnavailable>;

/** A verifier with a single policy. */
export function createTokenVerifier({ policy, ...config }: TokenVerifierConfig): TokenVerifier {
  return createTokenVerifiers(config).under(policy);
}

export function createTokenVerifiers({ ladder, memoryLimits }: TokenVerifiersConfig): TokenVerifiers {
  // Bound to the key set. The policy is no part of what is remembered: it is applied to each token each time, so that a
  // token which was good under one policy is not thereby good under another.
  const memory = createTokenMemory(memoryLimits);

  function recallUnder(
    keySet: ImportedKeySet,
    policy: TokenPolicy,
    token: string,
    now: EpochSeconds,
  ): Result<VerifiedToken, TokenRejection> | undefined {
    const remembered = memory.recall(token, keySet);
    if (remembered === undefined) return undefined;
    const { outcome, window } = remembered;
    const problem =
      checkPolicy(token, outcome.value, policy) ?? checkWindow(window, keySet.document.timing.clockSkewSeconds, now);
    return problem === undefined ? outcome : err(problem);
  }

  /** Not async itself, so that a token is not waited for twice. */
  function check(
    keySet: ImportedKeySet,
    policy: TokenPolicy,
    token: string,
    now: EpochSeconds,
  ): Result<VerifiedToken, TokenRejection> | Promise<Result<VerifiedToken, TokenRejection>> {
    return (
      recallUnder(keySet, policy, token, now) ??
      verifyToken(token, rulesOf(policy, keySet), keySet, now).then((verified) =>
        verified.ok ? memory.remember(token, verified.value, keySet).outcome : verified,
      )
    );
  }

  /** @param ready keys that need no waiting, if there are any */
  async function verifyNew(
    ready: HeldKeySet | undefined,
    policy: TokenPolicy,
    token: string,
    nowMs: number,
    waitUntil: WaitUntil,
  ): Promise<TokenAnswer> {
    const held = ready === undefined ? await ladder.current(nowMs, waitUntil) : ok(ready);
    if (!held.ok) return held;
    const now = epochSecondsFromMs(nowMs);
    const { keySet } = held.value;
    const first = await check(keySet, policy, token, now);
    if (first.ok || first.error.code !== "kid_unknown") return first;
    const newer = await ladder.refreshForUnknownKid(keySet, nowMs, waitUntil);
    return newer === undefined ? first : check(newer.keySet, policy, token, now);
  }

  return {
    under: (policy) => ({
      verify(token, nowMs, waitUntil) {
        const ready = ladder.ready(nowMs, waitUntil);
        const known =
          ready === undefined ? undefined : recallUnder(ready.keySet, policy, token, epochSecondsFromMs(nowMs));
        return known ?? verifyNew(ready, policy, token, nowMs, waitUntil);
      },
    }),
  };
}

function rulesOf(policy: TokenPolicy, { document }: ImportedKeySet): TokenRules {
  const { clockSkewSeconds, maxTokenTtlSeconds } = document.timing;
  return { ...policy, clockSkewSeconds, maxTokenTtlSeconds };
}
