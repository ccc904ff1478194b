/**
 * Tokens made by a grammar, verified by sealgate and by jose under the same rules. Where they disagree, sealgate is the
 * stricter one, for a reason that is on the list; both read the same claims where they agree.
 *
 * SEALGATE_FUZZ_RUNS=100000 makes a long run; without it the seed is fixed. SEALGATE_FUZZ_SEED repeats a run.
 */
import { env } from "node:process";
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
import { goodToken } from "../support/forge.ts";
import { targetFor } from "../support/target.ts";
import type { Target } from "../support/target.ts";
import { bake } from "./token-baking.ts";
import { recipes } from "./token-grammar.ts";

const RUNS = Number(env["SEALGATE_FUZZ_RUNS"] ?? 4000);
const SEED = Number(env["SEALGATE_FUZZ_SEED"] ?? (env["SEALGATE_FUZZ_RUNS"] === undefined ? 1 : Date.now() % 2 ** 31));

/** One key of each family, and both of the shapes of elliptic curves; more would only cost time. */
const KEY_ALGS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"] as const;

/** What sealgate refuses and jose accepts: the rejection, and why sealgate is stricter. */
const STRICTER: { readonly [rejection: string]: string } = {
  "token_malformed header": "jose decodes base64url with unused bits that are not zero, padding, or the other alphabet",
  "token_malformed payload": "the same for the payload",
  "token_malformed signature": "the same for the signature",
  "header_invalid byte_order_mark": "jose drops a byte order mark",
  "claims_invalid byte_order_mark": "the same for the payload",
  "header_invalid duplicate_member": "jose takes the last of several members with one name",
  "header_invalid nested_too_deeply": "jose does not bound nesting",
  "header_invalid b64": "jose ignores b64 when crit does not announce it",
  "header_invalid typ": "jose looks at typ only when one is asked for",
  header_critical: "jose accepts an empty or understood crit",
  kid_missing: "jose picks the only key that fits the alg",
  typ_not_allowed: "jose looks at typ only when one is asked for, and then at exactly one",
  "claims_invalid duplicate_member": "jose takes the last of several members with one name",
  "claims_invalid nested_too_deeply": "jose does not bound nesting",
  "claim_invalid exp": "jose takes any number for a time: Infinity, a negative one, one beyond all dates",
  "claim_invalid nbf": "jose takes any number for a time",
  "claim_invalid iat": "jose takes any number for a time",
  "claim_invalid aud": "jose accepts an array with other types beside the audience",
  "claim_invalid sub": "jose looks at sub only when one is asked for",
  "claim_invalid jti": "jose does not look at jti",
  token_issued_in_future: "jose looks at iat only when a maximum age is asked for",
  token_lifetime_too_long: "jose has no rule for exp - iat",
};

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

  test(
    `agree on ${RUNS} tokens (seed ${SEED}), except where sealgate is stricter for a listed reason`,
    { timeout: 3_600_000 },
    async ({ annotate }) => {
      const seen = new Map<string, number>();
      await fc.assert(
        fc.asyncProperty(recipes, async (recipe) => {
          const verdict = await compare(await bake(recipe, keys, strangers));
          seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
          return verdict === "both accept" || verdict === "both refuse" || Object.hasOwn(STRICTER, verdict);
        }),
        { numRuns: RUNS, seed: SEED },
      );
      await annotate(
        JSON.stringify(Object.fromEntries([...seen].toSorted(([one], [other]) => (one < other ? -1 : 1)))),
        "verdicts",
      );
      // The grammar is worth something only if it reaches both sides and every reason on the list.
      expect(seen.get("both accept")).toBeGreaterThan(RUNS / 20);
      expect(seen.get("both refuse")).toBeGreaterThan(RUNS / 20);
      expect(Object.keys(STRICTER).filter((reason) => !seen.has(reason))).toEqual([]);
    },
  );
});
