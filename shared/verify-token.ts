/**
 * Verification of a token, from text to claims, in the one order that gives nothing away: size, segments, header, key,
 * signature, claims. Nothing of the payload is read before the signature holds. Runs unchanged in Node, workerd and
 * browsers; no I/O, no clock.
 */
import type { Alg } from "./algorithms.ts";
import { checkAudience, checkClaims, checkIssuer } from "./claims.ts";
import type { ClaimsRules, VerifiedClaims } from "./claims.ts";
import type { EpochSeconds } from "./identifiers.ts";
import { parseJsonObject } from "./json.ts";
import { parseCompactJws, parseJwsHeader, verifySignature } from "./jws.ts";
import type { UnverifiedHeader, UnverifiedJws, VerificationKey } from "./jws.ts";
import { excerpt } from "./rejection.ts";
import type { TokenRejection } from "./rejection.ts";
import { err, ok } from "./result.ts";
import type { Ok, Result } from "./result.ts";
import type { VerificationKeys } from "./verification-keys.ts";

/** `typ` values sealgate issues, in the normal form of {@link normaliseTyp}. */
export type TokenTyp = "jwt" | "at+jwt";

export const TOKEN_TYPS: readonly TokenTyp[] = ["jwt", "at+jwt"];

/** What a token must satisfy. Every member is required: there is no way to leave a check out. */
export interface TokenRules extends ClaimsRules {
  /** Case-sensitive allow-list, applied on top of the binding of each key to its algorithm. */
  readonly algs: ReadonlySet<Alg>;
  /** Accepted `typ`; `undefined` in the set accepts a header without `typ`. */
  readonly typs: ReadonlySet<TokenTyp | undefined>;
  /** Longest token, in octets. */
  readonly maxTokenBytes: number;
}

/** The rules that a caller decides; skew and longest lifetime are the key set document's. */
export type TokenPolicy = Omit<TokenRules, "clockSkewSeconds" | "maxTokenTtlSeconds">;

/** A token that has passed every check at the given time. */
export interface VerifiedToken {
  readonly header: { readonly alg: Alg; readonly kid: string; readonly typ: TokenTyp | undefined };
  readonly claims: VerifiedClaims;
}

/** Whether a signature holds: decided here by WebCrypto, or by a service that holds the key. */
export type SignatureVerifier = (key: VerificationKey, jws: UnverifiedJws) => Promise<boolean>;

/** Header plus claims of real tokens stay below 8 KB; proxies refuse headers of 16 KB. */
export const DEFAULT_MAX_TOKEN_BYTES = 16_384;

/**
 * Verifies a compact JWT (RFC 7519 section 7.2, RFC 8725).
 * @param token the compact serialisation, without "Bearer"
 * @param now epoch seconds
 * @param verify the signature step, for a verifier that asks KMS; everything around it stays the same
 * @returns the claims, or the first check that failed
 */
export async function verifyToken(
  token: string,
  rules: TokenRules,
  keys: VerificationKeys,
  now: EpochSeconds,
  verify?: SignatureVerifier,
): Promise<Result<VerifiedToken, TokenRejection>> {
  const read = readToken(token, rules);
  return read.ok ? verifyRead(read.value, rules, keys, now, verify) : read;
}

/** A token in its form, with a header that the policy accepts. Its kid says whose key to take; nothing is verified yet. */
export interface UnverifiedToken {
  readonly jws: UnverifiedJws;
  readonly header: UnverifiedHeader;
  readonly typ: TokenTyp | undefined;
}

/** What {@link verifyToken} checks before it looks for the key: size, segments and header. */
export function readToken(
  token: string,
  policy: Pick<TokenPolicy, "algs" | "typs" | "maxTokenBytes">,
): Result<UnverifiedToken, TokenRejection> {
  if (token.length > policy.maxTokenBytes) return err(tooLarge(token, policy));
  const jws = parseCompactJws(token);
  if (!jws.ok) return jws;
  const header = parsedHeaders.get(jws.value.encodedHeader) ?? parseJwsHeader(jws.value.encodedHeader);
  if (!header.ok) return header;
  const typ = checkHeader(header.value, policy);
  return typ.ok ? ok({ jws: jws.value, header: header.value, typ: typ.value }) : typ;
}

/** What {@link verifyToken} checks from the key on. */
export async function verifyRead(
  { jws, header, typ }: UnverifiedToken,
  rules: ClaimsRules,
  keys: VerificationKeys,
  now: EpochSeconds,
  verify: SignatureVerifier = verifySignature,
): Promise<Result<VerifiedToken, TokenRejection>> {
  const key = selectKey(header, keys);
  if (!key.ok) return key;
  if (!(await verify(key.value, jws))) return err({ code: "signature_invalid" });
  rememberHeader(jws.encodedHeader, header);
  const payload = parseJsonObject(jws.payload);
  if (!payload.ok) return err({ code: "claims_invalid", reason: payload.error });
  const claims = checkClaims(payload.value, rules, now);
  const { algorithm, kid } = key.value;
  if (!claims.ok) return err(withKid(claims.error, kid));
  return ok({ header: { alg: algorithm.alg, kid, typ }, claims: claims.value });
}

/**
 * The rules that a caller decides, for a token whose signature and other claims have been checked under another policy.
 * Finds the same rejection as {@link verifyToken} would, in the same order.
 */
export function checkPolicy(
  token: string,
  { header, claims }: VerifiedToken,
  policy: TokenPolicy,
): TokenRejection | undefined {
  if (token.length > policy.maxTokenBytes) return tooLarge(token, policy);
  if (!policy.algs.has(header.alg)) return { code: "alg_not_allowed" };
  if (!policy.typs.has(header.typ)) return { code: "typ_not_allowed" };
  const mismatch = checkIssuer(claims.iss, policy) ?? checkAudience(claims.aud, policy);
  return mismatch === undefined ? undefined : withKid(mismatch, header.kid);
}

/** For a token of another issuer or service whose signature has held: an operator wants to know whose key it was. */
function withKid(rejection: TokenRejection, kid: string): TokenRejection {
  const { code } = rejection;
  return code === "issuer_mismatch" || code === "audience_mismatch" ? { ...rejection, kid } : rejection;
}

/**
 * Headers that stood in a token whose signature held, by their encoded text: an issuer writes the same header into all
 * tokens of one key. What a text means never changes, so nothing here has to be forgotten; rules and keys are applied to
 * the parsed header each time. Only signed headers get in, so that forged ones cannot push them out.
 */
const parsedHeaders = new Map<string, Ok<UnverifiedHeader>>();

const MAX_PARSED_HEADERS = 64;

/** @returns what an encoded header means, if it stood in a token whose signature held */
export function knownHeader(encodedHeader: string): UnverifiedHeader | undefined {
  return parsedHeaders.get(encodedHeader)?.value;
}

function rememberHeader(encodedHeader: string, header: UnverifiedHeader): void {
  if (parsedHeaders.has(encodedHeader)) return;
  if (parsedHeaders.size >= MAX_PARSED_HEADERS) parsedHeaders.clear();
  parsedHeaders.set(encodedHeader, ok(header));
}

/**
 * Media type comparison of RFC 7515 section 4.1.9: any case, and "application/" may be left out.
 * @returns the lower-case name without the prefix
 */
export function normaliseTyp(typ: string): string {
  const lower = typ.toLowerCase();
  return lower.startsWith("application/") ? lower.slice("application/".length) : lower;
}

function checkHeader(
  header: UnverifiedHeader,
  rules: Pick<TokenPolicy, "algs" | "typs">,
): Result<TokenTyp | undefined, TokenRejection> {
  if (!rules.algs.has(header.algorithm.alg)) return err({ code: "alg_not_allowed" });
  const typ = header.typ === undefined ? undefined : normaliseTyp(header.typ);
  for (const accepted of rules.typs) if (accepted === typ) return ok(accepted);
  return err({ code: "typ_not_allowed" });
}

/** The key for the header's kid, only if the header's `alg` is the one the key is bound to (RFC 8725 section 3.1). */
function selectKey(header: UnverifiedHeader, keys: VerificationKeys): Result<VerificationKey, TokenRejection> {
  const key = keys.find(header.kid);
  if (key === undefined) return err({ code: "kid_unknown", kid: excerpt(header.kid) });
  if (key === "revoked") return err({ code: "kid_revoked" });
  if (key.algorithm !== header.algorithm) return err({ code: "alg_mismatch" });
  return ok(key);
}

function tooLarge(token: string, rules: Pick<TokenRules, "maxTokenBytes">): TokenRejection {
  return { code: "token_too_large", bytes: token.length, maxBytes: rules.maxTokenBytes };
}
