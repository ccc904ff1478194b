/**
 * The feature `assertion`: signs the assertion by which the origin can tell that a request came through this gateway
 * (shared/assertion.ts has the format). The key is the Worker secret `ASSERTION_KEY`, imported once per isolate; without it
 * the feature is off. `ASSERTION_CLAIMS` names the claims that an assertion carries as they are, besides the identity headers.
 */
import { ASSERTION_HEADER, ASSERTION_LIFETIME_SECONDS, ASSERTION_TYP, hashTarget } from "../../shared/assertion.ts";
import type { AssertionClaims } from "../../shared/assertion.ts";
import { decodeBase64url, encodeBase64url } from "../../shared/base64url.ts";
import { calculateThumbprint } from "../../shared/jwk.ts";
import type { VerifiedClaims } from "../../shared/claims.ts";
import { isExactNumber, isJsonObject, parseJsonObjectText } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { readJson, readList } from "../config/values.ts";
import type { IdentityProblem } from "../http/identity.ts";
import type { Feature } from "../request/hooks.ts";

export const assertion: Feature = {
  name: "assertion",
  async read({ env, report, clock }) {
    const { ASSERTION_KEY: secret, ASSERTION_CLAIMS: claims } = env;
    const names = claims === undefined ? undefined : readNames(claims);
    if (claims !== undefined && names === undefined) {
      report("ASSERTION_CLAIMS", `must be a list of 1 to ${MAX_CLAIMS} names of claims, or a JSON array of them`);
    }
    if (secret === undefined) {
      if (claims !== undefined) report("ASSERTION_CLAIMS", "has no effect without ASSERTION_KEY");
      return {};
    }
    const signer = await createAssertionSigner(secret, clock);
    if (!signer.ok) {
      report("ASSERTION_KEY", signer.error);
      return {};
    }
    return {
      async beforeForward(outgoing, audience, admission) {
        const { identity, token } = admission ?? {};
        // The claims of another issuer's token would be taken for the own issuer's: its headers say who calls.
        const isOwn = identity !== undefined && identity.isForeign !== true;
        const carried = carriedClaims(names, isOwn ? token?.claims : undefined);
        if (carried !== undefined && "code" in carried) return carried;
        await signer.value.attach(outgoing, audience, identity?.headers ?? [], carried?.claims);
        return undefined;
      },
    };
  },
};

const MAX_CLAIMS = 16;

/** As JSON: what is left of the 8 kB that servers take for a header, once encoded. */
const MAX_CLAIMS_LENGTH = 4096;

function readNames(value: unknown): readonly string[] | undefined {
  const text = typeof value === "string" && value.startsWith("[") ? readJson(value) : value;
  const names = readList(text);
  return names !== undefined && names.length > 0 && names.length <= MAX_CLAIMS ? names : undefined;
}

/** The claims that an assertion carries; the token's own values, or a refusal where they cannot be carried exactly and whole. */
function carriedClaims(
  names: readonly string[] | undefined,
  claims: VerifiedClaims | undefined,
): IdentityProblem | { readonly claims: JsonObject } | undefined {
  if (names === undefined || claims === undefined) return undefined;
  const carried = Object.fromEntries(Object.entries(claims).filter(([name]) => names.includes(name)));
  const text = JSON.stringify(carried);
  const read = parseJsonObjectText(text);
  const inexact = Object.keys(carried).find((name) => !isExact(carried[name]));
  if (inexact !== undefined) return { code: "identity_ambiguous", claim: inexact };
  if (text.length > MAX_CLAIMS_LENGTH || !read.ok) return { code: "identity_too_long", claim: names.join(",") };
  return { claims: read.value };
}

function isExact(value: unknown): boolean {
  if (typeof value === "number") return isExactNumber(value);
  return typeof value !== "object" || value === null || Object.values(value).every(isExact);
}

export interface AssertionSigner {
  /**
   * Sets the assertion on a request that is ready to be sent.
   * @param audience the origin, as `aud`
   * @param identity the headers that speak for the caller
   * @param carried claims of the token; undefined without `ASSERTION_CLAIMS`, and for callers without a token
   */
  attach(
    outgoing: Request,
    audience: string,
    identity: readonly (readonly [name: string, value: string])[],
    carried?: JsonObject,
  ): Promise<void>;
}

const ENCODER = new TextEncoder();

/**
 * @param secret the text of a private Ed25519 JWK (RFC 8037)
 * @param clock epoch milliseconds
 * @returns the signer, or the rule that the secret breaks; the secret is not repeated
 */
export async function createAssertionSigner(
  secret: unknown,
  clock: () => number,
): Promise<Result<AssertionSigner, string>> {
  const key = await importSigningKey(secret);
  if (key === undefined) return err("must be a private Ed25519 key as a JWK with kty, crv, x and d");
  const { kid, privateKey } = key;
  const encodedHeader = encodeText(JSON.stringify({ alg: "EdDSA", kid, typ: ASSERTION_TYP }));
  return ok({
    async attach(outgoing, audience, identity, carried) {
      const iat = Math.floor(clock() / 1000);
      const claims: AssertionClaims = {
        aud: audience,
        iat,
        exp: iat + ASSERTION_LIFETIME_SECONDS,
        jti: encodeBase64url(crypto.getRandomValues(new Uint8Array(16))),
        htm: outgoing.method,
        target_sha256: await hashTarget(targetOf(outgoing.url)),
        headers: Object.fromEntries(identity),
        ...(carried === undefined ? undefined : { claims: carried }),
      };
      const signingInput = `${encodedHeader}.${encodeText(JSON.stringify(claims))}`;
      const signature = await crypto.subtle.sign("Ed25519", privateKey, ENCODER.encode(signingInput));
      outgoing.headers.set(ASSERTION_HEADER, `${signingInput}.${encodeBase64url(new Uint8Array(signature))}`);
    },
  });
}

/** Path and query, as they go into the request line. */
function targetOf(url: string): string {
  return url.slice(url.indexOf("/", url.indexOf("://") + 3));
}

function encodeText(text: string): string {
  return encodeBase64url(ENCODER.encode(text));
}

interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
}

async function importSigningKey(secret: unknown): Promise<SigningKey | undefined> {
  const jwk = parsePrivateJwk(secret);
  if (jwk === undefined) return undefined;
  const { kty, crv, x } = jwk;
  try {
    const privateKey = await crypto.subtle.importKey("jwk", jwk, "Ed25519", false, ["sign"]);
    const publicKey = await crypto.subtle.importKey("jwk", { kty, crv, x }, "Ed25519", false, ["verify"]);
    // Halves that do not belong together would sign what no origin accepts; platforms import them all the same.
    const probe = new Uint8Array(1);
    const signature = await crypto.subtle.sign("Ed25519", privateKey, probe);
    if (!(await crypto.subtle.verify("Ed25519", publicKey, signature, probe))) return undefined;
    return { kid: await calculateThumbprint({ kty, crv, x, alg: "EdDSA" }), privateKey };
  } catch {
    return undefined;
  }
}

interface PrivateJwk {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly d: string;
}

function parsePrivateJwk(secret: unknown): PrivateJwk | undefined {
  const value = typeof secret === "string" ? readJson(secret) : undefined;
  if (!isJsonObject(value)) return undefined;
  const { kty, crv, x, d } = value;
  if (kty !== "OKP" || crv !== "Ed25519" || typeof x !== "string" || typeof d !== "string") return undefined;
  const isComplete = decodeBase64url(x)?.length === 32 && decodeBase64url(d)?.length === 32;
  return isComplete ? { kty, crv, x, d } : undefined;
}
