/**
 * The discovery file of the issuer: how a consumer that knows `iss` only finds the plain JWK Set. The members are those that
 * Kubernetes serves for its service accounts, which AWS, Google and the usual libraries accept: there are no endpoints, as
 * nothing is authorised here.
 */
import type { Alg } from "./algorithms.ts";
import type { IssuerUrl } from "./identifiers.ts";
import type { JsonObject } from "./json.ts";

/** The paths of the file on the issuer's host: OpenID Connect Discovery 1.0 section 4 appends, RFC 8414 section 3 inserts. */
export function discoveryPaths(issuer: IssuerUrl): readonly [openid: string, oauth: string] {
  const path = new URL(issuer).pathname.replace(/\/$/, "");
  return [`${path}/.well-known/openid-configuration`, `/.well-known/oauth-authorization-server${path}`];
}

/**
 * The file itself.
 * @param issuer repeated to the byte, as consumers compare it with `iss`
 * @param algs of the keys; repeated ones count once
 */
export function discoveryOf(issuer: IssuerUrl, jwksUri: string, algs: readonly Alg[]): JsonObject {
  return {
    issuer,
    jwks_uri: jwksUri,
    response_types_supported: ["id_token"],
    subject_types_supported: ["public"],
    id_token_signing_alg_values_supported: [...new Set(algs)],
  };
}
