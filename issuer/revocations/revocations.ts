/**
 * Taking back single tokens, for the auth backend: `createRevocations`. Writes to the table of every ring, since an entry belongs
 * to the issuer; needs no key and no Cloudflare token. The rotator carries what is written to the edge.
 *
 * Which one is for what: a session to log out, a token that was stolen, a subject whose account is compromised. Callers limit how
 * often a user can ask for it.
 */
import { demand } from "../../shared/demands.ts";
import { addSeconds, parseEpochSeconds, parseIssuerUrl } from "../../shared/identifiers.ts";
import type { EpochSeconds, IssuerUrl } from "../../shared/identifiers.ts";
import { parseJwsHeader } from "../../shared/jws.ts";
import { refuseUnknownOptions } from "../../shared/options.ts";
import type { KnownOptions } from "../../shared/options.ts";
import { revocationPrefix } from "../../shared/revocations/prefix.ts";
import type { RevocationKind } from "../../shared/revocations/prefix.ts";
import { MAX_BODY_OCTETS, MAX_REVOCATIONS, octetsOf } from "../../shared/revocations/sections.ts";
import type { RevocationCounts } from "../../shared/revocations/sections.ts";
import { DEFAULT_TIMING } from "../../shared/timing.ts";
import { DEFAULT_MAX_TOKEN_BYTES } from "../../shared/verify-token.ts";
import { isWholeNumber } from "../../shared/whole-number.ts";
import { systemClock } from "../clock.ts";
import { SealgateError } from "../errors.ts";
import type { FaultCode } from "../errors.ts";
import { createDynamoDbRevocations } from "./dynamodb/store.ts";
import { endOf, entryKey } from "./entry.ts";
import type { StoredRevocation } from "./entry.ts";
import { proveToken } from "./prove-token.ts";
import type { TokenVerifier } from "./prove-token.ts";
import { MAX_TOKEN_ENTRIES } from "./store.ts";
import type { RevocationWriter } from "./store.ts";

export interface RevocationsOptions {
  /** `iss` of the tokens. */
  readonly issuer: string;
  /** One for each ring of the issuer: name or ARN of its DynamoDB table, or a store. */
  readonly tables: readonly (string | RevocationWriter)[];
  /** For `revokeToken` with a token: one of `createVerifier`, say. Its audiences do not matter: a token of any can be taken back. */
  readonly verifier?: TokenVerifier;
  /** K of the rings' policies. Default 60. */
  readonly clockSkewSeconds?: number;
  /** L of the rings' policies; decides only when DynamoDB may tidy. Default 3600. */
  readonly maxTokenTtlSeconds?: number;
  /** Epoch seconds; by default this host's clock. */
  readonly clock?: () => EpochSeconds;
}

/** What became of a revocation. At least one table has it, and its rotator and those of all readers publish it. */
export interface Revoked {
  /** Its sort key in the tables, for an audit: kind, hash and time. Holds no claim. */
  readonly entry: string;
  /** Until when it counts, by the revoker's timing: then no edge accepts what it names. Epoch seconds. */
  readonly until: number;
  /** Tables that have it durably. */
  readonly stored: readonly string[];
  /** Tables that may lack it, and why. Edges refuse what any list names; try again until this is empty. */
  readonly failed: readonly { readonly table: string; readonly code: FaultCode; readonly message: string }[];
}

export interface Revocations {
  /**
   * Takes back one token, by its `jti`.
   * @param token `{ jti, expiresAt }`, the latter in epoch seconds, and left out when it is not known; or the token itself, whose
   *   signature the given verifier checks
   * @returns undefined for a token that the verifier refuses: nothing accepts it anyway
   * @throws SealgateError `input_invalid`; `revocations_full` when too many tokens are taken back at a time; `revocation_table_…`
   *   when no table has stored it
   */
  revokeToken(token: string): Promise<Revoked | undefined>;
  revokeToken(token: { readonly jti: string; readonly expiresAt?: number | undefined }): Promise<Revoked>;
  /** Takes back all tokens with this `sid`, for logging out. @throws as `revokeToken` */
  revokeSession(sid: string): Promise<Revoked>;
  /**
   * Takes back all tokens of a subject that were issued before a time. Block the subject in your own store first: a login under way
   * gets a token of a later `iat`. A login within 2K + 1 seconds after that time may be refused, too.
   * @param options `issuedBefore`, epoch seconds: now if it is left out, and never later
   * @throws as `revokeToken`
   */
  revokeSubject(sub: string, options?: { readonly issuedBefore?: number | undefined }): Promise<Revoked>;
}

const KNOWN_OPTIONS: KnownOptions<RevocationsOptions> = {
  issuer: true,
  tables: true,
  verifier: true,
  clockSkewSeconds: true,
  maxTokenTtlSeconds: true,
  clock: true,
};

/** DynamoDB tidies this long after an entry has ended by the revoker's timing; the rotators' may be longer. */
const KEPT_AFTER_SECONDS = 7 * 86_400;

/** No claim of a token that an edge reads is longer: the token would be too large. */
const MAX_CLAIM_CHARACTERS = DEFAULT_MAX_TOKEN_BYTES;

/** A token of longer life is a mistake: an entry for it would stay in the list as long. */
const MAX_TOKEN_LIFE_SECONDS = 400 * 86_400;

/** A session that is ended in a loop makes one entry in this time. */
const SESSION_STEP_SECONDS = 60;

/** @throws TypeError for options that make no sense */
export function createRevocations(options: RevocationsOptions): Revocations {
  refuseUnknownOptions("createRevocations", options, KNOWN_OPTIONS, { table: "tables" });
  const { tables, verifier, clock = systemClock } = options;
  const issuer = parseIssuerUrl(options.issuer);
  if (!issuer.ok) throw new TypeError(`createRevocations: issuer ${issuer.error}`);
  demand(Array.isArray(tables) && tables.length > 0, "createRevocations: tables must name at least one table");
  const writers = tables.map((table) => (typeof table === "string" ? createDynamoDbRevocations(table) : table));
  const timing = {
    clockSkewSeconds: options.clockSkewSeconds ?? DEFAULT_TIMING.clockSkewSeconds,
    maxTokenTtlSeconds: options.maxTokenTtlSeconds ?? DEFAULT_TIMING.maxTokenTtlSeconds,
  };
  for (const [name, value] of Object.entries(timing)) {
    demand(isWholeNumber(value, 0), `createRevocations: ${name} must be a whole number of seconds`);
  }
  const add = async (entry: StoredRevocation): Promise<Revoked> => {
    const until = endOf(entry, timing);
    const forgetAt = addSeconds(until, KEPT_AFTER_SECONDS);
    const adding = writers.map((writer) => addTo(writer, issuer.value, entry, forgetAt));
    return { entry: entryKey(entry), until, ...summarise(await Promise.allSettled(adding), writers) };
  };
  const prefixOf = (kind: RevocationKind, value: string): StoredRevocation["prefix"] => {
    if (typeof value !== "string" || value === "" || value.length > MAX_CLAIM_CHARACTERS) {
      throw invalid(`${kind} must be a text of 1 to ${MAX_CLAIM_CHARACTERS} characters`);
    }
    if (isToken(value))
      throw invalid(`${kind} is a whole token here. Take back by the token itself, or by its claim ${kind}`);
    return revocationPrefix(kind, issuer.value, value);
  };
  const revokeById = (jti: string, expiresAt: number | undefined): Promise<Revoked> => {
    const prefix = prefixOf("jti", jti);
    const now = clock();
    if (expiresAt === undefined) return add({ kind: "jti", prefix, revokedAt: wholeSecond(now) });
    const end = parseEpochSeconds(Math.ceil(expiresAt));
    if (typeof expiresAt !== "number" || end === undefined || end > now + MAX_TOKEN_LIFE_SECONDS) {
      throw invalid("expiresAt must be the token's exp: epoch seconds, at most 400 days ahead");
    }
    return add({ kind: "jti", prefix, expiresAt: end });
  };

  async function revokeToken(token: string): Promise<Revoked | undefined>;
  async function revokeToken(token: {
    readonly jti: string;
    readonly expiresAt?: number | undefined;
  }): Promise<Revoked>;
  async function revokeToken(
    token: string | { readonly jti: string; readonly expiresAt?: number | undefined },
  ): Promise<Revoked | undefined> {
    if (typeof token !== "string") return revokeById(token.jti, token.expiresAt);
    if (verifier === undefined)
      throw new TypeError("createRevocations: a token needs the option verifier to be revoked");
    const proven = await proveToken(verifier, token, timing.clockSkewSeconds, clock());
    return proven.ok ? revokeById(proven.value.jti, proven.value.expiresAt) : undefined;
  }

  return {
    revokeToken,
    async revokeSession(sid) {
      const prefix = prefixOf("sid", sid);
      const step = Math.ceil(clock() / SESSION_STEP_SECONDS) * SESSION_STEP_SECONDS;
      return add({ kind: "sid", prefix, revokedAt: secondOf(step) });
    },
    async revokeSubject(sub, { issuedBefore } = {}) {
      const prefix = prefixOf("sub", sub);
      const now = clock();
      const before = issuedBefore ?? now;
      if (typeof before !== "number" || !(before >= 0 && before <= now)) {
        throw invalid("issuedBefore must be epoch seconds, and not in the future");
      }
      return add({ kind: "sub", prefix, cut: secondOf(Math.floor(before) + timing.clockSkewSeconds + 1) });
    },
  };
}

async function addTo(
  writer: RevocationWriter,
  issuer: IssuerUrl,
  entry: StoredRevocation,
  forgetAt: EpochSeconds,
): Promise<void> {
  await requireRoom(writer, issuer, entry.kind);
  await writer.add(issuer, entry, forgetAt);
}

/** By the rotator's count. A count that cannot be read must not keep a token alive. */
async function requireRoom(writer: RevocationWriter, issuer: IssuerUrl, kind: RevocationKind): Promise<void> {
  const counts = await writer.readCounts(issuer).catch((error: unknown) => {
    if (error instanceof SealgateError) return undefined;
    throw error;
  });
  if (counts === undefined || !isFull(kind, counts)) return;
  const message =
    `Table ${writer.table}: too many revocations are in force for another ${kind} ` +
    `(${counts.jti} tokens, ${counts.sid} sessions, ${counts.sub} subjects). ` +
    "Take back by sub, or withdraw the key. Limit how often a user can ask.";
  throw new SealgateError("revocations_full", message, { retryable: true });
}

/**
 * Tokens leave room for sessions and subjects, which go first into the list; and sessions are no reason to refuse a subject, before
 * which they go: users who log out in a loop must not keep a compromised account alive.
 */
function isFull(kind: RevocationKind, counts: RevocationCounts): boolean {
  if (kind === "jti") return counts.jti >= MAX_TOKEN_ENTRIES;
  const first = { jti: 0, sid: kind === "sub" ? 0 : counts.sid, sub: counts.sub };
  return first.sid + first.sub >= MAX_REVOCATIONS || octetsOf(first) >= MAX_BODY_OCTETS;
}

function summarise(
  results: readonly PromiseSettledResult<void>[],
  writers: readonly RevocationWriter[],
): Pick<Revoked, "stored" | "failed"> {
  const stored: string[] = [];
  const faults: { readonly table: string; readonly fault: SealgateError }[] = [];
  for (const [index, writer] of writers.entries()) {
    const result = results[index];
    if (result?.status === "fulfilled") stored.push(writer.table);
    else if (result?.reason instanceof SealgateError) faults.push({ table: writer.table, fault: result.reason });
    else throw result?.reason;
  }
  const [first] = faults;
  if (stored.length === 0 && first !== undefined) throw first.fault;
  return { stored, failed: faults.map(({ table, fault }) => ({ table, code: fault.code, message: fault.message })) };
}

/** In a hurry a person gives the token in the place of its `jti`, and must not be told that it is taken back. */
function isToken(text: string): boolean {
  const token = text.replace(/^\s*(?:Bearer\s+)?/i, "");
  return parseJwsHeader(token.slice(0, Math.max(0, token.indexOf(".")))).ok;
}

function wholeSecond(now: EpochSeconds): EpochSeconds {
  return secondOf(Math.ceil(now));
}

function secondOf(time: number): EpochSeconds {
  const second = parseEpochSeconds(time);
  if (second === undefined) throw new RangeError("a clock shows no time that can be written");
  return second;
}

function invalid(what: string): SealgateError {
  return new SealgateError("input_invalid", `Nothing was revoked: ${what}.`);
}
