/**
 * Consumers that know the issuer only: openid-client and oauth4webapi discover it at a gateway on the issuer's own host, over HTTP,
 * and jose follows the JWK Set that they find.
 */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeDocument, makeKey, makeRoot, seconds, signKeySet, signToken, issuerUrl } from "../support/key-sets.ts";
import type { TestKey } from "../support/key-sets.ts";
import { given } from "../support/values.ts";

const AUDIENCE = "https://api.example.com";

let gateway: Miniflare;
let issuer: string;
let key: TestKey;
beforeAll(async () => {
  const entryPoints = [fileURLToPath(new URL("../support/complete-worker.ts", import.meta.url))];
  const alias = { "sealgate/edge-verifier": fileURLToPath(new URL("../../edge-verifier/index.ts", import.meta.url)) };
  const [bundle, port, root, tokenKey] = await Promise.all([
    build({ entryPoints, alias, bundle: true, write: false, format: "esm", target: "es2024" }),
    freePort(),
    makeRoot(),
    makeKey("ES256"),
  ]);
  key = tokenKey;
  issuer = `http://127.0.0.1:${port}`;
  const bindings = {
    ISSUER: issuer,
    AUDIENCE,
    TRUST_ANCHORS: JSON.stringify([root.jwk]),
    ORIGIN_URL: "http://127.0.0.1:9",
  };
  const script = given(bundle.outputFiles[0]).text;
  const kvNamespaces = ["KEY_SETS"];
  const options = {
    modules: true,
    script,
    port,
    bindings,
    kvNamespaces,
    compatibilityDate: "2026-11-01",
    cf: false,
  } as const;
  gateway = new Miniflare(convertV4MiniflareOptions(options));
  await gateway.ready;
  const document = makeDocument([key], seconds(Math.floor(Date.now() / 1000)), { issuer: issuerUrl(issuer) });
  await (await gateway.getKVNamespace("KEY_SETS")).put("key-set:main", await signKeySet(document, root));
});
afterAll(() => gateway.dispose());

/** The issuer's name has to be known before its host is started. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, "127.0.0.1", resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}

/** An access token of RFC 9068. */
function accessToken(signer: TestKey = key): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, aud: AUDIENCE, sub: "user-1", client_id: "web", jti: "t-1", iat, exp: iat + 600 };
  return signToken(claims, signer, { typ: "at+jwt" });
}

test("openid-client discovers the issuer, and jose verifies by the JWK Set that it has found", async () => {
  const config = await openid.discovery(new URL(issuer), "web", undefined, undefined, {
    execute: [openid.allowInsecureRequests],
  });
  const { jwks_uri: jwksUri, ...metadata } = config.serverMetadata();
  expect(metadata.issuer).toBe(issuer);
  const keys = createRemoteJWKSet(new URL(given(jwksUri)));
  const options = { issuer, audience: AUDIENCE, typ: "at+jwt" };
  expect((await jwtVerify(await accessToken(), keys, options)).payload.sub).toBe("user-1");
  const stranger = await makeKey("ES256");
  await expect(jwtVerify(await accessToken(stranger), keys, options)).rejects.toThrow(errors.JWKSNoMatchingKey);
});

test.each(["oidc", "oauth2"] as const)(
  "oauth4webapi discovers it by %s, and takes its access tokens",
  async (algorithm) => {
    const insecure = { [oauth.allowInsecureRequests]: true };
    const response = await oauth.discoveryRequest(new URL(issuer), { algorithm, ...insecure });
    const server = await oauth.processDiscoveryResponse(new URL(issuer), response);
    const request = new Request(`${issuer}/api/orders`, {
      headers: { authorization: `Bearer ${await accessToken()}` },
    });
    const claims = await oauth.validateJwtAccessToken(server, request, AUDIENCE, {
      signingAlgorithms: ["ES256"],
      ...insecure,
    });
    expect(claims.sub).toBe("user-1");
  },
);
