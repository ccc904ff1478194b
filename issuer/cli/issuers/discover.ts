/**
 * What an issuer says of itself: its discovery document (OpenID Connect Discovery 1.0 section 4, RFC 8414 section 3) and its
 * JWK Set. Both are checked: a document that names another issuer, and keys that a gateway could not use, are refused.
 */
import { ALGS, algorithmOf, findAlgorithm } from "../../../shared/algorithms.ts";
import type { Alg } from "../../../shared/algorithms.ts";
import { readJwkSet } from "../../../shared/foreign/fetch-keys.ts";
import type { JwkSetFetch } from "../../../shared/foreign/fetch-keys.ts";
import { parseForeignIssuer, parseJwksUri } from "../../../shared/foreign/issuer.ts";
import { parseJwkSet } from "../../../shared/foreign/jwk-set.ts";
import type { ParsedJwkSet } from "../../../shared/foreign/jwk-set.ts";
import { isJsonObject, parseJsonObject } from "../../../shared/json.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { err, ok } from "../../../shared/result.ts";
import type { Result } from "../../../shared/result.ts";

/** What was found at an issuer. */
export interface FoundIssuer {
  /** As its tokens have it: the slash at the end, or its absence, is the discovery document's. */
  readonly issuer: string;
  readonly jwksUri: string;
  /** Algorithms that its keys and its document agree on. */
  readonly algs: readonly Alg[];
  readonly usableKeys: number;
  readonly skipped: ParsedJwkSet["skipped"];
}

/**
 * @param url of the issuer, with or without the slash at its end
 * @param jwksUri for an issuer without a discovery document; the issuer is `url` as it is then
 * @returns a sentence that says what is wrong and what to do
 */
export async function discoverIssuer(
  url: string,
  jwksUri: string | undefined,
  fetch: JwkSetFetch,
): Promise<Result<FoundIssuer, string>> {
  const document = jwksUri === undefined ? await readDiscovery(url, fetch) : ok({ issuer: url, jwks_uri: jwksUri });
  if (!document.ok) return document;
  const { issuer, jwks_uri: stated } = document.value;
  if (typeof issuer !== "string" || withoutSlash(issuer) !== withoutSlash(url)) return err(otherIssuer(url, issuer));
  const address = parseJwksUri(stated);
  if (!address.ok) return err(`jwks_uri of ${url} ${address.error}`);
  return readKeys(issuer, address.value.href, signingAlgs(document.value), fetch);
}

function withoutSlash(url: string): string {
  return url.endsWith("/") ? url.slice(0, -1) : url;
}

/** Entra's documents for several tenants have a template in place of the tenant. */
function otherIssuer(url: string, issuer: unknown): string {
  if (typeof issuer === "string" && issuer.includes("{tenantid}")) {
    return `${url} serves many tenants: take the issuer of yours, with its tenant ID in place of "common" or "organizations"`;
  }
  return `the discovery document of ${url} names another issuer: use the URL that stands in the tokens as iss`;
}

/** OpenID Connect appends the well-known part to the issuer, RFC 8414 puts it before the path. */
function documentsOf(url: string): readonly string[] {
  const { origin, pathname } = new URL(url);
  const path = withoutSlash(pathname);
  return [
    `${origin}${path}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${path}`,
  ];
}

async function readDiscovery(url: string, fetch: JwkSetFetch): Promise<Result<JsonObject, string>> {
  const parsed = parseJwksUri(url);
  if (!parsed.ok) return err(`the issuer ${parsed.error}`);
  let problem = "";
  for (const address of documentsOf(url)) {
    const octets = await readJwkSet(address, fetch);
    const document = octets.ok ? parseJsonObject(octets.value) : octets;
    if (document.ok) return document;
    problem = document.error;
  }
  return err(`no discovery document was found at ${url} (${problem}): compare the URL, or pass --jwks-uri`);
}

/** What an issuer says that it signs ID tokens with; most sign access tokens with the same. */
function signingAlgs(document: JsonObject): readonly Alg[] {
  const stated = document["id_token_signing_alg_values_supported"];
  return ALGS.filter((alg) => Array.isArray(stated) && stated.some((one: unknown) => isNameOf(one, alg)));
}

async function readKeys(
  issuer: string,
  jwksUri: string,
  stated: readonly Alg[],
  fetch: JwkSetFetch,
): Promise<Result<FoundIssuer, string>> {
  const octets = await readJwkSet(jwksUri, fetch);
  if (!octets.ok) return err(`the keys at ${jwksUri} could not be read (${octets.error})`);
  const anyone = parseForeignIssuer({ issuer, jwks_uri: jwksUri, algs: ALGS, audiences: ["-"], claims: ANY_CLAIMS });
  if (!anyone.ok) return err(anyone.error.join("; "));
  const set = parseJwkSet(octets.value, anyone.value);
  if (!set.ok) return err(`${jwksUri} is no JWK Set that can be used (${set.error})`);
  const { keys, skipped } = set.value;
  const algs = ALGS.filter((alg) => keys.some(({ jwk }) => jwk.alg === alg)).filter((alg) =>
    isMeant(alg, stated, octets.value),
  );
  const usableKeys = new Set(keys.map(({ jwk }) => JSON.stringify({ ...jwk, alg: "" }))).size;
  if (algs.length === 0) return err(`${jwksUri} lists no key that can be used`);
  return ok({ issuer, jwksUri, algs, usableKeys, skipped });
}

/** A claim pins the tenant; only the keys are looked at here. */
const ANY_CLAIMS = Object.fromEntries(
  ["sub", "project_id", "organization_id", "terraform_organization_id", "owner_id", "tid", "token_use"].map((claim) => [
    claim,
    ["-"],
  ]),
);

/** `Ed25519` (RFC 9864) is another name of `EdDSA`. */
function isNameOf(name: unknown, alg: Alg): boolean {
  return findAlgorithm(name)?.alg === alg;
}

/** A key that names no algorithm fits several: those that the issuer states count, and RS256 where it states none. */
function isMeant(alg: Alg, stated: readonly Alg[], octets: Uint8Array): boolean {
  const document = parseJsonObject(octets);
  const keys: unknown = document.ok ? document.value["keys"] : [];
  const isNamed = Array.isArray(keys) && keys.some((key: unknown) => isJsonObject(key) && isNameOf(key["alg"], alg));
  return (
    isNamed || stated.includes(alg) || (stated.length === 0 && (alg === "RS256" || algorithmOf(alg).kty !== "RSA"))
  );
}
