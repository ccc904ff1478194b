/**
 * The exported functions as a program in JavaScript may call them. What their types demand is checked here at run time: a time
 * or a member of the rules that is left out is a TypeError, and never a check that is switched off. The Worker, which the
 * compiler checks, uses the functions themselves.
 */
import { namesOneOf as namesOneOfUnchecked } from "./claims.ts";
import { demand, requireNow, requireSeconds } from "./demands.ts";
import { epochSecondsFromMs as epochSecondsFromMsUnchecked, parseKid } from "./identifiers.ts";
import type { EpochSeconds, Kid } from "./identifiers.ts";
import { parsePublicJwk } from "./jwk.ts";
import type { PublicJwk } from "./jwk.ts";
import { importVerificationKey as importVerificationKeyUnchecked } from "./jws.ts";
import type { VerificationKey } from "./jws.ts";
import type { ParsedKeySet } from "./key-set.ts";
import type { TokenRejection } from "./rejection.ts";
import { err } from "./result.ts";
import type { Result } from "./result.ts";
import { openKeySet as openKeySetUnchecked } from "./signed-key-set.ts";
import type { KeySetProblem, KeySetRules } from "./signed-key-set.ts";
import type { VerificationKeys } from "./verification-keys.ts";
import { verifyToken as verifyTokenUnchecked } from "./verify-token.ts";
import type { SignatureVerifier, TokenRules, VerifiedToken } from "./verify-token.ts";

/**
 * Verifies a compact JWT (RFC 7519 section 7.2, RFC 8725).
 * @param token the compact serialisation, without "Bearer"
 * @param now epoch seconds
 * @param verify the signature step, for a verifier that asks a service; everything around it stays the same
 * @returns the claims, or the first check that failed
 * @throws {TypeError} for rules or a time that would leave a check out: a required member that is missing or no number
 */
export async function verifyToken(
  token: string,
  rules: TokenRules,
  keys: VerificationKeys,
  now: EpochSeconds,
  verify?: SignatureVerifier,
): Promise<Result<VerifiedToken, TokenRejection>> {
  requireNow(now);
  demand(typeof rules.issuer === "string", "rules.issuer must be a string");
  requireAudiences(rules.audiences);
  requireSeconds("rules.clockSkewSeconds", rules.clockSkewSeconds);
  requireSeconds("rules.maxTokenTtlSeconds", rules.maxTokenTtlSeconds);
  demand(rules.maxTokenBytes > 0, "rules.maxTokenBytes must be a number above 0");
  demand(rules.algs instanceof Set && rules.typs instanceof Set, "rules.algs and rules.typs must be Sets");
  if (typeof token !== "string") return err({ code: "token_malformed", part: "segments" });
  return verifyTokenUnchecked(token, rules, keys, now, verify === undefined ? undefined : onlyTrue(verify));
}

/** An object, such as a Result, would count as true. */
function onlyTrue(verify: SignatureVerifier): SignatureVerifier {
  return async (key, jws) => {
    const holds: unknown = await verify(key, jws);
    return holds === true;
  };
}

/**
 * Verifies and parses a key set document: size, segments, header, root key by kid with its own `alg`, signature, then the
 * payload. `exp` has no leeway; `iat` may lie ahead by the skew that the document itself allows.
 * @param now epoch seconds
 * @throws {TypeError} for rules or a time that would leave a check out: a required member that is missing or no number
 */
export async function openKeySet(
  text: string,
  rules: KeySetRules,
  now: EpochSeconds,
): Promise<Result<ParsedKeySet, KeySetProblem>> {
  requireNow(now);
  demand(Array.isArray(rules.anchors), "rules.anchors must be what importTrustAnchors returns");
  demand(typeof rules.issuer === "string", "rules.issuer must be a string");
  demand(typeof rules.ring === "string", "rules.ring must be the name of the ring");
  demand(rules.leastRev >= 0, "rules.leastRev must be a number (1 when there is no floor)");
  if (typeof text !== "string") return err({ code: "key_set_malformed" });
  return openKeySetUnchecked(text, rules, now);
}

/**
 * Imports a JWK for verification.
 * @returns undefined when the JWK breaks a rule of `parsePublicJwk`, the kid is none, or the platform refuses the key (a point
 *   that is not on its curve, say)
 */
export async function importVerificationKey(jwk: PublicJwk, kid: Kid): Promise<VerificationKey | undefined> {
  if (!parsePublicJwk(jwk).ok || parseKid(kid) === undefined) return undefined;
  return importVerificationKeyUnchecked(jwk, kid);
}

/**
 * True when `aud` (RFC 7519 section 4.1.3) holds at least one of the audiences.
 * @throws {TypeError} when the audiences are not an array: a text would be searched for a part of itself
 */
export function namesOneOf(aud: string | readonly string[], audiences: readonly string[]): boolean {
  requireAudiences(audiences);
  return namesOneOfUnchecked(aud, audiences);
}

/**
 * Milliseconds of a clock (`Date.now()`) to whole seconds, rounded down.
 * @throws {TypeError} for what is no number: no comparison with it would mean anything
 */
export function epochSecondsFromMs(epochMs: number): EpochSeconds {
  demand(Number.isFinite(epochMs), "a clock must return milliseconds");
  return epochSecondsFromMsUnchecked(epochMs);
}

function requireAudiences(audiences: readonly string[]): void {
  demand(Array.isArray(audiences), "audiences must be an array of strings");
}
