/** The packed package beside the versions of hono, jose and the AWS SDK that it allows, and without them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonObject } from "../support/values.ts";
import { AUDIENCE, ISSUER, peersOf, ROOT, startSigningProject } from "./package-project.ts";
import type { PackageProject, SigningProject } from "./package-project.ts";

let signing: SigningProject;
let project: PackageProject;
let env: SigningProject["env"];

beforeAll(async () => {
  signing = await startSigningProject();
  ({ project, env } = signing);
});
afterAll(() => signing.close());

const runModule = (source: string): Promise<unknown> => signing.runModule(source);

/** The lowest versions that the manifest allows, under the names that they have in the repository. */
const LOWEST = { hono: "hono-lowest", "@aws-sdk/client-kms": "client-kms-lowest", jose: "jose-lowest" } as const;

describe("its peer dependencies", () => {
  test("are tried at the lowest version that the manifest allows", async () => {
    const ranges = jsonObject(JSON.stringify(project.manifest["peerDependencies"]));
    for (const [name, source] of Object.entries(LOWEST)) {
      const installed = jsonObject(await readFile(join(ROOT, "node_modules", source, "package.json"), "utf8"));
      expect(installed["version"]).toBe(JSON.stringify(ranges[name]).slice('"^'.length, -1));
    }
  });

  test("the lowest hono: the gateway and the middleware answer, and the app's onError sees an HTTPException", async () => {
    const newest = await runModule(PEER_HONO);
    await project.usePeer("hono", LOWEST.hono);
    const answers = await runModule(PEER_HONO);
    await project.usePeer("hono", "hono");
    expect(answers).toEqual(newest);
    expect(answers).toEqual([500, "config_invalid", 401, "token_missing"]);
  });

  test("the lowest SDK: a token is signed", async () => {
    await project.usePeer("@aws-sdk/client-kms", LOWEST["@aws-sdk/client-kms"]);
    const signed = await runModule(PEER_SDK);
    await project.usePeer("@aws-sdk/client-kms", "@aws-sdk/client-kms");
    expect(signed).toEqual(["ES256", 3]);
  });

  test("the lowest jose: a token is verified, and one of no key is refused with jose's own error", async () => {
    const newest = await runModule(PEER_JOSE);
    await project.usePeer("jose", LOWEST.jose);
    const verified = await runModule(PEER_JOSE);
    await project.usePeer("jose", "jose");
    expect(verified).toEqual(newest);
    expect(verified).toEqual(["user-1", true, "kid_unknown"]);
  });

  test("are not needed where they are not used: a Worker has no AWS SDK, the program has neither", async () => {
    await project.usePeer("@aws-sdk/client-kms", undefined);
    expect(await runModule(PEER_HONO)).toEqual([500, "config_invalid", 401, "token_missing"]);
    await project.usePeer("hono", undefined);
    const signed = await project.run("sealgate", ["token", "sign", "--audience", AUDIENCE], env);
    expect(signed.out.split(".")).toHaveLength(3);
    for (const name of ["sign", "reconcile", "revoke"]) {
      expect(
        await runModule(`console.log(JSON.stringify(Object.keys(await import("sealgate/lambda/${name}"))))`),
      ).toEqual(["handler"]);
    }
    for (const name of peersOf(project.manifest)) await project.usePeer(name, name);
  });
});

const PEER_HONO = `
  import { Hono } from "hono";
  import { HTTPException } from "hono/http-exception";
  import { createGateway, defineRoutes, sealgate } from "sealgate/edge-verifier";
  console.error = () => {};
  const gateway = createGateway(defineRoutes([{ path: "/api/*", require: {} }]), { onEvent: () => {} });
  const waits = { waitUntil() {}, passThroughOnException() {} };
  const refused = await gateway.fetch(new Request("https://api.example.com/api/x"), {}, waits);
  const app = new Hono();
  app.use("*", sealgate({
    issuer: "${ISSUER}", audience: "${AUDIENCE}", kv: { get: async () => null },
    trustAnchors: [{ kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", alg: "EdDSA" }],
  }));
  app.onError((error, c) => error instanceof HTTPException ? error.getResponse() : c.text("not ours", 599));
  const missing = await app.request("/");
  console.log(JSON.stringify([refused.status, (await refused.json()).code, missing.status, (await missing.json()).code]));
`;

const PEER_SDK = `
  import { createIssuer, createKmsSigner } from "sealgate/issuer";
  const signer = await createKmsSigner({ keyId: process.env.SEALGATE_KEY_ID, alg: process.env.SEALGATE_ALG });
  const issuer = createIssuer({ issuer: process.env.SEALGATE_ISSUER, signer, maxTokenTtlSeconds: 3600 });
  const { token } = await issuer.sign({ sub: "user-1" }, { audience: "${AUDIENCE}" });
  console.log(JSON.stringify([signer.alg, token.split(".").length]));
`;

/** A root key and a token key of its own, and the document that a rotator would publish. */
const PEER_JOSE = `
  import { calculateJwkThumbprint, CompactSign, errors, exportJWK, generateKeyPair, jwtVerify, SignJWT } from "jose";
  import { createRingJWKSet, fromDocument } from "sealgate/jose";
  const now = Math.floor(Date.now() / 1000);
  const make = async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), alg: "ES256", use: "sig" };
    return { privateKey, jwk: { ...jwk, kid: await calculateJwkThumbprint(jwk) } };
  };
  const [root, key, other] = [await make(), await make(), await make()];
  const payload = {
    iss: "${ISSUER}", ring: "main", iat: now, exp: now + 600, rev: now,
    keys: [{ ...key.jwk, state: "active", published_at: now }], revoked: [],
    timing: { kv_cache_ttl: 60, memory_ttl: 30, clock_skew: 60, max_token_ttl: 3600 },
  };
  const document = await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: "ES256", kid: root.jwk.kid, typ: "jwk-set+jwt" }).sign(root.privateKey);
  const token = ({ privateKey, jwk }) => new SignJWT({ iss: "${ISSUER}", aud: "${AUDIENCE}", sub: "user-1" })
    .setProtectedHeader({ alg: "ES256", kid: jwk.kid }).setExpirationTime(now + 60).sign(privateKey);
  const keys = createRingJWKSet({ issuer: "${ISSUER}", anchors: [root.jwk], keySets: fromDocument(document) });
  const options = { issuer: "${ISSUER}", audience: "${AUDIENCE}", requiredClaims: ["exp"] };
  const { payload: claims } = await jwtVerify(await token(key), keys, options);
  const refused = await jwtVerify(await token(other), keys, options).catch((error) => error);
  console.log(JSON.stringify([claims.sub, refused instanceof errors.JWKSNoMatchingKey, refused.cause.code]));
`;
