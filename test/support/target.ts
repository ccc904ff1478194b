/**
 * A complete verifier for the tests to attack: a signed key set document, opened and imported as the edge does it, and the
 * rules of a gateway. Web globals only.
 */
import type { Alg } from "../../shared/algorithms.ts";
import { ALGS } from "../../shared/algorithms.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import type { KeySetDocument } from "../../shared/key-set.ts";
import type { TokenRejection, TokenRejectionCode } from "../../shared/rejection.ts";
import type { Result } from "../../shared/result.ts";
import { openKeySet } from "../../shared/signed-key-set.ts";
import { importKeySet } from "../../shared/verification-keys.ts";
import type { ImportedKeySet } from "../../shared/verification-keys.ts";
import { DEFAULT_MAX_TOKEN_BYTES, verifyToken } from "../../shared/verify-token.ts";
import type { TokenRules, VerifiedToken } from "../../shared/verify-token.ts";
import { makeDocument, makeKey, makeRoot, signKeySet, TEST_RING } from "./key-sets.ts";
import type { TestKey, TestRoot } from "./key-sets.ts";
import { given, valueOf } from "./values.ts";
import { CLAIMS_RULES, NOW } from "./claims-samples.ts";

export const TOKEN_RULES: TokenRules = {
  ...CLAIMS_RULES,
  algs: new Set(ALGS),
  typs: new Set([undefined, "jwt", "at+jwt"]),
  maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
};

export interface Target {
  readonly root: TestRoot;
  /** The signed document, as it lies in KV. */
  readonly document: string;
  readonly keySet: ImportedKeySet;
  /** The key of the set for an algorithm that the target was made with. */
  readonly key: (alg: Alg) => TestKey;
  readonly verify: (
    token: string,
    rules?: Partial<TokenRules>,
    now?: EpochSeconds,
  ) => Promise<Result<VerifiedToken, TokenRejection>>;
  /** The code of the rejection, or "accepted". */
  readonly outcome: (token: string, rules?: Partial<TokenRules>) => Promise<TokenRejectionCode | "accepted">;
}

/** A target with one key for each of the algorithms. */
export async function makeTarget(algs: readonly Alg[], changes: Partial<KeySetDocument> = {}): Promise<Target> {
  return targetFor(await Promise.all(algs.map((alg) => makeKey(alg))), changes);
}

/** A target with the given keys. */
export async function targetFor(keys: readonly TestKey[], changes: Partial<KeySetDocument> = {}): Promise<Target> {
  const root = await makeRoot();
  const document = await signKeySet(makeDocument(keys, NOW, changes), root);
  const keySetRules = { anchors: root.anchors, issuer: CLAIMS_RULES.issuer, ring: TEST_RING, leastRev: 1 };
  const keySet = await importKeySet(valueOf(await openKeySet(document, keySetRules, NOW)));
  const verify: Target["verify"] = (token, rules = {}, now = NOW) =>
    verifyToken(token, { ...TOKEN_RULES, ...rules }, keySet, now);
  return {
    root,
    document,
    keySet,
    key: (alg) => given(keys.find((key) => key.alg === alg)),
    verify,
    outcome: async (token, rules) => {
      const verified = await verify(token, rules);
      return verified.ok ? "accepted" : verified.error.code;
    },
  };
}
