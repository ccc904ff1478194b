/** Tokens made by hand, for the tests that attack: any header, any payload, any signature. Web globals only. */
import { algorithmOf } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { encodeBase64url } from "../../shared/base64url.ts";
import type { JsonObject } from "../../shared/json.ts";
import type { TestKey } from "./key-sets.ts";
import { utf8 } from "./values.ts";
import { GOOD_CLAIMS } from "./claims-samples.ts";

/** Makes a signature for a signing input. */
export type SignatureOf = (signingInput: Uint8Array<ArrayBuffer>) => Promise<Uint8Array> | Uint8Array;

/** One segment of a token: JSON of an object, UTF-8 of a text, octets as they are. */
export function segment(content: JsonObject | string | Uint8Array): string {
  if (content instanceof Uint8Array) return encodeBase64url(content);
  return encodeBase64url(utf8(typeof content === "string" ? content : JSON.stringify(content)));
}

/** A token of any header and payload, with whatever signature `sign` makes of them. */
export async function forge(
  header: JsonObject | string,
  payload: JsonObject | string | Uint8Array,
  sign: SignatureOf,
): Promise<string> {
  const signingInput = `${segment(header)}.${segment(payload)}`;
  return `${signingInput}.${encodeBase64url(await sign(utf8(signingInput)))}`;
}

/** The header that the issuer would write for a key, with changes. */
export function headerFor(key: TestKey, changes: JsonObject = {}): JsonObject {
  return { alg: key.alg, kid: key.kid, typ: "JWT", ...changes };
}

/** A token with good claims and a chosen signature under a good header. */
export async function forgeSignature(key: TestKey, sign: SignatureOf): Promise<string> {
  return forge(headerFor(key), GOOD_CLAIMS, sign);
}

/** A token with good claims and a good signature under a chosen header. */
export async function forgeHeader(key: TestKey, changes: JsonObject): Promise<string> {
  return forge(headerFor(key, changes), GOOD_CLAIMS, signWith(key));
}

/** A token with a good header and a good signature over a chosen payload. */
export async function forgePayload(key: TestKey, payload: JsonObject | string | Uint8Array): Promise<string> {
  return forge(headerFor(key), payload, signWith(key));
}

/** A good token, with changes of its claims. */
export async function goodToken(key: TestKey, changes: JsonObject = {}): Promise<string> {
  return forgePayload(key, { ...GOOD_CLAIMS, ...changes });
}

/** Signs with the key's own algorithm; `params` replaces parameters of `crypto.subtle.sign`. */
export function signWith(key: TestKey, params: { readonly saltLength?: number } = {}): SignatureOf {
  return async (input) => {
    const algorithm = { ...algorithmOf(key.alg).params, ...params };
    return new Uint8Array(await crypto.subtle.sign(algorithm, key.privateKey, input));
  };
}

/** Signs with the same private key under another algorithm of its family (RS256 under PS512, say). */
export function signAs(key: TestKey, alg: Alg): SignatureOf {
  return async (input) => {
    const { params } = algorithmOf(alg);
    const material = await privateMaterial(key);
    const privateKey = await crypto.subtle.importKey("jwk", material, params, false, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign(params, privateKey, input));
  };
}

/** The private JWK without the members that bind it to one algorithm. Its type has another name on each platform. */
export async function privateMaterial(key: TestKey) {
  const exported = await crypto.subtle.exportKey("jwk", key.privateKey);
  const { alg: _alg, key_ops: _keyOps, ext: _ext, ...material } = exported;
  return material;
}

/** SPKI of the public key. */
export async function publicSpki(key: TestKey): Promise<Uint8Array<ArrayBuffer>> {
  const { alg: _alg, kid: _kid, ...material } = key.jwk;
  const { params } = algorithmOf(key.alg);
  const publicKey = await crypto.subtle.importKey("jwk", material, params, true, ["verify"]);
  return new Uint8Array(await crypto.subtle.exportKey("spki", publicKey));
}
