/**
 * Tokens made by a grammar, verified by sealgate and by jose under the same rules. Where they disagree, sealgate is the
 * stricter one, for a reason that is on the list; both read the same claims where they agree.
 *
 * `npm run fuzz` makes a long run; docs/differential-jose.md tells what one of 100,000 tokens came to, and why.
 */
import * as fc from "fast-check";
import { createLocalJWKSet, jwtVerify } from "jose";
import type { JWK } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import { ALGS } from "../../shared/algorithms.ts";
import type { TokenRejection } from "../../shared/rejection.ts";
import { makeKey } from "../support/key-sets.ts";
import type { TestKey } from "../support/key-sets.ts";
import { given } from "../support/values.ts";
import { CLAIMS_RULES, NOW } from "../support/claims-samples.ts";
import { fuzzSettings } from "../support/fuzz.ts";
import { goodToken } from "../support/forge.ts";
import { targetFor } from "../support/target.ts";
import type { Target } from "../support/target.ts";
import { STRICTER } from "./differential-reasons.ts";
import { bake } from "./token-baking.ts";
import { recipes } from "./token-grammar.ts";

const SETTINGS = fuzzSettings(4000);
const { numRuns: RUNS, seed: SEED } = SETTINGS;

/** One key of each family, and both of the shapes of elliptic curves; more would only cost time. */
const KEY_ALGS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"] as const;

let target: Target;
let keys: TestKey[];
let strangers: TestKey[];
let byJose: (token: string) => Promise<unknown>;

beforeAll(async () => {
  keys = await Promise.all(KEY_ALGS.map((alg) => makeKey(alg)));
  strangers = await Promise.all(KEY_ALGS.map((alg) => makeKey(alg)));
  target = await targetFor(keys);
  // jose compares the alg of a JWK as a string; RFC 9864's name for the same key needs an entry of its own.
  const jwks: JWK[] = keys.map(({ jwk }) => ({ ...jwk }));
  const ed25519 = given(jwks.find(({ alg }) => alg === "EdDSA"));
  const keySet = createLocalJWKSet({ keys: [...jwks, { ...ed25519, alg: "Ed25519" }] });
  byJose = async (token) => {
    const { payload } = await jwtVerify(token, keySet, {
      algorithms: [...ALGS, "Ed25519"],
      issuer: CLAIMS_RULES.issuer,
      audience: [...CLAIMS_RULES.audiences],
      clockTolerance: CLAIMS_RULES.clockSkewSeconds,
      currentDate: new Date(NOW * 1000),
      requiredClaims: ["iss", "aud", "exp"],
    });
    return payload;
  };
});

/** A rejection as the list names it: its code, and the part, reason or claim. */
function nameOf(rejection: TokenRejection): string {
  if (rejection.code === "token_malformed") return `${rejection.code} ${rejection.part}`;
  if (rejection.code === "header_invalid" || rejection.code === "claims_invalid")
    return `${rejection.code} ${rejection.reason}`;
  if (rejection.code === "claim_invalid") return `${rejection.code} ${rejection.claim}`;
  return rejection.code;
}

/** How both judge a token: "both accept", "both refuse", or who is alone and why. */
async function compare(token: string): Promise<string> {
  const ours = await target.verify(token);
  // jose gives its errors as exceptions, some of them not its own.
  const theirs = await byJose(token).then(
    (payload) => ({ payload }),
    () => undefined,
  );
  if (!ours.ok) return theirs === undefined ? "both refuse" : nameOf(ours.error);
  if (theirs === undefined) return "only sealgate accepts";
  return JSON.stringify(ours.value.claims) === JSON.stringify(theirs.payload) ? "both accept" : "other claims";
}

describe("sealgate and jose", () => {
  test("both accept a good token of each key", async () => {
    for (const key of keys) expect(await compare(await goodToken(key))).toBe("both accept");
  });

  test(`agree on ${RUNS} tokens (seed ${SEED}), except where sealgate is stricter for a listed reason`, async ({
    annotate,
  }) => {
    const seen = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(recipes, async (recipe) => {
        const verdict = await compare(await bake(recipe, keys, strangers));
        seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
        return verdict === "both accept" || verdict === "both refuse" || Object.hasOwn(STRICTER, verdict);
      }),
      SETTINGS,
    );
    await annotate(
      JSON.stringify(Object.fromEntries([...seen].toSorted(([one], [other]) => (one < other ? -1 : 1)))),
      "verdicts",
    );
    // The grammar is worth something only if it reaches both sides and every reason on the list.
    const tokens = [...seen.values()].reduce((sum, count) => sum + count, 0);
    expect(seen.get("both accept")).toBeGreaterThan(tokens / 20);
    expect(seen.get("both refuse")).toBeGreaterThan(tokens / 20);
    expect(Object.keys(STRICTER).filter((reason) => !seen.has(reason))).toEqual([]);
  });
});
