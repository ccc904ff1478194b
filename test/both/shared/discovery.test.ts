/** The discovery file: its members, and where each of the two specifications looks for it. */
import { expect, test } from "vitest";
import { discoveryOf, discoveryPaths } from "../../../shared/discovery.ts";
import { issuerUrl } from "../../support/key-sets.ts";

test.each([
  ["https://auth.example.com", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"],
  ["https://auth.example.com/", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"],
  ["https://example.com/a/b", "/a/b/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/a/b"],
  ["https://example.com/a/", "/a/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/a"],
])("%s has it at %s and %s", (issuer, openid, oauth) => {
  expect(discoveryPaths(issuerUrl(issuer))).toEqual([openid, oauth]);
});

test("it repeats the issuer to the byte, and each algorithm once", () => {
  expect(
    discoveryOf(issuerUrl("https://auth.example.com/"), "https://a.example/jwks", ["ES256", "RS256", "ES256"]),
  ).toEqual({
    issuer: "https://auth.example.com/",
    jwks_uri: "https://a.example/jwks",
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: ["ES256", "RS256"],
  });
});
