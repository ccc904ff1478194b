/**
 * Consumers that know the issuer only: openid-client and oauth4webapi discover it at a gateway on the issuer's own host, over HTTP,
 * and jose follows the JWK Set that they find.
 */
import { createRemoteJWKSet, errors, jwtVerify } from "jose";
import * as oauth from "oauth4webapi";
import * as openid from "openid-client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { GATEWAY_AUDIENCE as AUDIENCE, startIssuerGateway } from "../support/issuer-gateway.ts";
import type { IssuerGateway } from "../support/issuer-gateway.ts";
import { makeKey } from "../support/key-sets.ts";
import type { TestKey } from "../support/key-sets.ts";
import { given } from "../support/values.ts";

let gateway: IssuerGateway;
beforeAll(async () => {
  gateway = await startIssuerGateway();
});
afterAll(() => gateway.close());

/** An access token of RFC 9068. */
function accessToken(signer: TestKey = gateway.key): Promise<string> {
  return gateway.token({ client_id: "web", jti: "t-1" }, { typ: "at+jwt" }, signer);
}

test("openid-client discovers the issuer, and jose verifies by the JWK Set that it has found", async () => {
  const { issuer } = gateway;
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
    const issuer = new URL(gateway.issuer);
    const insecure = { [oauth.allowInsecureRequests]: true };
    const response = await oauth.discoveryRequest(issuer, { algorithm, ...insecure });
    const server = await oauth.processDiscoveryResponse(issuer, response);
    const headers = { authorization: `Bearer ${await accessToken()}` };
    const request = new Request(new URL("/api/orders", issuer), { headers });
    const claims = await oauth.validateJwtAccessToken(server, request, AUDIENCE, {
      signingAlgorithms: ["ES256"],
      ...insecure,
    });
    expect(claims.sub).toBe("user-1");
  },
);
