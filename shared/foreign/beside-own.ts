/** Tokens of other issuers where own ones are verified: asked after the own memory, and before any own key is looked for. */
import type { HeldKeys, KeyRings } from "../keys/key-rings.ts";
import type { WaitUntil } from "../keys/held-key-set.ts";
import type { OtherTokens, TokenAnswer } from "../keys/token-verifier.ts";
import { err } from "../result.ts";
import type { ForeignProblem, ForeignTokens } from "./tokens.ts";

/**
 * While no ring has a key set it is not known which kids are ours, withdrawn ones included: a foreign token then gets the answer
 * that an own one gets, 503. While some ring has one, foreign tokens are verified.
 */
export function besideOwn(foreign: ForeignTokens): OtherTokens<ForeignProblem> {
  async function verifyCold(
    token: string,
    rings: KeyRings,
    nowMs: number,
    waitUntil: WaitUntil,
    judgeAsOwn: (ready: HeldKeys) => Promise<TokenAnswer>,
  ): Promise<TokenAnswer<ForeignProblem>> {
    const held = await rings.current(nowMs, waitUntil);
    return verifyWith(token, rings, held, nowMs, waitUntil, false) ?? judgeAsOwn(held);
  }

  function verifyWith(
    token: string,
    rings: KeyRings,
    held: HeldKeys,
    nowMs: number,
    waitUntil: WaitUntil,
    mayRefresh: boolean,
  ): ReturnType<OtherTokens<ForeignProblem>["verify"]> {
    const holdsNone = held.keySets.every((keySet) => keySet === undefined);
    const missing = holdsNone ? rings.missing(nowMs) : undefined;
    return missing === undefined ? foreign.verify(token, held, nowMs, waitUntil, mayRefresh) : err(missing);
  }

  return {
    verify(token, rings, ready, nowMs, waitUntil, judgeAsOwn) {
      if (ready === undefined) return verifyCold(token, rings, nowMs, waitUntil, judgeAsOwn);
      // A request begins one refresh behind its answer: own documents go first.
      return verifyWith(token, rings, ready, nowMs, waitUntil, rings.refreshedAtMs !== nowMs);
    },
  };
}
