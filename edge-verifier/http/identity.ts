/**
 * What the origin learns about the caller from a verified token: headers that only the gateway can set. Which client
 * headers are removed to make that true is in request-headers.ts.
 */
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import type { VerifiedToken } from "../../shared/verify-token.ts";
import { isClaimScalar, valueAt } from "../policy/checks.ts";
import { scopesOf } from "../policy/scopes.ts";

/** Every header that begins with this, in any spelling, is the gateway's; a client's is removed. */
export const IDENTITY_PREFIX = "x-sealgate-";

/** One header: its name in lower case, and where its value is: the claim's name, then names of members below it. */
export interface IdentityHeader {
  readonly name: string;
  readonly path: readonly string[];
  /** Instead of a scalar's text; undefined sets no header, null is a value that has no text that all would read alike. */
  readonly textOf?: (value: unknown) => string | null | undefined;
}

export const DEFAULT_IDENTITY_HEADERS: readonly IdentityHeader[] = [
  { name: "x-sealgate-subject", path: ["sub"] },
  { name: "x-sealgate-scope", path: ["scope"] },
];

/** Longer values are refused rather than cut: a cut subject could be another subject. */
export const MAX_IDENTITY_LENGTH = 2048;

export interface Identity {
  readonly scopes: ReadonlySet<string>;
  /** Names and values to set. A claim that the token lacks sets nothing. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The caller is no subject of the own issuer. */
  readonly isForeign?: true;
}

export type IdentityProblem =
  | { readonly code: "identity_too_long"; readonly claim: string }
  /** Elements of a list that cannot be told apart in a header, or a number that has lost its last digits. */
  | { readonly code: "identity_ambiguous"; readonly claim: string };

export type IdentityReader = (token: VerifiedToken) => Result<Identity, IdentityProblem>;

/** @returns a function that works an identity out once per verified token; a token that is remembered keeps its object. */
export function createIdentityReader(headers: readonly IdentityHeader[]): IdentityReader {
  const known = new WeakMap<VerifiedToken, Result<Identity, IdentityProblem>>();
  return (token) => {
    const before = known.get(token);
    if (before !== undefined) return before;
    const identity = readIdentity(token, headers);
    known.set(token, identity);
    return identity;
  };
}

function readIdentity({ claims }: VerifiedToken, wanted: readonly IdentityHeader[]): Result<Identity, IdentityProblem> {
  const scopes = scopesOf(claims);
  const headers: [string, string][] = [];
  for (const { name, path, textOf = scalarText } of wanted) {
    const claim = path.join(".");
    const text = claim === "scope" ? [...scopes].join(" ") : textOf(valueAt(claims, path));
    if (text === null) return err({ code: "identity_ambiguous", claim });
    // Some origins take an empty header for a missing one: a token without scopes sets no header.
    if (text === undefined || text === "") continue;
    const value = encodeHeaderValue(text);
    if (value.length > MAX_IDENTITY_LENGTH) return err({ code: "identity_too_long", claim });
    headers.push([name, value]);
  }
  return ok({ scopes, headers });
}

/**
 * A scalar as text. Undefined for what is missing, an object or an array, which have no text that all would read alike, and
 * for an integer beyond 2^53, which has lost its last digits.
 */
export function scalarText(value: unknown): string | undefined {
  return isClaimScalar(value) ? String(value) : undefined;
}

const NEEDS_ESCAPE = /[^\x20-\x24\x26-\x7e]|^ | $/gu;

/**
 * Text as a header's value: percent-encoded UTF-8 for everything outside visible ASCII, for `%`, and for a space at either
 * end. `decodeURIComponent` gives the text back, and no text can end a header line (RFC 9110 section 5.5).
 */
export function encodeHeaderValue(text: string): string {
  return text.toWellFormed().replaceAll(NEEDS_ESCAPE, encodeURIComponent);
}
