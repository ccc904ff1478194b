/**
 * The gateway's assertion: a compact JWS (RFC 7515) in a request header by which an origin can tell that a request came
 * through the gateway, for this method and this target, within the last seconds, and for whom. This file is the format and
 * the origin's side, verification; the gateway signs. It says nothing about the body, which streams past the gateway.
 */
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { requireNow, requireSeconds } from "./demands.ts";
import type { EpochSeconds, Kid } from "./identifiers.ts";
import { calculateThumbprint, parsePublicJwk } from "./jwk.ts";
import type { OkpPublicJwk } from "./jwk.ts";
import { isJsonObject, parseJsonObject } from "./json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { importVerificationKey, parseCompactJws, parseJwsHeader, verifySignature } from "./jws.ts";
import type { UnverifiedJws, VerificationKey } from "./jws.ts";
import type { ReplayMemory } from "./replay-memory.ts";
import { refuseUnknownOptions } from "./options.ts";
import type { KnownOptions } from "./options.ts";
import { err, ok } from "./result.ts";
import type { Result } from "./result.ts";

export const ASSERTION_HEADER = "x-sealgate-assertion";

/** RFC 8725 section 3.11: a type of its own, so that no token passes for an assertion. */
export const ASSERTION_TYP = "sealgate-assertion+jwt";

/** From `iat` to `exp`. Long enough for a slow connection to the origin, too short to be worth collecting. */
export const ASSERTION_LIFETIME_SECONDS = 30;

/** Two identity headers of the largest size, or one and the most claims that are carried, fit once they are encoded. */
const MAX_ASSERTION_CHARACTERS = 16_384;

const MAX_KEYS = 3;

/** What is signed. */
export interface AssertionClaims {
  /** The origin: the gateway's `ORIGIN_URL` in normal form, or `https://origin.invalid` for a binding without one. */
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  /** Different for each request. */
  readonly jti: string;
  /** The method (the name is that of RFC 9449). */
  readonly htm: string;
  /** {@link hashTarget} of path and query, as the origin receives them in the request line. */
  readonly target_sha256: string;
  /** The identity headers that the gateway has set, by lower-case name: what the caller's token says. */
  readonly headers: Readonly<Record<string, string>>;
  /** Claims of the caller's token as they are, those that `ASSERTION_CLAIMS` names; absent without it, and without a token. */
  readonly claims?: JsonObject;
}

/** Why a request did not come through the gateway, or not now, or not like this. */
export type AssertionRejectionCode =
  | "assertion_missing"
  | "assertion_malformed"
  | "assertion_key_unknown"
  | "assertion_signature_invalid"
  | "assertion_wrong_audience"
  | "assertion_expired"
  | "assertion_not_yet_valid"
  | "assertion_wrong_method"
  | "assertion_wrong_target"
  | "assertion_replayed"
  | "assertion_memory_full";

export interface AssertionRejection {
  readonly code: AssertionRejectionCode;
}

/** Nothing is optional: a check is never switched off by leaving something out. */
export interface AssertionRules {
  /** One to three public Ed25519 JWKs: the gateway's key, and during a change the next one as well. */
  readonly keys: readonly unknown[];
  /** The expected `aud`. */
  readonly audience: string;
  /** How far this host's clock and the edge's may be apart. */
  readonly clockSkewSeconds: number;
  /** A memory that refuses the second use; or the decision to accept the same request again until it expires. */
  readonly replay: ReplayMemory | "accept_until_expiry";
}

/** A request as the origin has received it. */
export interface AssertedRequest {
  readonly method: string | undefined;
  /** The request target of the request line, path and query: `req.url` in Node (Express: `req.originalUrl`). */
  readonly target: string | undefined;
  /** The value of {@link ASSERTION_HEADER}. */
  readonly assertion: string | readonly string[] | null | undefined;
}

export interface AssertionVerifier {
  /**
   * @param now epoch seconds
   * @returns the claims, or the first check that failed
   * @throws {TypeError} without a time: nothing could expire then
   */
  verify(request: AssertedRequest, now: EpochSeconds): Promise<Result<AssertionClaims, AssertionRejection>>;
}

const KNOWN_RULES: KnownOptions<AssertionRules> = { keys: true, audience: true, clockSkewSeconds: true, replay: true };

/** @throws {TypeError} for rules that cannot be used */
export async function createAssertionVerifier(rules: AssertionRules): Promise<AssertionVerifier> {
  const { keys, audience, clockSkewSeconds, replay } = rules;
  refuseUnknownOptions("createAssertionVerifier", rules, KNOWN_RULES, { now: "the second argument of verify" });
  if (!Array.isArray(keys) || keys.length < 1 || keys.length > MAX_KEYS)
    throw new TypeError(`keys must be 1 to ${MAX_KEYS} public JWKs`);
  if (typeof audience !== "string" || audience === "")
    throw new TypeError("audience must be a string, not an empty one");
  requireSeconds("clockSkewSeconds", clockSkewSeconds);
  if (replay !== "accept_until_expiry" && typeof replay?.use !== "function") {
    throw new TypeError('replay must be a memory (createReplayMemory) or "accept_until_expiry"');
  }
  const byKid = new Map<string, VerificationKey>();
  for (const jwk of keys) {
    const key = await importAssertionKey(jwk);
    byKid.set(key.kid, key);
  }
  return {
    async verify(request, now) {
      requireNow(now);
      const claims = await openAssertion(request.assertion, byKid);
      if (!claims.ok) return claims;
      const problem = await checkAssertion(claims.value, request, rules, now);
      return problem === undefined ? claims : err({ code: problem });
    },
  };
}

/** @returns base64url of SHA-256 of the request target: its octets are ASCII on the wire */
export async function hashTarget(target: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(target));
  return encodeBase64url(new Uint8Array(digest));
}

/** A key pair as JWKs: the private half is the Worker's secret `ASSERTION_KEY`, the public half is for the origin. */
export interface AssertionKeyPair {
  readonly privateJwk: { readonly kty: "OKP"; readonly crv: "Ed25519"; readonly x: string; readonly d: string };
  readonly publicJwk: OkpPublicJwk & { readonly kid: Kid };
}

/** Generates a key for `ASSERTION_KEY`. It is made in this process: run it where secrets may be. */
export async function createAssertionKey(): Promise<AssertionKeyPair> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  if (!("privateKey" in pair)) throw new TypeError("Ed25519 keys come in pairs");
  const { x = "", d = "" } = await crypto.subtle.exportKey("jwk", pair.privateKey);
  const publicJwk: OkpPublicJwk = { kty: "OKP", crv: "Ed25519", x, alg: "EdDSA" };
  return {
    privateJwk: { kty: "OKP", crv: "Ed25519", x, d },
    publicJwk: { ...publicJwk, kid: await calculateThumbprint(publicJwk) },
  };
}

async function importAssertionKey(value: unknown): Promise<VerificationKey> {
  const jwk = parsePublicJwk(value);
  if (!jwk.ok) throw new TypeError(`a key of the gateway is not usable: ${jwk.error}`);
  if (jwk.value.kty !== "OKP") throw new TypeError("the gateway's keys are Ed25519 keys");
  const key = await importVerificationKey(jwk.value, await calculateThumbprint(jwk.value));
  if (key === undefined) throw new TypeError("a key of the gateway cannot be imported");
  return key;
}

/** Whether the gateway has signed it, and what it says. */
async function openAssertion(
  value: AssertedRequest["assertion"],
  keys: ReadonlyMap<string, VerificationKey>,
): Promise<Result<AssertionClaims, AssertionRejection>> {
  if (value === undefined || value === null || value === "") return err({ code: "assertion_missing" });
  if (typeof value !== "string" || value.length > MAX_ASSERTION_CHARACTERS) return err({ code: "assertion_malformed" });
  const jws = parseCompactJws(value);
  const kid = jws.ok ? kidOf(jws.value) : undefined;
  if (!jws.ok || kid === undefined) return err({ code: "assertion_malformed" });
  const key = keys.get(kid);
  if (key === undefined) return err({ code: "assertion_key_unknown" });
  if (!(await verifySignature(key, jws.value))) return err({ code: "assertion_signature_invalid" });
  const payload = parseJsonObject(jws.value.payload);
  const claims = payload.ok ? parseClaims(payload.value) : undefined;
  return claims === undefined ? err({ code: "assertion_malformed" }) : ok(claims);
}

function kidOf(jws: UnverifiedJws): Kid | undefined {
  const header = parseJwsHeader(jws.encodedHeader);
  if (!header.ok || header.value.typ !== ASSERTION_TYP || header.value.algorithm.alg !== "EdDSA") return undefined;
  return header.value.kid;
}

function parseClaims(payload: JsonObject): AssertionClaims | undefined {
  const { aud, iat, exp, jti, htm, target_sha256, headers, claims } = payload;
  if (typeof aud !== "string" || typeof iat !== "number" || typeof exp !== "number") return undefined;
  if (typeof jti !== "string" || jti === "" || typeof htm !== "string") return undefined;
  if (typeof target_sha256 !== "string" || decodeBase64url(target_sha256)?.length !== 32) return undefined;
  if (!isTextRecord(headers) || (claims !== undefined && !isJsonObject(claims))) return undefined;
  return { aud, iat, exp, jti, htm, target_sha256, headers, ...(claims === undefined ? undefined : { claims }) };
}

function isTextRecord(value: JsonValue | undefined): value is Readonly<Record<string, string>> {
  return isJsonObject(value) && Object.values(value).every((one) => typeof one === "string");
}

async function checkAssertion(
  claims: AssertionClaims,
  { method, target }: AssertedRequest,
  { audience, clockSkewSeconds, replay }: AssertionRules,
  now: EpochSeconds,
): Promise<AssertionRejectionCode | undefined> {
  if (claims.aud !== audience) return "assertion_wrong_audience";
  // Written so that a comparison with NaN refuses.
  if (!(claims.exp + clockSkewSeconds > now)) return "assertion_expired";
  // A lifetime that the gateway never gives is not waited for.
  if (!(claims.iat <= now + clockSkewSeconds) || !(claims.exp - claims.iat <= ASSERTION_LIFETIME_SECONDS)) {
    return "assertion_not_yet_valid";
  }
  if (claims.htm !== method) return "assertion_wrong_method";
  if (target === undefined || claims.target_sha256 !== (await hashTarget(target))) return "assertion_wrong_target";
  if (replay === "accept_until_expiry") return undefined;
  const use = replay.use(claims.jti, claims.exp + clockSkewSeconds, now);
  return use === "first" ? undefined : use === "again" ? "assertion_replayed" : "assertion_memory_full";
}
