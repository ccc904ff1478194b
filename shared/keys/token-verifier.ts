/**
 * Verification of a request's token at the edge: the keys of the rings, the rules of configuration and key set together,
 * and the memory of tokens already verified. Route policy is not decided here: what comes out depends on the token, the
 * key set and the rules alone, so that the caller can and must apply the route's policy on every request.
 */
import { checkTimes } from "../claims.ts";
import { epochSecondsFromMs } from "../identifiers.ts";
import type { EpochSeconds } from "../identifiers.ts";
import { excerpt } from "../rejection.ts";
import type { TokenRejection } from "../rejection.ts";
import type { RevocationsUnavailable } from "../revocations/problems.ts";
import { err } from "../result.ts";
import type { Result } from "../result.ts";
import { checkPolicy, readToken, verifyRead } from "../verify-token.ts";
import type { TokenPolicy, VerifiedToken } from "../verify-token.ts";
import type { KeysUnavailable, WaitUntil } from "./held-key-set.ts";
import { findOwner } from "./find-key.ts";
import type { KidOwner } from "./find-key.ts";
import type { HeldKeys, KeyRings } from "./key-rings.ts";
import { createTokenMemory } from "./token-memory.ts";
import type { TokenMemoryLimits } from "./token-memory.ts";

export interface TokenVerifiersConfig {
  readonly rings: KeyRings;
  readonly memoryLimits: TokenMemoryLimits;
}

export interface TokenVerifierConfig extends TokenVerifiersConfig {
  readonly policy: TokenPolicy;
}

/** Verifiers of the rings of one issuer. They share the keys and one bounded memory, and each applies its own policy to every token. */
export interface TokenVerifiers {
  /**
   * Costs two closures: a policy that is made for one request is no burden.
   * @param others asked for each token that is not remembered as an own one
   */
  under<Problem = never>(policy: TokenPolicy, others?: OtherTokens<Problem>): TokenVerifier<Problem>;
}

/** Verifies tokens of other issuers, beside those of the rings. */
export interface OtherTokens<Problem> {
  /**
   * @param ready own keys that need no waiting, if there are any
   * @param judgeAsOwn for a token that turns out to be no other issuer's
   * @returns undefined for such a token, when that can be said at once
   */
  verify(
    token: string,
    rings: KeyRings,
    ready: HeldKeys | undefined,
    nowMs: number,
    waitUntil: WaitUntil,
    judgeAsOwn: (ready: HeldKeys) => Promise<TokenAnswer>,
  ): TokenAnswer<Problem> | Promise<TokenAnswer<Problem>> | undefined;
}

/** @typeParam Problem what can be wrong with a token of another issuer, besides */
export interface TokenVerifier<Problem = never> {
  /**
   * Verifies a token, from memory if possible. A token that this isolate has verified before is answered with every check
   * that can change in between, and without a promise or I/O.
   * @param token the compact serialisation, without "Bearer"
   * @param nowMs epoch milliseconds, taken when the request arrived
   * @returns the frozen header and claims, the first check that failed, or that there are no keys to check with; a promise
   *   of it when the token is new or the keys have to be waited for
   */
  verify(token: string, nowMs: number, waitUntil: WaitUntil): TokenAnswer<Problem> | Promise<TokenAnswer<Problem>>;
}

/** What a verifier says of a token. */
export type TokenAnswer<Problem = never> = Result<
  VerifiedToken,
  TokenRejection | KeysUnavailable | RevocationsUnavailable | Problem
>;

/** A verifier with a single policy. */
export function createTokenVerifier({ policy, ...config }: TokenVerifierConfig): TokenVerifier {
  return createTokenVerifiers(config).under(policy);
}

export function createTokenVerifiers({ rings, memoryLimits }: TokenVerifiersConfig): TokenVerifiers {
  // The policy is no part of what is remembered: it is applied to each token each time, so that a token which was good under
  // one policy is not thereby good under another.
  const memory = createTokenMemory<KidOwner>(memoryLimits);

  function recallUnder(
    heldKeys: HeldKeys,
    policy: TokenPolicy,
    token: string,
    now: EpochSeconds,
  ): Result<VerifiedToken, TokenRejection> | undefined {
    const remembered = memory.recall(token);
    if (remembered === undefined) return undefined;
    const { outcome, under } = remembered;
    if (under.heldKeys !== heldKeys) {
      if (heldKeys.ownerOf(under.kid) !== under.keySet) return undefined;
      under.heldKeys = heldKeys;
    }
    const { timing } = under.keySet.document;
    const problem = checkPolicy(token, outcome.value, policy) ?? checkTimes(outcome.value.claims, timing, now);
    return problem === undefined ? outcome : err(problem);
  }

  /** @param ready keys that need no waiting, if there are any */
  async function verifyNew(
    ready: HeldKeys | undefined,
    policy: TokenPolicy,
    token: string,
    nowMs: number,
    waitUntil: WaitUntil,
  ): Promise<TokenAnswer> {
    const read = readToken(token, policy);
    if (!read.ok) return read;
    const { kid } = read.value.header;
    const found = await findOwner(rings, ready, kid, nowMs, waitUntil);
    if (!found.ok) return found;
    const owner = found.value;
    if (owner === undefined) return err({ code: "kid_unknown", kid: excerpt(kid) });
    const now = epochSecondsFromMs(nowMs);
    // Where keys had to be waited for, another request may have verified the token meanwhile.
    const known = recallUnder(owner.heldKeys, policy, token, now);
    if (known !== undefined) return known;
    const rules = { ...policy, ...owner.keySet.document.timing };
    const verified = await verifyRead(read.value, rules, owner.keySet, now);
    return verified.ok ? memory.remember(token, verified.value, owner).outcome : verified;
  }

  return {
    under: (policy, others) => ({
      verify(token, nowMs, waitUntil) {
        const ready = rings.ready(nowMs, waitUntil);
        const known = ready === undefined ? undefined : recallUnder(ready, policy, token, epochSecondsFromMs(nowMs));
        return (
          known ??
          others?.verify(token, rings, ready, nowMs, waitUntil, (held) =>
            verifyNew(held, policy, token, nowMs, waitUntil),
          ) ??
          verifyNew(ready, policy, token, nowMs, waitUntil)
        );
      },
    }),
  };
}
