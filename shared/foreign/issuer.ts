/**
 * One entry of `FOREIGN_ISSUERS`: another issuer whose tokens a gateway may accept, with everything that is asked of them.
 * Strict: each member is checked, an unknown one is refused, and no check is switched off by leaving a member out. Pure.
 */
import { ALGS } from "../algorithms.ts";
import type { Alg } from "../algorithms.ts";
import { parseAudience, parseIssuerUrl } from "../identifiers.ts";
import type { Audience, IssuerUrl } from "../identifiers.ts";
import { isExactNumber, isJsonObject, isWholeNumber } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { unknownOptionProblem } from "../options.ts";
import type { KnownOptions, OptionHints } from "../options.ts";
import { err, ok } from "../result.ts";
import type { Result } from "../result.ts";
import { normaliseTyp, TOKEN_TYPS } from "../verify-token.ts";
import type { TokenTyp } from "../verify-token.ts";
import { findSharedIssuer, isCognito } from "./tenants.ts";

/** A claim's value that can be compared exactly. */
export type PinnedValue = string | number | boolean;

/** An entry as it is written. Durations are seconds. docs/foreign-issuers.md has one for each well-known provider. */
export interface ForeignIssuerEntry {
  /** `iss` of its tokens, compared as an exact string: a slash at the end counts. */
  readonly issuer: string;
  /** Where its JWK Set is: https on the default port. */
  readonly jwks_uri: string;
  /** Accepted algorithms. A JWK without `alg` is used with these only. */
  readonly algs: readonly Alg[];
  /** `aud` names one of these. Required, unless `client_ids` is there. */
  readonly audiences?: readonly string[];
  /** `client_id`, or `azp`, is one of these. `aud` is never compared with them. */
  readonly client_ids?: readonly string[];
  /** By the claim's name: its value is one of these. */
  readonly claims?: Readonly<Record<string, readonly PinnedValue[]>>;
  /** Accepted `typ`; "none" stands for a header without one. Default all three. */
  readonly typs?: readonly (TokenTyp | "none")[];
  /** The claim that holds the scopes. Default `scope`, or `scp` in a token without `scope`. */
  readonly scope_claim?: string;
  /** The longest `exp - iat`. Default 86400. */
  readonly max_token_ttl?: number;
  /** Leeway on `exp`, `nbf` and `iat`. Default 60. */
  readonly clock_skew?: number;
  /** How old its keys may become while they cannot be read again. Default 3600, at most 86400. */
  readonly max_stale?: number;
  /**
   * Default "foreign": its `sub` is no user of the own issuer. "shared": both issuers name the same users, and the origin is
   * told no difference.
   */
  readonly subjects?: "foreign" | "shared";
}

/** An entry that has been checked. */
export interface ForeignIssuer {
  readonly issuer: IssuerUrl;
  readonly jwksUri: string;
  readonly algs: ReadonlySet<Alg>;
  readonly typs: ReadonlySet<TokenTyp | undefined>;
  /** undefined: the client decides, see {@link ForeignIssuer.clientIds}. */
  readonly audiences: readonly Audience[] | undefined;
  readonly clientIds: readonly string[] | undefined;
  readonly pins: readonly (readonly [claim: string, accepted: readonly PinnedValue[]])[];
  readonly scopeClaim: string | undefined;
  readonly maxTokenTtlSeconds: number;
  readonly clockSkewSeconds: number;
  readonly maxStaleSeconds: number;
  readonly sharesSubjects: boolean;
}

const MEMBERS: KnownOptions<ForeignIssuerEntry> = {
  issuer: true,
  jwks_uri: true,
  algs: true,
  audiences: true,
  client_ids: true,
  claims: true,
  typs: true,
  scope_claim: true,
  max_token_ttl: true,
  clock_skew: true,
  max_stale: true,
  subjects: true,
};

const HINTS: OptionHints = {
  iss: "issuer",
  jwks: "jwks_uri",
  alg: "algs",
  algorithms: "algs",
  audience: "audiences",
  aud: "audiences",
  client_id: "client_ids",
  typ: "typs",
};

/** The own issuer, by the name that rules use for it. */
export const OWN_ISSUER = "own";

/** More could not be told apart by a person who reads the configuration. */
const MAX_ISSUERS = 32;

const MAX_LIST = 64;

const DEFAULT_MAX_TOKEN_TTL_SECONDS = 86_400;
/** Entra's tokens with continuous access evaluation last 28 hours; a token that lasts longer than a week is a password. */
const MAX_TOKEN_TTL_SECONDS = 604_800;
const DEFAULT_CLOCK_SKEW_SECONDS = 60;
const MAX_CLOCK_SKEW_SECONDS = 300;
const DEFAULT_MAX_STALE_SECONDS = 3600;
const MAX_STALE_SECONDS = 86_400;

/**
 * @param value an array of {@link ForeignIssuerEntry}
 * @param ownIssuer whose tokens are no foreign ones
 * @returns the checked entries, or all problems, each the predicate of a sentence after the variable's name
 */
export function parseForeignIssuers(
  value: unknown,
  ownIssuer: string,
): Result<readonly ForeignIssuer[], readonly string[]> {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ISSUERS) {
    return err([`must be a JSON array of 1 to ${MAX_ISSUERS} entries`]);
  }
  const issuers: ForeignIssuer[] = [];
  const problems: string[] = [];
  for (const [index, entry] of value.entries()) {
    const parsed = parseForeignIssuer(entry);
    if (!parsed.ok) problems.push(...parsed.error.map((problem) => `[${index}] ${problem}`));
    else if (parsed.value.issuer === ownIssuer) problems.push(`[${index}] issuer must not be the own issuer`);
    else if (issuers.some(({ issuer }) => issuer === parsed.value.issuer)) {
      problems.push(`[${index}] issuer stands in another entry already`);
    } else issuers.push(parsed.value);
  }
  return problems.length === 0 ? ok(issuers) : err(problems);
}

/** @returns the checked entry, or all problems, each beginning with the name of the member */
export function parseForeignIssuer(entry: unknown): Result<ForeignIssuer, readonly string[]> {
  const unknown = unknownOptionProblem(entry, MEMBERS, HINTS);
  if (!isJsonObject(entry) || unknown !== undefined) return err([unknown ?? "must be an object"]);
  const problems: string[] = [];
  const issuer = parseIssuerUrl(entry["issuer"]);
  if (!issuer.ok) problems.push(`issuer ${issuer.error}`);
  const jwksUri = parseJwksUri(entry["jwks_uri"]);
  if (!jwksUri.ok) problems.push(`jwks_uri ${jwksUri.error}`);
  const algs = listOf(entry, "algs", (one) => ALGS.find((alg) => alg === one), ALGS.join(", "), problems);
  if (algs === undefined && entry["algs"] === undefined) problems.push("algs is missing");
  const audiences = listOf(entry, "audiences", parseAudience, TEXTS, problems);
  const clientIds = listOf(entry, "client_ids", parseAudience, TEXTS, problems);
  const typs = listOf(entry, "typs", parseTyp, `${TOKEN_TYPS.join(", ")}, none`, problems) ?? [...TOKEN_TYPS, "none"];
  const pins = parsePins(entry["claims"], problems);
  const scopeClaim = entry["scope_claim"];
  const isScopeClaim = typeof scopeClaim === "string" && scopeClaim !== "";
  if (scopeClaim !== undefined && !isScopeClaim) problems.push("scope_claim must be a claim's name");
  const subjects = entry["subjects"] ?? "foreign";
  if (subjects !== "foreign" && subjects !== "shared") problems.push('subjects must be "foreign" or "shared"');
  const maxTokenTtlSeconds = duration(
    entry,
    "max_token_ttl",
    DEFAULT_MAX_TOKEN_TTL_SECONDS,
    [1, MAX_TOKEN_TTL_SECONDS],
    problems,
  );
  const clockSkewSeconds = duration(
    entry,
    "clock_skew",
    DEFAULT_CLOCK_SKEW_SECONDS,
    [0, MAX_CLOCK_SKEW_SECONDS],
    problems,
  );
  const maxStaleSeconds = duration(entry, "max_stale", DEFAULT_MAX_STALE_SECONDS, [0, MAX_STALE_SECONDS], problems);
  if (entry["audiences"] === undefined && entry["client_ids"] === undefined) {
    problems.push("audiences is missing (or client_ids, for an issuer whose access tokens have no aud)");
  }
  if (clientIds !== undefined && !tellsAccessTokens(pins, typs)) problems.push(CLIENTS_ALONE);
  if (issuer.ok && isCognito(new URL(issuer.value)) && !pins.some(([claim]) => claim === "token_use")) {
    problems.push(
      'claims must have token_use, ["access"]: nothing else tells Cognito\'s access tokens from its ID tokens',
    );
  }
  if (issuer.ok && jwksUri.ok) problems.push(...tenantProblems(new URL(issuer.value), jwksUri.value, pins));
  if (!issuer.ok || !jwksUri.ok || problems.length > 0) return err(problems);
  return ok({
    issuer: issuer.value,
    jwksUri: jwksUri.value.href,
    algs: new Set(algs),
    typs: new Set(typs.map((typ) => (typ === "none" ? undefined : typ))),
    audiences,
    clientIds,
    pins,
    scopeClaim: isScopeClaim ? scopeClaim : undefined,
    maxTokenTtlSeconds,
    clockSkewSeconds,
    maxStaleSeconds,
    sharesSubjects: subjects === "shared",
  });
}

const TEXTS = "texts of 1 to 512 visible ASCII characters";

/** An ID token of the same issuer names the same client, has the same keys and, at most providers, the same `typ`. */
const CLIENTS_ALONE =
  'client_ids does not tell an access token from an ID token: add claims with token_use or typ, or typs with "at+jwt" alone';

function tellsAccessTokens(pins: ForeignIssuer["pins"], typs: readonly (TokenTyp | "none")[]): boolean {
  return typs.every((typ) => typ === "at+jwt") || pins.some(([claim]) => claim === "token_use" || claim === "typ");
}

function tenantProblems(issuer: URL, jwksUri: URL, pins: ForeignIssuer["pins"]): readonly string[] {
  const shared = findSharedIssuer(issuer, jwksUri);
  if (shared === undefined || pins.some(([claim]) => shared.pins.includes(claim))) return [];
  const [advice, ...others] = shared.pins;
  return [`claims must name yours among the tenants of ${shared.name}: ${advice} (or ${others.join(", ")})`];
}

/**
 * https on the default port, at a host that has a name: an address of a metadata service has none. A query is allowed (Entra's
 * keys of one application have `?appid=`).
 */
export function parseJwksUri(value: unknown): Result<URL, string> {
  const url = typeof value === "string" && value.length <= 2048 ? URL.parse(value) : null;
  if (url === null) return err("must be an absolute URL");
  if (url.protocol !== "https:") return err("must use https");
  if (url.port !== "") return err("must use the default port");
  if (url.username !== "" || url.password !== "") return err("must not contain credentials");
  if (url.href.includes("#")) return err("must not have a fragment");
  // A URL parser gives an IPv4 address, however it is written, four decimal parts; a top-level domain is never a number.
  if (!/^[\w-]+(?:\.[\w-]+)*\.[a-z][\w-]*$/.test(url.hostname)) return err("must name a host, not an address");
  // metadata.google.internal, say (RFC 6761, RFC 6762, and the name that ICANN has reserved for private use).
  if (/\.(?:internal|local|localhost)$/.test(url.hostname)) return err("must name a host of the Internet");
  return ok(url);
}

function parseTyp(value: unknown): TokenTyp | "none" | undefined {
  const typ = typeof value === "string" ? normaliseTyp(value) : "";
  return typ === "none" ? typ : TOKEN_TYPS.find((known) => known === typ);
}

function listOf<One>(
  entry: JsonObject,
  member: keyof ForeignIssuerEntry,
  parse: (value: unknown) => One | undefined,
  choices: string,
  problems: string[],
): readonly One[] | undefined {
  const value = entry[member];
  if (value === undefined) return undefined;
  const parsed = Array.isArray(value) ? value.map(parse).filter((one) => one !== undefined) : [];
  if (Array.isArray(value) && value.length > 0 && value.length <= MAX_LIST && parsed.length === value.length)
    return parsed;
  problems.push(`${member} must be a list of 1 to ${MAX_LIST} of ${choices}`);
  return undefined;
}

function parsePins(value: unknown, problems: string[]): ForeignIssuer["pins"] {
  if (value === undefined) return [];
  const pins: (readonly [string, readonly PinnedValue[]])[] = [];
  for (const [claim, accepted] of isJsonObject(value) ? Object.entries(value) : []) {
    const values: readonly unknown[] = Array.isArray(accepted) ? accepted : [];
    const pinned = values.filter(isPinnedValue);
    if (pinned.length > 0 && pinned.length === values.length && values.length <= MAX_LIST) pins.push([claim, pinned]);
    else problems.push(`claims.${claim} must be a list of 1 to ${MAX_LIST} accepted values`);
  }
  if (pins.length === 0 && problems.length === 0) {
    problems.push("claims must be an object from a claim's name to a list of accepted values");
  }
  return pins;
}

function isPinnedValue(value: unknown): value is PinnedValue {
  return (typeof value === "string" && value !== "") || typeof value === "boolean" || isExactNumber(value);
}

function duration(
  entry: JsonObject,
  member: keyof ForeignIssuerEntry,
  ifAbsent: number,
  [least, most]: readonly [number, number],
  problems: string[],
): number {
  const value = entry[member] ?? ifAbsent;
  if (isWholeNumber(value, least) && value <= most) return value;
  problems.push(`${member} must be a whole number of seconds from ${least} to ${most}`);
  return ifAbsent;
}
