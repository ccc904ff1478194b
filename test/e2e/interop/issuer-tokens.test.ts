/**
 * The issuer's tokens, signed by KMS, in front of other people's libraries: each accepts them for every algorithm that it
 * knows, from the gateway's JWK Set endpoint or from the exported PEM, and refuses a changed one.
 */
import { createPublicKey, verify as verifySignature } from "node:crypto";
import { allowInsecureRequests, validateJwtAccessToken } from "oauth4webapi";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ALGS } from "../../../shared/algorithms.ts";
import type { Alg } from "../../../shared/algorithms.ts";
import { createIssuer } from "../../../issuer/issuer.ts";
import type { SignOptions } from "../../../issuer/issuer.ts";
import { exportPublicKey } from "../../../issuer/public-key.ts";
import type { Signer } from "../../../issuer/signer.ts";
import { LOCAL_AUDIENCE, startStack } from "../../local-stack/stack.ts";
import type { Stack } from "../../local-stack/stack.ts";
import { given } from "../../support/values.ts";
import { LIBRARIES } from "./libraries.ts";
import type { Keys } from "./libraries.ts";

const OTHER = "https://other.example.com";

let stack: Stack;
let keys: Keys;

beforeAll(async () => {
  stack = await startStack({ algs: ALGS });
  await stack.publish();
  keys = {
    jwksUrl: `${stack.gateway.url}/.well-known/jwks.json`,
    pemOf: (kid) => pemOf(given(stack.ring.generations.find((signer) => signer.kid === kid))),
    issuer: stack.issuer,
    audience: LOCAL_AUDIENCE,
  };
});
afterAll(() => stack.close());

function pemOf({ keyArn }: Signer): Promise<string> {
  return exportPublicKey(keyArn, "pem", { kms: stack.kms.kms });
}

function generation(alg: Alg): Signer {
  return given(stack.ring.generations.find((signer) => signer.alg === alg));
}

async function tokenOf(alg: Alg, claims: object = {}, options: SignOptions = {}): Promise<string> {
  const tokens = createIssuer({ issuer: stack.issuer, signer: generation(alg), maxTokenTtlSeconds: 3600 });
  return (await tokens.sign({ sub: "user-1", ...claims }, { audience: LOCAL_AUDIENCE, ...options })).token;
}

/** The same token for somebody else: header and signature stay, one claim changes. */
function withOtherSubject(token: string): string {
  const [header = "", payload = "", signature = ""] = token.split(".");
  const claims = Buffer.from(payload, "base64url").toString().replace('"user-1"', '"user-2"');
  return [header, Buffer.from(claims).toString("base64url"), signature].join(".");
}

describe.for(LIBRARIES)("$name", ({ algs, refusals, verify }) => {
  const known = ALGS.filter((alg) => algs.has(alg));
  const unknown = ALGS.filter((alg) => !algs.has(alg));

  test.for(known)("accepts %s", async (alg) => {
    expect(await verify(await tokenOf(alg), alg, keys)).toBe("user-1");
  });

  test.for(known)("refuses %s with a changed claim, for another audience, and of another issuer", async (alg) => {
    const token = await tokenOf(alg);
    await expect(verify(withOtherSubject(token), alg, keys)).rejects.toThrow(refusals.signature);
    await expect(verify(token, alg, { ...keys, audience: OTHER })).rejects.toThrow(refusals.audience);
    await expect(verify(token, alg, { ...keys, issuer: OTHER })).rejects.toThrow(refusals.issuer);
  });

  test.for(unknown)("does not know %s", async (alg) => {
    await expect(verify(await tokenOf(alg), alg, keys)).rejects.toThrow(given(refusals.unknownAlg));
  });
});

test.for(ALGS)("oauth4webapi accepts an access token of the RFC 9068 profile, %s", async (alg) => {
  const token = await tokenOf(alg, { client_id: "app" }, { typ: "at+jwt" });
  const request = new Request(`${LOCAL_AUDIENCE}/orders`, { headers: { authorization: `Bearer ${token}` } });
  const server = { issuer: stack.issuer, jwks_uri: keys.jwksUrl };
  const options = { signingAlgorithms: [alg], [allowInsecureRequests]: true };
  expect(await validateJwtAccessToken(server, request, LOCAL_AUDIENCE, options)).toMatchObject({
    sub: "user-1",
    client_id: "app",
  });
  const plain = new Request(request.url, { headers: { authorization: `Bearer ${await tokenOf(alg)}` } });
  await expect(validateJwtAccessToken(server, plain, LOCAL_AUDIENCE, options)).rejects.toThrow(/"typ" header/);
});

test("a token and its PEM are all that a plain RS256 check needs, as on jwt.io or with openssl", async () => {
  const token = await tokenOf("RS256");
  const dot = token.lastIndexOf(".");
  const pem = await pemOf(generation("RS256"));
  expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n([A-Za-z0-9+/=]{1,64}\n)+-----END PUBLIC KEY-----\n$/);
  const signature = Buffer.from(token.slice(dot + 1), "base64url");
  const key = createPublicKey(pem);
  expect(verifySignature("sha256", Buffer.from(token.slice(0, dot)), key, signature)).toBe(true);
  expect(verifySignature("sha256", Buffer.from(withOtherSubject(token).slice(0, dot)), key, signature)).toBe(false);
});
