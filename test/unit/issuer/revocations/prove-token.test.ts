/** A token that is shown is taken back only if its issuer has signed it, also when a verifier has other reasons to refuse it. */
import { beforeAll, describe, expect, test } from "vitest";
import { proveToken } from "../../../../issuer/revocations/prove-token.ts";
import type { TokenVerifier } from "../../../../issuer/revocations/prove-token.ts";
import { ALGS } from "../../../../shared/algorithms.ts";
import type { JsonObject } from "../../../../shared/json.ts";
import { importVerificationKey } from "../../../../shared/jws.ts";
import { parseAudience } from "../../../../shared/identifiers.ts";
import type { TokenRejection } from "../../../../shared/rejection.ts";
import { err, ok } from "../../../../shared/result.ts";
import { DEFAULT_MAX_TOKEN_BYTES, verifyToken } from "../../../../shared/verify-token.ts";
import { makeKey, seconds, signCompactJws, TEST_ISSUER } from "../../../support/key-sets.ts";
import type { TestKey } from "../../../support/key-sets.ts";
import { given } from "../../../support/values.ts";

const NOW = seconds(1_800_000_000);
const K = 60;

let key: TestKey;
let other: TestKey;
let verifier: TokenVerifier<TokenRejection>;
beforeAll(async () => {
  [key, other] = await Promise.all([makeKey("ES256"), makeKey("ES256")]);
  const known = given(await importVerificationKey(key.jwk, key.kid));
  const rules = {
    issuer: TEST_ISSUER,
    audiences: [given(parseAudience("https://api.example.com"))],
    algs: new Set(ALGS),
    typs: new Set([undefined, "jwt" as const]),
    clockSkewSeconds: K,
    maxTokenTtlSeconds: 3600,
    maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
  };
  const keys = { find: (kid: string) => (kid === key.kid ? known : undefined) };
  verifier = { verify: (token) => verifyToken(token, rules, keys, NOW) };
});

const CLAIMS = {
  iss: TEST_ISSUER,
  aud: "https://api.example.com",
  iat: NOW - 100,
  exp: NOW + 500,
  jti: "one",
} satisfies JsonObject;

/** @param signer forges when it is not the key that the header names */
function token(changes: JsonObject = {}, signer: TestKey = key): Promise<string> {
  return signCompactJws({ alg: "ES256", kid: key.kid, typ: "JWT" }, { ...CLAIMS, ...changes }, signer);
}

const BEFORE_ITS_TIME: readonly (readonly [string, JsonObject])[] = [
  ["of another audience", { aud: "https://other.example.com" }],
  ["that becomes valid tomorrow", { nbf: NOW + 86_400, exp: NOW + 90_000, iat: NOW }],
  ["of a clock that is ahead", { iat: NOW + 200 }],
];

describe("a genuine token", () => {
  test("is named by its jti, until its exp", async () => {
    expect(await proveToken(verifier, await token(), K, NOW)).toEqual(ok({ jti: "one", expiresAt: NOW + 500 }));
  });

  test.each(BEFORE_ITS_TIME)("%s is as dangerous when it is stolen", async (_, changes) => {
    const proven = await proveToken(verifier, await token(changes), K, NOW);
    expect(proven).toMatchObject({ ok: true, value: { jti: "one" } });
  });

  test("that one table has is taken back in the others, too", async () => {
    const listed = { verify: async () => err({ code: "token_revoked", by: "jti" } as const) };
    expect(await proveToken(listed, await token(), K, NOW)).toMatchObject({ ok: true, value: { jti: "one" } });
  });

  // The verifier has not come to its exp.
  test.each([
    [NOW - 2 * K, "token_expired"],
    [NOW - 2 * K + 1, undefined],
    ["never", "claim_invalid"],
  ])("of another audience with exp %s is %s", async (exp, code) => {
    const proven = await proveToken(verifier, await token({ aud: "https://other.example.com", exp }), K, NOW);
    expect(proven.ok ? undefined : proven.error.code).toBe(code);
  });

  // The verifier has found it expired by its own K; an edge whose clock is behind takes it.
  test.each([
    [NOW - 2 * K, "token_expired"],
    [NOW - 2 * K + 1, undefined],
  ])("of the verifier's audience with exp %s is %s", async (exp, code) => {
    const proven = await proveToken(verifier, await token({ exp }), K, NOW);
    expect(proven.ok ? undefined : proven.error.code).toBe(code);
  });

  test.each([null, ""])("with the jti %j cannot be taken back by itself", async (jti) => {
    const { jti: _, ...claims } = CLAIMS;
    const header = { alg: "ES256", kid: key.kid, typ: "JWT" };
    const nameless = await signCompactJws(header, jti === null ? claims : { ...claims, jti }, key);
    await expect(proveToken(verifier, nameless, K, NOW)).rejects.toMatchObject({ code: "input_invalid" });
  });
});

describe("nothing is taken back for", () => {
  test.each([["a token that would be valid", {}], ...BEFORE_ITS_TIME] as const)(
    "a forgery: %s",
    async (_, changes: JsonObject) => {
      const proven = await proveToken(verifier, await token(changes, other), K, NOW);
      expect(proven).toEqual(err({ code: "signature_invalid" }));
    },
  );

  test("a token that has expired, one of another issuer, and text that is none", async () => {
    const codes: string[] = [];
    for (const shown of [
      await token({ exp: NOW - 2 * K, iat: NOW - 200 }),
      await token({ iss: "https://elsewhere.example.com" }),
      "not a token",
    ]) {
      const proven = await proveToken(verifier, shown, K, NOW);
      if (!proven.ok) codes.push(proven.error.code);
    }
    expect(codes).toEqual(["token_expired", "issuer_mismatch", "token_malformed"]);
  });
});

test.each([
  ["keys_unavailable", "the key set cannot be used (key_set_missing)"],
  ["revocations_unavailable", "the revocation list cannot be used (key_set_missing)"],
])("%s is a fault, and says nothing of the token", async (code, message) => {
  const unable = { verify: async () => err({ code, problem: "key_set_missing" }) };
  await expect(proveToken(unable, await token(), K, NOW)).rejects.toMatchObject({
    code: "revocation_unverified",
    retryable: true,
    message: expect.stringContaining(message) as string,
  });
});
