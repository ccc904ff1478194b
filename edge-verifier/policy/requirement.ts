/**
 * What a rule may ask of a valid token, as types. What each member means is decided in checks.ts, and what may be written
 * is checked again at start-up in compile-requirement.ts.
 */

/** A claim's value that can be compared exactly. */
export type ClaimScalar = string | number | boolean;

/** Where the value is: below the claim, one member of an object for each name. A name is never split: `a.b` is one name. */
interface Below {
  readonly at?: readonly string[];
}

/** The value is exactly this one. */
export interface ClaimEquals extends Below {
  readonly equals: ClaimScalar;
  readonly oneOf?: never;
  readonly contains?: never;
}

/** The value is exactly one of these. */
export interface ClaimOneOf extends Below {
  readonly oneOf: readonly ClaimScalar[];
  readonly equals?: never;
  readonly contains?: never;
}

/** The value is an array, and one of its elements is exactly this one. Text is not searched. */
export interface ClaimContains extends Below {
  readonly contains: ClaimScalar;
  readonly equals?: never;
  readonly oneOf?: never;
}

/** A scalar alone means `equals`. */
export type ClaimMatcher = ClaimScalar | ClaimEquals | ClaimOneOf | ClaimContains;

/** What a valid token must hold in addition. All members must be satisfied; `{}` means any valid token. */
export interface Requirement {
  /** Every one of these scopes (`scope` claim: RFC 8693 section 4.2 text, or an array of strings). */
  readonly scope?: readonly string[];
  /** At least one of these scopes. */
  readonly anyScope?: readonly string[];
  /** By the claim's whole name, dots and slashes included: no key of this object is a path. */
  readonly claims?: Readonly<Record<string, ClaimMatcher>>;
  /** `aud` names at least one of these, besides one of the gateway's own `AUDIENCE`. */
  readonly audience?: readonly string[];
  /**
   * Whose tokens: "own", or an issuer of `FOREIGN_ISSUERS` as it is written there (feature `foreignIssuers`). Left out: own ones.
   * A rule that names an issuer trusts it for every scope and claim that the rule asks for.
   */
  readonly issuers?: readonly string[];
  /** `acr` is one of these (OpenID Connect Core section 2, RFC 9068 section 2.2.1). */
  readonly acr?: readonly string[];
  /** No longer ago than this did the user authenticate (`auth_time`; `iat` of a token without it). No leeway is added. */
  readonly maxAgeSeconds?: number;
  /** Every one of these requirements. */
  readonly allOf?: readonly Requirement[];
  /** At least one of these requirements. */
  readonly anyOf?: readonly Requirement[];
}
