/**
 * Signed documents and tokens for tests, made with real WebCrypto keys. Web globals only: the same helpers run in Node and
 * in workerd. Not part of the product: the issuer signs with KMS, never with a key in memory.
 */
import { algorithmOf } from "../../shared/algorithms.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { encodeBase64url } from "../../shared/base64url.ts";
import { parseEpochSeconds, parseIssuerUrl, parseRingName } from "../../shared/identifiers.ts";
import type { EpochSeconds, IssuerUrl, Kid, RingName } from "../../shared/identifiers.ts";
import { calculateThumbprint, parsePublicJwk } from "../../shared/jwk.ts";
import type { PublicJwk } from "../../shared/jwk.ts";
import type { JsonObject } from "../../shared/json.ts";
import { importVerificationKey } from "../../shared/jws.ts";
import { serialiseKeySet } from "../../shared/key-set.ts";
import type { KeySetDocument, KeySetKey, KeyState } from "../../shared/key-set.ts";
import { KEY_SET_TYP } from "../../shared/signed-key-set.ts";
import type { TrustAnchors } from "../../shared/signed-key-set.ts";
import type { EdgeTiming } from "../../shared/timing.ts";

/** A key pair whose public half is in the form that a key set carries. */
export interface TestKey {
  readonly alg: Alg;
  readonly kid: Kid;
  readonly jwk: PublicJwk;
  readonly privateKey: PrivateKey;
}

/** `CryptoKey`, by a name that the types of Node have as well. */
type PrivateKey = Parameters<typeof crypto.subtle.sign>[1];

/** A root key, with the pinned form that the edge is configured with. */
export interface TestRoot extends TestKey {
  readonly anchors: TrustAnchors;
}

export const TEST_ISSUER: IssuerUrl = issuerUrl("https://auth.example.com");

export const TEST_RING: RingName = ringName("main");

/** The timing of the examples in the documentation. */
export const TEST_TIMING: EdgeTiming = {
  kvCacheTtlSeconds: 60,
  memoryTtlSeconds: 30,
  clockSkewSeconds: 60,
  maxTokenTtlSeconds: 3600,
};

/** A time in seconds, as a brand; a value that is no time throws. */
export function seconds(value: number): EpochSeconds {
  const parsed = parseEpochSeconds(value);
  if (parsed === undefined) throw new TypeError(`not a time: ${value}`);
  return parsed;
}

export function issuerUrl(value: string): IssuerUrl {
  const parsed = parseIssuerUrl(value);
  if (!parsed.ok) throw new TypeError(parsed.error);
  return parsed.value;
}

export function ringName(value: string): RingName {
  const parsed = parseRingName(value);
  if (parsed === undefined) throw new TypeError(`not a ring's name: ${value}`);
  return parsed;
}

/** Generates a key pair for an algorithm (RSA keys have 2048 bits). */
export async function makeKey(alg: Alg): Promise<TestKey> {
  const { params, kty } = algorithmOf(alg);
  const keyParams = kty === "RSA" ? { ...params, ...RSA_PARAMS } : params;
  const pair = await crypto.subtle.generateKey(keyParams, true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new TypeError("expected a key pair");
  // The round trip drops the members that workerd exports as undefined.
  const exported: unknown = JSON.parse(JSON.stringify(await crypto.subtle.exportKey("jwk", pair.publicKey)));
  const { kty: keyType, n, e, crv, x, y } = toMembers(exported);
  const material = JSON.parse(JSON.stringify({ kty: keyType, n, e, crv, x, y, alg })) as unknown;
  const jwk = parsePublicJwk(material);
  if (!jwk.ok) throw new TypeError(`generated an unusable ${alg} key: ${jwk.error}`);
  const kid = await calculateThumbprint(jwk.value);
  return { alg, kid, jwk: { ...jwk.value, kid }, privateKey: pair.privateKey };
}

/** Generates a root key. */
export async function makeRoot(alg: Alg = "ES256"): Promise<TestRoot> {
  const key = await makeKey(alg);
  const anchor = await importVerificationKey(key.jwk, key.kid);
  if (anchor === undefined) throw new TypeError("a generated key is always importable");
  return { ...key, anchors: [anchor] };
}

/** A key as a document lists it. */
export function keySetKey(key: TestKey, state: KeyState, publishedAt: EpochSeconds): KeySetKey {
  return { jwk: key.jwk, kid: key.kid, state, publishedAt };
}

/**
 * A complete document issued at `issuedAt`, valid for a day, with its `rev` equal to `issuedAt`; `changes` replaces
 * members.
 */
export function makeDocument(
  keys: readonly TestKey[],
  issuedAt: EpochSeconds,
  changes: Partial<KeySetDocument> = {},
): KeySetDocument {
  return {
    issuer: TEST_ISSUER,
    ring: TEST_RING,
    issuedAt,
    expiresAt: seconds(issuedAt + 86_400),
    rev: issuedAt,
    keys: keys.map((key) => keySetKey(key, "active", issuedAt)),
    revoked: [],
    timing: TEST_TIMING,
    roots: [],
    revocations: undefined,
    ...changes,
  };
}

/** Signs a document with the root key, as the issuer publishes it. */
export async function signKeySet(document: KeySetDocument, root: TestKey): Promise<string> {
  return signKeySetPayload(serialiseKeySet(document), root);
}

/** The same for a payload that need not be a valid document. */
export async function signKeySetPayload(payload: JsonObject, root: TestKey): Promise<string> {
  return signCompactJws({ alg: root.alg, kid: root.kid, typ: KEY_SET_TYP }, payload, root);
}

/** Signs claims as the issuer would; `header` replaces header members. */
export async function signToken(claims: JsonObject, key: TestKey, header: JsonObject = {}): Promise<string> {
  return signCompactJws({ alg: key.alg, kid: key.kid, typ: "JWT", ...header }, claims, key);
}

/** Compact serialisation (RFC 7515 section 3.1) of any header and payload. */
export async function signCompactJws(header: JsonObject, payload: JsonObject, key: TestKey): Promise<string> {
  const signingInput = `${encodeJson(header)}.${encodeJson(payload)}`;
  const signature = await crypto.subtle.sign(
    algorithmOf(key.alg).params,
    key.privateKey,
    new TextEncoder().encode(signingInput),
  );
  return `${signingInput}.${encodeBase64url(new Uint8Array(signature))}`;
}

const RSA_PARAMS = { modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };

function encodeJson(value: JsonObject): string {
  return encodeBase64url(new TextEncoder().encode(JSON.stringify(value)));
}

function toMembers(value: unknown): { readonly [member: string]: unknown } {
  if (typeof value !== "object" || value === null) throw new TypeError("expected an exported JWK");
  return { ...value };
}
