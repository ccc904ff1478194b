/**
 * The words of a route policy: what `routes.ts` may say, as types, so that a misspelt key does not compile. The same
 * rules are checked again at start-up (compile.ts), for policies that were not type-checked.
 */

/**
 * Methods a rule can name. Any other method is answered 405 and never forwarded: TRACE and CONNECT reflect or tunnel,
 * and what the rest means is between a client and an origin that no policy here describes.
 */
export const ROUTE_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

export type RouteMethod = (typeof ROUTE_METHODS)[number];

/** A claim's value that can be compared exactly. */
export type ClaimScalar = string | number | boolean;

/** What a valid token must hold in addition. All members must be satisfied; `{}` means any valid token. */
export interface Requirement {
  /** Every one of these scopes (`scope` claim: RFC 8693 section 4.2 text, or an array of strings). */
  readonly scope?: readonly string[];
  /** At least one of these scopes. */
  readonly anyScope?: readonly string[];
  /** Top-level claims with exactly these values. */
  readonly claims?: Readonly<Record<string, ClaimScalar>>;
}

interface RuleBase {
  /**
   * `/exact`, `/with/:param` (one segment) or `/tree/*` (the path itself and everything below it). Literal segments hold
   * letters, digits, `-`, `_`, `.` and `~`. A trailing slash of the request is not looked at.
   */
  readonly path: string;
  /** Left out: every method of {@link ROUTE_METHODS}. GET includes HEAD (RFC 9110 section 9.3.2). */
  readonly methods?: readonly RouteMethod[];
}

/** Anyone may pass; no token is looked at and no identity is forwarded. */
export interface OpenRule extends RuleBase {
  readonly allow: "anyone";
  readonly require?: never;
}

/** A valid token is needed, and the requirement satisfied. */
export interface TokenRule extends RuleBase {
  readonly require: Requirement;
  readonly allow?: never;
}

export type RouteRule = OpenRule | TokenRule;

/** An ordered list: the first rule that matches method and path decides; a request that none matches is not forwarded. */
export type RoutePolicy = readonly RouteRule[];

/**
 * Gives a policy its type. Checks nothing at run time: the gateway checks the whole policy when it starts, and reports
 * all problems at once.
 */
export function defineRoutes(rules: RoutePolicy): RoutePolicy {
  return rules;
}
