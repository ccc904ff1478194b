/**
 * The words of a route policy: what `routes.ts` may say, as types, so that a misspelt key does not compile. The same
 * rules are checked again at start-up (compile.ts), for policies that were not type-checked.
 */
import type { Requirement } from "./requirement.ts";

/**
 * Methods of a rule that names none. Any other method is answered 405 and never forwarded, unless a rule names it: TRACE and
 * CONNECT reflect or tunnel, and what the rest means is between a client and an origin that no policy here describes.
 */
export const ROUTE_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;

export type RouteMethod = (typeof ROUTE_METHODS)[number];

/**
 * Methods that a rule may name with the feature `furtherMethods`. workerd passes no others but TRACE, and COPY and MOVE, which name a
 * second path in `Destination` that no rule would be asked about.
 */
export type FurtherMethod =
  | "ACL"
  | "BAN"
  | "CHECKOUT"
  | "LOCK"
  | "MERGE"
  | "MKACTIVITY"
  | "MKCOL"
  | "MSEARCH"
  | "NOTIFY"
  | "PROPFIND"
  | "PROPPATCH"
  | "PURGE"
  | "QUERY"
  | "REPORT"
  | "SEARCH"
  | "SUBSCRIBE"
  | "UNLOCK"
  | "UNSUBSCRIBE";

/**
 * `enforce`: the rule decides. `report`: the rule is evaluated and what it would have refused is logged, and the request is
 * forwarded all the same, without an identity. For migrations, when the origin still decides.
 */
export type RuleMode = "enforce" | "report";

/**
 * What a path may hold although not every origin reads it alike: `%2F`, two slashes in a row, `;` with what follows it in a
 * segment, three more escapes, and characters that RFC 3986 does not allow and browsers send all the same.
 */
export const PATH_ODDITIES = [
  ...(["encoded_slash", "empty_segment", "path_parameters"] as const),
  ...(["%23", "%25", "%3F", "|", "[", "]", "^", "`"] as const),
] as const;

/** The first three as they stand in a path, and in the log. */
export const ODDITY_SIGNS = { "%2F": "encoded_slash", "//": "empty_segment", ";": "path_parameters" } as const;

export type PathOddity = (typeof PATH_ODDITIES)[number];

interface RuleBase {
  /**
   * `/exact`, `/with/:param` (one segment) or `/tree/*` (the path itself and everything below it). Literal segments hold
   * letters, digits, `-`, `_`, `.` and `~`. A trailing slash of the request is not looked at.
   */
  readonly path: string;
  /** Left out: every method of {@link ROUTE_METHODS}. GET includes HEAD (RFC 9110 section 9.3.2). */
  readonly methods?: readonly (RouteMethod | FurtherMethod)[];
  /**
   * Paths with these are not refused if every reading of them falls under this rule (feature `pathTolerance`). Left out: none.
   */
  readonly tolerate?: readonly (PathOddity | keyof typeof ODDITY_SIGNS)[];
  /**
   * Where its requests go: `"billing"` is the binding `ORIGIN_BILLING`, or the URL `ORIGIN_URL_BILLING` (feature `origins`). Left
   * out: `ORIGIN`, `ORIGIN_URL`.
   */
  readonly origin?: string;
  /**
   * With how much of its path the rule's own `path` begins that the origin does not get: with `"/billing"`, `/billing/invoices`
   * is `/invoices` there (feature `origins`). Left out: the origin gets the whole path.
   */
  readonly stripPrefix?: string;
  /**
   * `true`: an answer's body ends at the token's `exp`, and when the token is taken back: for server-sent events and long downloads
   * (feature `revocations`). Left out: the body goes on until the client or the origin ends it.
   */
  readonly endWithToken?: true;
}

/** Anyone may pass; no token is looked at and no identity is forwarded. */
export interface OpenRule extends RuleBase {
  readonly allow: "anyone";
  readonly require?: never;
  readonly mode?: never;
}

/** A request without credentials passes, without an identity. One with a valid token passes as its subject; a bad token is refused. */
export interface OptionalTokenRule extends RuleBase {
  readonly allow: "anonymous";
  readonly require?: never;
  /** `enforce` by default. */
  readonly mode?: RuleMode;
}

/** A valid token is needed, and the requirement satisfied. */
export interface TokenRule extends RuleBase {
  readonly require: Requirement;
  readonly allow?: never;
  /** `enforce` by default. */
  readonly mode?: RuleMode;
}

export type RouteRule = OpenRule | OptionalTokenRule | TokenRule;

/** An ordered list: the first rule that matches method and path decides; a request that none matches is not forwarded. */
export type RoutePolicy = readonly RouteRule[];

/**
 * Gives a policy its type. Checks nothing at run time: the gateway checks the whole policy when it starts, and reports
 * all problems at once.
 */
export function defineRoutes(rules: RoutePolicy): RoutePolicy {
  return rules;
}
