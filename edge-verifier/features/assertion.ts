/**
 * The feature `assertion`: signs the assertion by which the origin can tell that a request came through this gateway
 * (shared/assertion.ts has the format). The key is the Worker secret `ASSERTION_KEY`, imported once per isolate; without it
 * the feature is off.
 */
import { ASSERTION_HEADER, ASSERTION_LIFETIME_SECONDS, ASSERTION_TYP, hashTarget } from "../../shared/assertion.ts";
import type { AssertionClaims } from "../../shared/assertion.ts";
import { decodeBase64url, encodeBase64url } from "../../shared/base64url.ts";
import { calculateThumbprint } from "../../shared/jwk.ts";
import { isJsonObject } from "../../shared/json.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import { readJson } from "../config/values.ts";
import type { Feature } from "../request/hooks.ts";

export const assertion: Feature = {
  name: "assertion",
  async read({ env, report, base, clock }) {
    const secret = env["ASSERTION_KEY"];
    if (secret === undefined) return {};
    const signer = await createAssertionSigner(secret, base, clock);
    if (signer.ok) return { beforeForward: (outgoing, identity) => signer.value.attach(outgoing, identity) };
    report("ASSERTION_KEY", signer.error);
    return {};
  },
};

export interface AssertionSigner {
  /** Sets the assertion on a request that is ready to be sent; `identity` holds the headers that speak for the caller. */
  attach(outgoing: Request, identity: readonly (readonly [name: string, value: string])[]): Promise<void>;
}

const ENCODER = new TextEncoder();

/**
 * @param secret the text of a private Ed25519 JWK (RFC 8037)
 * @param audience the origin, as `aud`
 * @param clock epoch milliseconds
 * @returns the signer, or the rule that the secret breaks; the secret is not repeated
 */
export async function createAssertionSigner(
  secret: unknown,
  audience: string,
  clock: () => number,
): Promise<Result<AssertionSigner, string>> {
  const key = await importSigningKey(secret);
  if (key === undefined) return err("must be a private Ed25519 key as a JWK with kty, crv, x and d");
  const { kid, privateKey } = key;
  const encodedHeader = encodeText(JSON.stringify({ alg: "EdDSA", kid, typ: ASSERTION_TYP }));
  return ok({
    async attach(outgoing, identity) {
      const iat = Math.floor(clock() / 1000);
      const claims: AssertionClaims = {
        aud: audience,
        iat,
        exp: iat + ASSERTION_LIFETIME_SECONDS,
        jti: encodeBase64url(crypto.getRandomValues(new Uint8Array(16))),
        htm: outgoing.method,
        target_sha256: await hashTarget(targetOf(outgoing.url)),
        headers: Object.fromEntries(identity),
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
