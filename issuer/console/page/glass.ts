/**
 * A token under the glass: the verdict of the real verifier, laid out as the checks in their order. The verifier stops at the first
 * check that fails, so those before it have passed and those behind it were not made. No I/O.
 */
import { ALGS } from "../../../shared/algorithms.ts";
import type { Alg } from "../../../shared/algorithms.ts";
import { verifyToken } from "../../../shared/checked.ts";
import { decodeBase64url } from "../../../shared/base64url.ts";
import type { Audience, EpochSeconds, IssuerUrl } from "../../../shared/identifiers.ts";
import { parseJsonObject } from "../../../shared/json.ts";
import type { JsonObject } from "../../../shared/json.ts";
import { parseCompactJws, parseJwsHeader } from "../../../shared/jws.ts";
import { createRevocationSearch } from "../../../shared/revocations/search.ts";
import type { TokenRejection, TokenRejectionCode } from "../../../shared/rejection.ts";
import { DEFAULT_MAX_TOKEN_BYTES, TOKEN_TYPS } from "../../../shared/verify-token.ts";
import { describeRejection } from "../../words/rejection.ts";
import { toSafeJson } from "../../words/text.ts";
import { describeDistance, describeTime } from "../../words/time.ts";
import type { Trust } from "./trust.ts";

/** The checks in the verifier's order. */
const CHECKS = {
  form: "Size and form: three parts of canonical base64url",
  header: "Header: alg, typ and kid, and nothing critical",
  key: "Key: known, not revoked, and bound to this alg",
  signature: "Signature",
  claims: "Claims: a strict JSON object",
  issuer: "Issuer (iss)",
  audience: "Audience (aud)",
  times: "Times (exp, nbf, iat) and lifetime",
  others: "Types of sub and jti",
  takenBack: "Not taken back: neither its jti, sid nor sub is in the list",
} as const;

type CheckId = keyof typeof CHECKS;

export interface Check {
  readonly title: string;
  readonly result: "passed" | "failed" | "not made";
}

export interface Member {
  readonly name: string;
  readonly value: string;
  /** What a time means now. */
  readonly note: string;
}

export interface Examination {
  readonly checks: readonly Check[];
  /** A sentence. */
  readonly verdict: string;
  readonly isValid: boolean;
  /** What the token says of itself, verified or not. */
  readonly header: readonly Member[];
  readonly claims: readonly Member[];
}

export interface Expected {
  readonly issuer: IssuerUrl;
  readonly audience: Audience;
}

/** @param now epoch seconds */
export async function examine(
  token: string,
  { issuer, audience }: Expected,
  trust: Trust,
  now: EpochSeconds,
): Promise<Examination> {
  const { keys, clockSkewSeconds, maxTokenTtlSeconds, takenBack } = trust;
  const rules = {
    issuer,
    audiences: [audience],
    algs: new Set(ALGS),
    typs: new Set([...TOKEN_TYPS, undefined]),
    clockSkewSeconds,
    maxTokenTtlSeconds,
    maxTokenBytes: DEFAULT_MAX_TOKEN_BYTES,
  };
  const verified = await verifyToken(token, rules, keys, now);
  const found = verified.ok && takenBack ? createRevocationSearch().find(verified.value, [takenBack]) : undefined;
  const rejection = verified.ok ? found : verified.error;
  return {
    checks: checksUpTo(found === undefined ? rejection && checkOf(rejection) : "takenBack", takenBack !== undefined),
    verdict:
      rejection === undefined
        ? "Valid: every check has passed."
        : `Refused, ${rejection.code}: ${describeRejection(rejection)}`,
    isValid: rejection === undefined,
    ...read(token, now),
  };
}

/** The `alg` of the header, unverified: it says how a key that names none would be used. */
export function algOf(token: string): Alg | undefined {
  const header = parseJwsHeader(token.slice(0, Math.max(0, token.indexOf("."))));
  return header.ok ? header.value.algorithm.alg : undefined;
}

function checksUpTo(failed: CheckId | undefined, hasList: boolean): readonly Check[] {
  let isBefore = true;
  return Object.entries(CHECKS).map(([id, title]) => {
    if (id === failed) {
      isBefore = false;
      return { title, result: "failed" };
    }
    return { title, result: isBefore && (hasList || id !== "takenBack") ? "passed" : "not made" };
  });
}

const CHECK_OF: Readonly<Record<Exclude<TokenRejectionCode, "claim_missing" | "claim_invalid">, CheckId>> = {
  token_too_large: "form",
  token_malformed: "form",
  header_invalid: "header",
  header_critical: "header",
  alg_not_allowed: "header",
  typ_not_allowed: "header",
  kid_missing: "header",
  kid_unknown: "key",
  kid_revoked: "key",
  alg_mismatch: "key",
  signature_invalid: "signature",
  claims_invalid: "claims",
  issuer_mismatch: "issuer",
  audience_mismatch: "audience",
  token_expired: "times",
  token_not_yet_valid: "times",
  token_issued_in_future: "times",
  token_lifetime_too_long: "times",
  token_revoked: "takenBack",
};

const CHECK_OF_CLAIM: Readonly<Record<string, CheckId>> = {
  iss: "issuer",
  aud: "audience",
  exp: "times",
  nbf: "times",
  iat: "times",
};

function checkOf(rejection: TokenRejection): CheckId {
  if (rejection.code !== "claim_missing" && rejection.code !== "claim_invalid") return CHECK_OF[rejection.code];
  return CHECK_OF_CLAIM[rejection.claim] ?? "others";
}

function read(token: string, now: EpochSeconds): Pick<Examination, "header" | "claims"> {
  const jws = parseCompactJws(token);
  if (!jws.ok) return { header: [], claims: [] };
  const header = parseJsonObject(decodeBase64url(jws.value.encodedHeader) ?? new Uint8Array());
  const claims = parseJsonObject(jws.value.payload);
  return {
    header: header.ok ? membersOf(header.value, now) : [],
    claims: claims.ok ? membersOf(claims.value, now) : [],
  };
}

const TIMES: readonly string[] = ["exp", "nbf", "iat", "auth_time"];

function membersOf(object: JsonObject, now: EpochSeconds): readonly Member[] {
  return Object.entries(object).map(([name, value]) => ({
    name: toSafeJson(name).slice(1, -1),
    value: toSafeJson(value),
    note: TIMES.includes(name) && typeof value === "number" ? clockOf(value, now) : "",
  }));
}

/** Empty for a number that is no date. */
function clockOf(time: number, now: EpochSeconds): string {
  return Math.abs(time) < 8.64e12 ? `${describeTime(time)}, ${describeDistance(time - now)}` : "";
}
