/**
 * Verification of tokens of other issuers, beside the own ones. Which issuer a token belongs to is decided in this order:
 *
 *   1. its kid is one of ours, withdrawn ones included: ours, also when `iss` names another
 *   2. `iss`, read strictly and before any signature holds, is ours: ours
 *   3. `iss` is configured: that issuer's keys are tried, and no other's
 *   4. any other: refused, and nothing is read for it
 *
 * Own tokens never wait for anything here, and what is asked of them is decided elsewhere.
 */
import { decodeBase64url, encodeBase64url } from "../base64url.ts";
import { checkTimes } from "../claims.ts";
import { epochSecondsFromMs } from "../identifiers.ts";
import type { Kid } from "../identifiers.ts";
import { parseJsonObject } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { parseCompactJws, parseJwsHeader, verifySignature } from "../jws.ts";
import type { UnverifiedHeader, UnverifiedJws } from "../jws.ts";
import type { KeysUnavailable, WaitUntil } from "../keys/held-key-set.ts";
import { createTokenMemory } from "../keys/token-memory.ts";
import type { TokenMemoryLimits } from "../keys/token-memory.ts";
import { excerpt } from "../rejection.ts";
import type { ForeignTokenRejection, TokenRejection } from "../rejection.ts";
import { err, ok } from "../result.ts";
import type { Result } from "../result.ts";
import { DEFAULT_MAX_TOKEN_BYTES, knownHeader, normaliseTyp, TOKEN_TYPS } from "../verify-token.ts";
import type { TokenTyp, VerifiedToken } from "../verify-token.ts";
import { checkForeignClaims } from "./claims.ts";
import type { ForeignIssuer } from "./issuer.ts";
import type { ForeignKey } from "./jwk-set.ts";
import type { ForeignKeySource } from "./key-source.ts";
import type { ForeignKeysProblemCode } from "./problems.ts";

/** The key sets that are held of the own issuer. */
export interface OwnKeys {
  /** @returns undefined for a kid that none of them names, as a key or as a withdrawn one */
  ownerOf(kid: Kid): object | undefined;
}

/** What is ours for as long as the configuration stays. */
export interface OwnSide {
  readonly issuer: string;
  /** Thumbprints of the pinned root keys. */
  readonly anchors: readonly Kid[];
}

/** What can be wrong besides what can be wrong with an own token. */
export type ForeignProblem = ForeignTokenRejection | KeysUnavailable<ForeignKeysProblemCode>;

export type ForeignAnswer = Result<VerifiedToken, TokenRejection | ForeignProblem>;

export interface ForeignTokens {
  /**
   * @param token the compact serialisation; not one that is remembered as an own one
   * @param nowMs epoch milliseconds, taken when the request arrived
   * @param mayRefresh whether this request may read keys behind its answer: own documents go first
   * @returns undefined when the token is to be judged as an own one; a promise when it is new or keys have to be waited for
   */
  verify(
    token: string,
    own: OwnKeys,
    nowMs: number,
    waitUntil: WaitUntil,
    mayRefresh: boolean,
  ): ForeignAnswer | Promise<ForeignAnswer> | undefined;
}

/** One issuer with its keys. No key is ever looked for in another one's. */
export interface ForeignRealm {
  readonly issuer: ForeignIssuer;
  readonly source: ForeignKeySource;
}

/** An eighth of what own tokens have: 512 tokens, about a megabyte. */
const MEMORY_LIMITS: TokenMemoryLimits = { maxEntries: 512, maxCharacters: 512 * 1024 };

/** What a token was verified with. */
interface Origin {
  readonly realm: ForeignRealm;
  readonly key: ForeignKey;
  /** Own keys among which the key was last looked for; while they are the same, it need not be looked for again. */
  own: OwnKeys;
}

export function createForeignTokens(
  realms: readonly ForeignRealm[],
  { issuer: ownIssuer, anchors }: OwnSide,
  memoryLimits: TokenMemoryLimits = MEMORY_LIMITS,
): ForeignTokens {
  const byIssuer = new Map<string, ForeignRealm>(realms.map((realm) => [realm.issuer.issuer, realm]));
  const memory = createTokenMemory<Origin>(memoryLimits);
  /** Of tokens whose signature has held, by their encoded text: an issuer writes the same header into all tokens of one key. */
  const headers = new Map<string, ReadHeader>();

  function headerOf(encodedHeader: string): ReadHeader | undefined {
    return headers.get(encodedHeader) ?? readHeader(encodedHeader);
  }

  /** A foreign issuer that lists a key of ours would make our tokens its own, and its callers ours. */
  function isOurs({ key, thumbprint }: ForeignKey, own: OwnKeys): boolean {
    return own.ownerOf(key.kid) !== undefined || own.ownerOf(thumbprint) !== undefined || anchors.includes(thumbprint);
  }

  function recall(
    token: string,
    own: OwnKeys,
    nowMs: number,
    waitUntil: WaitUntil,
    mayRefresh: boolean,
  ): Result<VerifiedToken, TokenRejection> | undefined {
    const remembered = memory.recall(token);
    if (remembered === undefined) return undefined;
    const origin = remembered.under;
    if (origin.own !== own && isOurs(origin.key, own)) return undefined;
    origin.own = own;
    const { source, issuer } = origin.realm;
    if (source.ready(nowMs, waitUntil, mayRefresh)?.keys.has(origin.key) !== true) return undefined;
    const problem = checkTimes(remembered.outcome.value.claims, issuer, epochSecondsFromMs(nowMs));
    return problem === undefined ? remembered.outcome : err(problem);
  }

  async function verifyNew(
    read: ReadToken,
    { realm, ownKeys, nowMs, waitUntil, mayRefresh }: Trial,
  ): Promise<ForeignAnswer> {
    const { issuer, source } = realm;
    const { header, kid } = read.header;
    const typ = typOf(header.typ);
    if (!issuer.algs.has(header.algorithm.alg)) return err({ code: "alg_not_allowed" });
    if (typ === "other" || !issuer.typs.has(typ)) return err({ code: "typ_not_allowed" });
    const ready = source.ready(nowMs, waitUntil, mayRefresh);
    const held = ready === undefined ? await source.current(nowMs, waitUntil) : ok(ready);
    if (!held.ok) return held;
    let key = held.value.find(kid, header.algorithm);
    // A request makes one read: one that has just waited for it does not look for the kid again.
    if (key === undefined && ready !== undefined) {
      const newer = await source.refreshForUnknownKid(ready, nowMs, waitUntil);
      key = newer?.find(kid, header.algorithm);
    }
    if (key === "ambiguous") return err({ code: "key_ambiguous" });
    if (key === "alg_mismatch") return err({ code: "alg_mismatch" });
    if (key === undefined)
      return err(kid === undefined ? { code: "kid_missing" } : { code: "kid_unknown", kid: excerpt(kid) });
    if (isOurs(key, ownKeys)) return err({ code: "key_not_foreign" });
    if (!(await verifySignature(key.key, read.jws))) return err({ code: "signature_invalid" });
    if (headers.size >= MAX_HEADERS) headers.clear();
    headers.set(read.jws.encodedHeader, read.header);
    const claims = checkForeignClaims(read.claims, issuer, epochSecondsFromMs(nowMs));
    if (!claims.ok) return claims;
    const { alg } = header.algorithm;
    const verified: VerifiedToken = { header: { alg, kid: key.key.kid, typ }, claims: claims.value };
    return memory.remember(read.token, verified, { realm, key, own: ownKeys }).outcome;
  }

  return {
    verify(token, ownKeys, nowMs, waitUntil, mayRefresh) {
      const known = recall(token, ownKeys, nowMs, waitUntil, mayRefresh);
      if (known !== undefined) return known;
      if (token.length > DEFAULT_MAX_TOKEN_BYTES) return undefined;
      // Own tokens are cut and decoded once, elsewhere.
      const encodedHeader = token.slice(0, token.indexOf("."));
      const own = knownHeader(encodedHeader);
      if (own !== undefined && ownKeys.ownerOf(own.kid) !== undefined) return undefined;
      const header = headerOf(encodedHeader);
      if (header === undefined) return undefined;
      if (header.kid !== undefined && ownKeys.ownerOf(header.kid) !== undefined) return undefined;
      const jws = parseCompactJws(token);
      if (!jws.ok) return jws;
      const payload = parseJsonObject(jws.value.payload);
      if (!payload.ok) return err({ code: "claims_invalid", reason: payload.error });
      const { iss } = payload.value;
      if (typeof iss !== "string" || iss === ownIssuer) return undefined;
      const realm = byIssuer.get(iss);
      if (realm === undefined) return err({ code: "issuer_unknown" });
      const read = { header, token, jws: jws.value, claims: payload.value };
      return verifyNew(read, { realm, ownKeys, nowMs, waitUntil, mayRefresh });
    },
  };
}

interface ReadHeader {
  readonly header: UnverifiedHeader;
  readonly kid: Kid | undefined;
}

/** A token that has been read, once, and of which nothing is verified. */
interface ReadToken {
  readonly header: ReadHeader;
  readonly token: string;
  readonly jws: UnverifiedJws;
  readonly claims: JsonObject;
}

/** Whose key is tried on it, and for which request. */
interface Trial {
  readonly realm: ForeignRealm;
  readonly ownKeys: OwnKeys;
  readonly nowMs: number;
  readonly waitUntil: WaitUntil;
  readonly mayRefresh: boolean;
}

const MAX_HEADERS = 64;

/** @returns undefined for a header that no issuer could write: the own rules say what is wrong with it */
function readHeader(encodedHeader: string): ReadHeader | undefined {
  const header = parseJwsHeader(encodedHeader);
  if (header.ok) return { header: header.value, kid: header.value.kid };
  if (header.error.code !== "kid_missing") return undefined;
  const nameless = parseJwsHeader(withKid(encodedHeader, "-"));
  return nameless.ok ? { header: nameless.value, kid: undefined } : undefined;
}

/** The same header as it would be read with a kid. */
function withKid(encodedHeader: string, kid: string): string {
  const octets = decodeBase64url(encodedHeader);
  const members = octets === undefined ? undefined : parseJsonObject(octets);
  return members?.ok === true
    ? encodeBase64url(new TextEncoder().encode(JSON.stringify({ ...members.value, kid })))
    : "";
}

function typOf(typ: string | undefined): TokenTyp | "other" | undefined {
  if (typ === undefined) return undefined;
  const normal = normaliseTyp(typ);
  return TOKEN_TYPS.find((known) => known === normal) ?? "other";
}
