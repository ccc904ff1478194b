/**
 * The other direction: tokens made by jose, with keys made by jose, are accepted by the verification core and by the
 * gateway, for every algorithm and for RFC 9864's name of Ed25519. Nothing in sealgate is tied to its own issuer.
 */
import { SignJWT, calculateJwkThumbprint, exportJWK, generateKeyPair } from "jose";
import type { CryptoKey, JWTPayload } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ALGS, findAlgorithm } from "../../../shared/algorithms.ts";
import type { HeaderAlg } from "../../../shared/algorithms.ts";
import { epochSecondsFromMs } from "../../../shared/identifiers.ts";
import type { EpochSeconds, Kid } from "../../../shared/identifiers.ts";
import { calculateThumbprint, parsePublicJwk } from "../../../shared/jwk.ts";
import type { PublicJwk } from "../../../shared/jwk.ts";
import { openKeySet, importTrustAnchors } from "../../../shared/signed-key-set.ts";
import { DEFAULT_TIMING } from "../../../shared/timing.ts";
import { importKeySet } from "../../../shared/verification-keys.ts";
import type { ImportedKeySet } from "../../../shared/verification-keys.ts";
import { DEFAULT_MAX_TOKEN_BYTES, verifyToken } from "../../../shared/verify-token.ts";
import type { TokenRules } from "../../../shared/verify-token.ts";
import { composeKeySet } from "../../../issuer/publish/compose.ts";
import { signKeySet } from "../../../issuer/publish/sign-key-set.ts";
import { LOCAL_AUDIENCE, startStack } from "../../local-stack/stack.ts";
import type { Stack } from "../../local-stack/stack.ts";
import { audienceOf, given, valueOf } from "../../support/values.ts";

const HEADER_ALGS: readonly HeaderAlg[] = [...ALGS, "Ed25519"];

interface JoseKey {
  readonly alg: HeaderAlg;
  readonly kid: Kid;
  readonly jwk: PublicJwk;
  readonly privateKey: CryptoKey;
}

let stack: Stack;
let joseKeys: readonly JoseKey[];
let imported: ImportedKeySet;
let rules: TokenRules;

beforeAll(async () => {
  stack = await startStack({ algs: ["ES256"] });
  joseKeys = await Promise.all(HEADER_ALGS.map(makeJoseKey));
  const text = await publish(joseKeys);
  const anchors = valueOf(await importTrustAnchors([stack.ring.root.jwk]));
  const keySetRules = { anchors, issuer: stack.issuer, ring: stack.ringName, leastRev: 1 };
  imported = await importKeySet(valueOf(await openKeySet(text, keySetRules, now())));
  rules = {
    issuer: stack.issuer,
    audiences: [audienceOf(LOCAL_AUDIENCE)],
    algs: new Set(ALGS),
    typs: new Set([undefined, "jwt", "at+jwt"]),
    clockSkewSeconds: 60,
    maxTokenTtlSeconds: 3600,
    maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
  };
});
afterAll(() => stack.close());

async function makeJoseKey(alg: HeaderAlg): Promise<JoseKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  const exported = await exportJWK(publicKey);
  const jwk = valueOf(parsePublicJwk({ ...exported, alg: given(findAlgorithm(alg)).alg }));
  const kid = await calculateThumbprint(jwk);
  // Both libraries must come to one name for a key.
  expect(kid).toBe(await calculateJwkThumbprint(exported));
  return { alg, kid, jwk, privateKey };
}

/** Publishes a key set of these keys, signed by the ring's root in KMS. */
async function publish(keys: readonly JoseKey[]): Promise<string> {
  const document = composeKeySet({
    issuer: stack.issuer,
    ring: stack.ringName,
    keys: keys.map(({ kid, jwk }) => ({ kid, jwk, state: "retiring", publishedAt: undefined })),
    revoked: [],
    timing: DEFAULT_TIMING,
    roots: [stack.ring.root.kid],
    rev: now(),
    documentLifetimeSeconds: 3600,
    now: now(),
  });
  const text = await signKeySet(document, stack.ring.root, now());
  await stack.publisher.publish(stack.ringName, text, document.rev);
  return text;
}

function now(): EpochSeconds {
  return epochSecondsFromMs(Date.now());
}

function keyFor(alg: HeaderAlg): JoseKey {
  return given(joseKeys.find((key) => key.alg === alg));
}

function sign({ alg, kid, privateKey }: JoseKey, claims: JWTPayload = {}): Promise<string> {
  return new SignJWT({ sub: "user-1", ...claims })
    .setProtectedHeader({ alg, kid, typ: "JWT" })
    .setIssuer(stack.issuer)
    .setAudience(LOCAL_AUDIENCE)
    .setIssuedAt()
    .setExpirationTime("5 minutes")
    .sign(privateKey);
}

function callGateway(token: string): Promise<Response> {
  return fetch(`${stack.gateway.url}/api/orders`, { headers: { authorization: `Bearer ${token}` } });
}

describe.for(HEADER_ALGS.map((alg) => ({ alg })))("a token of jose with alg $alg", ({ alg }) => {
  test("is accepted by the verification core", async () => {
    const verified = valueOf(await verifyToken(await sign(keyFor(alg)), rules, imported, now()));
    expect(verified.claims["sub"]).toBe("user-1");
    expect(verified.header).toMatchObject({ alg: given(findAlgorithm(alg)).alg, kid: keyFor(alg).kid });
  });

  test("is accepted by the gateway, and its subject reaches the origin", async () => {
    const response = await callGateway(await sign(keyFor(alg)));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ identity: { "x-sealgate-subject": "user-1" } });
  });

  test("is refused by both when another key of the same kind made it", async () => {
    const { privateKey } = await makeJoseKey(alg);
    const forged = await sign({ ...keyFor(alg), privateKey });
    expect(await verifyToken(forged, rules, imported, now())).toEqual({
      ok: false,
      error: { code: "signature_invalid" },
    });
    expect((await callGateway(forged)).status).toBe(401);
  });
});
