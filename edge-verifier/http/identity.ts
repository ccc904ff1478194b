/**
 * What the origin learns about the caller from a verified token: headers that only the gateway can set. Which client
 * headers are removed to make that true is in request-headers.ts.
 */
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import type { VerifiedToken } from "../../shared/verify-token.ts";
import { scopesOf } from "../policy/scopes.ts";

/** Every header that begins with this, in any spelling, is the gateway's; a client's is removed. */
export const IDENTITY_PREFIX = "x-sealgate-";

export const SUBJECT_HEADER = "x-sealgate-subject";
export const SCOPE_HEADER = "x-sealgate-scope";

/** Longer values are refused rather than cut: a cut subject could be another subject. */
export const MAX_IDENTITY_LENGTH = 2048;

export interface Identity {
  readonly scopes: ReadonlySet<string>;
  /** Names and values to set. A claim that the token lacks sets nothing. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface IdentityTooLong {
  readonly code: "identity_too_long";
  readonly claim: string;
}

const known = new WeakMap<VerifiedToken, Result<Identity, IdentityTooLong>>();

/** Worked out once per verified token; a token that is remembered keeps its object. */
export function identityOf(token: VerifiedToken): Result<Identity, IdentityTooLong> {
  const before = known.get(token);
  if (before !== undefined) return before;
  const identity = readIdentity(token);
  known.set(token, identity);
  return identity;
}

function readIdentity({ claims }: VerifiedToken): Result<Identity, IdentityTooLong> {
  const scopes = scopesOf(claims);
  const headers: [string, string][] = [];
  const { sub } = claims;
  if (typeof sub === "string") headers.push([SUBJECT_HEADER, encodeHeaderValue(sub)]);
  if (scopes.size > 0) headers.push([SCOPE_HEADER, encodeHeaderValue([...scopes].join(" "))]);
  for (const [name, value] of headers) {
    if (value.length > MAX_IDENTITY_LENGTH) {
      return err({ code: "identity_too_long", claim: name === SUBJECT_HEADER ? "sub" : "scope" });
    }
  }
  return ok({ scopes, headers });
}

const NEEDS_ESCAPE = /[^\x20-\x24\x26-\x7e]|^ | $/gu;

/**
 * Text as a header's value: percent-encoded UTF-8 for everything outside visible ASCII, for `%`, and for a space at either
 * end. `decodeURIComponent` gives the text back, and no text can end a header line (RFC 9110 section 5.5).
 */
export function encodeHeaderValue(text: string): string {
  return text.toWellFormed().replaceAll(NEEDS_ESCAPE, encodeURIComponent);
}
