/**
 * Issues tokens: puts the registered claims in place, refuses what a verifier would refuse, and has the rest signed. The
 * issuer decides nothing about who may have which claims; the caller has authenticated a user or service before it asks.
 */
import { checkClaims } from "../shared/claims.ts";
import { parseAudience, parseEpochSeconds } from "../shared/identifiers.ts";
import type { Audience, EpochSeconds, IssuerUrl } from "../shared/identifiers.ts";
import type { JsonObject, JsonValue } from "../shared/json.ts";
import { unknownOptionProblem } from "../shared/options.ts";
import type { KnownOptions, OptionHints } from "../shared/options.ts";
import type { TokenRejection } from "../shared/rejection.ts";
import { DEFAULT_MAX_TOKEN_BYTES } from "../shared/verify-token.ts";
import { SealgateError } from "./errors.ts";
import { checkIssuerOptions, poolOf } from "./issuer-options.ts";
import type { IssuerOptions } from "./issuer-options.ts";
import { takePlainJson } from "./plain-json.ts";
import { signCompactJws, toSigningInput, tokenBytesOf } from "./token.ts";
import { isWholeNumber } from "../shared/whole-number.ts";

/** "at+jwt" asks for the access token profile of RFC 9068. */
export type IssuedTyp = "JWT" | "at+jwt";

export interface SignOptions {
  /** Lifetime in seconds, a whole number above 0. */
  readonly ttlSeconds?: number;
  /** Becomes `aud`; without it, the claims must hold `aud`: a token is meant for certain services, and edges check for which. */
  readonly audience?: string | readonly string[];
  /** Default "JWT". */
  readonly typ?: IssuedTyp;
  /**
   * Longest time for the token, in milliseconds; of several rings, home gets half of it. By default 10000 with several rings,
   * and otherwise what the calls to KMS may take.
   */
  readonly deadlineMs?: number;
}

export interface IssuedToken {
  /** Compact JWS. */
  readonly token: string;
  readonly kid: string;
  /** `exp`, epoch seconds. */
  readonly expiresAt: number;
  readonly jti: string;
}

export interface Issuer {
  /**
   * Signs a token. `iss`, `iat`, `exp` and `jti` are set here.
   * @param claims an object of plain JSON values. Give the tokens of one login the same `sid`, a text: `revokeSession(sid)` then takes
   *   them back when the user logs out
   * @throws SealgateError `claims_refused` naming the claim, `lifetime_too_long`, `input_invalid`, or a `kms_…` code
   */
  sign(claims: object, options?: SignOptions): Promise<IssuedToken>;
}

/** What the token is like: those of {@link SignOptions} that a caller from elsewhere may choose. */
export type TokenOptions = Omit<SignOptions, "deadlineMs">;

export const KNOWN_TOKEN_OPTIONS: KnownOptions<TokenOptions> = { ttlSeconds: true, audience: true, typ: true };

const KNOWN_SIGN_OPTIONS: KnownOptions<SignOptions> = { ...KNOWN_TOKEN_OPTIONS, deadlineMs: true };

/** As other libraries call them, and what belongs elsewhere. */
export const SIGN_OPTION_HINTS: OptionHints = {
  expiresIn: "ttlSeconds, a number of seconds",
  exp: "ttlSeconds, counted from now",
  aud: "audience",
  type: "typ",
  subject: "the claim sub",
  sub: "the claim sub",
  jwtid: "nothing: the issuer chooses jti",
  jti: "nothing: the issuer chooses jti",
  kid: "nothing: the kid is the key's thumbprint",
  keyid: "nothing: the kid is the key's thumbprint",
  header: "typ; nothing else of the header can be chosen",
  alg: "the alg of the signer or ring",
  algorithm: "the alg of the signer or ring",
  issuer: "the issuer of createIssuer",
  notBefore: "the claim nbf",
  timeout: "deadlineMs of sign",
};

/** Set by the issuer alone (RFC 7519 sections 4.1.1, 4.1.4, 4.1.6 and 4.1.7). */
const RESERVED_CLAIMS = ["iss", "iat", "exp", "jti"];

/** RFC 9068 section 2.2: required besides iss, exp, iat and jti, which every token has, and aud, likewise. */
const ACCESS_TOKEN_CLAIMS = ["sub", "client_id"];

/**
 * Makes an issuer.
 * @throws TypeError for options that make no sense, all of them named at once
 */
export function createIssuer(options: IssuerOptions): Issuer {
  const settings = checkIssuerOptions(options);
  const { maxTokenTtlSeconds, defaultTtlSeconds, clock, newJti } = settings;
  const signers = poolOf(options);
  return {
    async sign(claims, signOptions = {}) {
      checkSignOptions(signOptions);
      const { deadlineMs } = signOptions;
      if (deadlineMs !== undefined) checkDeadline(deadlineMs);
      const ttlSeconds = checkTtl(signOptions.ttlSeconds ?? defaultTtlSeconds, maxTokenTtlSeconds);
      const typ = checkTyp(signOptions.typ ?? "JWT");
      const callers = takeClaims(claims, signOptions.audience, typ);
      // The signer first: finding it may take a while, and the token's time starts when it is signed.
      return signers.use(async (signer) => {
        const iat = readClock(clock);
        const payload = { iss: settings.issuer, ...callers, iat, exp: iat + ttlSeconds, jti: readJti(newJti) };
        requireVerifiable(payload, maxTokenTtlSeconds);
        const signingInput = toSigningInput({ alg: signer.alg, kid: signer.kid, typ }, payload);
        requireTokenSize(tokenBytesOf(signingInput, signer));
        const token = await signCompactJws(signer, signingInput);
        return { token, kid: signer.kid, expiresAt: payload.exp, jti: payload.jti };
      }, deadlineMs);
    },
  };
}

/** Strict, as the Lambda and `serve` are: a misspelt option must not become a token with another lifetime. */
function checkSignOptions(options: unknown): void {
  const problem = unknownOptionProblem(options, KNOWN_SIGN_OPTIONS, SIGN_OPTION_HINTS);
  if (problem !== undefined) throw new SealgateError("input_invalid", `The options of sign ${problem}.`);
}

function checkTtl(ttlSeconds: number, maxTokenTtlSeconds: number): number {
  if (!isWholeNumber(ttlSeconds, 1)) {
    throw new SealgateError("input_invalid", "ttlSeconds must be a whole number of seconds above 0.");
  }
  if (ttlSeconds <= maxTokenTtlSeconds) return ttlSeconds;
  throw new SealgateError(
    "lifetime_too_long",
    `A token may live at most ${maxTokenTtlSeconds} s (maxTokenTtlSeconds), and ${ttlSeconds} s were asked for. ` +
      "Ask for less, or raise maxTokenTtlSeconds: first what the ring's policy says, or the verifiers if one key signs, and " +
      "then the issuer's.",
  );
}

function checkDeadline(deadlineMs: number): void {
  if (isWholeNumber(deadlineMs, 1)) return;
  throw new SealgateError("input_invalid", "deadlineMs must be a whole number of milliseconds above 0.");
}

function checkTyp(typ: IssuedTyp): IssuedTyp {
  if (typ === "JWT" || typ === "at+jwt") return typ;
  throw new SealgateError("input_invalid", 'typ must be "JWT" or "at+jwt".');
}

/** The caller's claims with `aud` in place, checked as far as they can be without the issuer's own. */
function takeClaims(claims: unknown, audience: SignOptions["audience"], typ: IssuedTyp): JsonObject {
  const taken = takePlainJson(claims);
  if (!taken.ok) throw refused(taken.error.path, taken.error.rule);
  const callers = taken.value;
  for (const claim of RESERVED_CLAIMS) {
    if (Object.hasOwn(callers, claim)) throw refused(claim, "is set by the issuer and cannot be passed");
  }
  if (audience !== undefined && Object.hasOwn(callers, "aud")) {
    throw refused("aud", "is given twice, as a claim and as the audience option");
  }
  const aud = takeAudience(audience ?? callers["aud"]);
  requireOneReading(callers["scope"]);
  requireSession(callers["sid"]);
  if (typ === "at+jwt") {
    for (const claim of ACCESS_TOKEN_CLAIMS) {
      if (typeof callers[claim] !== "string" || callers[claim] === "") {
        throw refused(claim, "is required in an access token, as a string that is not empty (RFC 9068 section 2.2)");
      }
    }
  }
  return { ...callers, aud };
}

/** RFC 6749 section 3.3: what one scope consists of, visible ASCII without `"` and `\`. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

/**
 * A scope that holds a space is one scope to the edge, which compares elements, and two to an origin that is told all of them
 * in one header. Text is cut at single spaces (RFC 8693 section 4.2): other white space is cut by some readers and kept by others.
 */
function requireOneReading(scope: JsonValue | undefined): void {
  if (scope === undefined || scope === "") return;
  if (typeof scope !== "string" && !Array.isArray(scope))
    throw refused("scope", "must be a string or an array of strings");
  const scopes: readonly unknown[] = typeof scope === "string" ? scope.split(" ") : scope;
  const position = scopes.findIndex((one) => typeof one !== "string" || !SCOPE.test(one));
  if (position === -1) return;
  throw typeof scope === "string"
    ? refused("scope", "must be scopes of visible ASCII without quotes and backslashes, separated by single spaces")
    : refused(`scope[${position}]`, "must be one scope: visible ASCII without spaces, quotes and backslashes");
}

/** An edge that reads revocation lists refuses a token whose session could not be taken back (shared/revocations/search.ts). */
function requireSession(sid: JsonValue | undefined): void {
  if (sid === undefined || (typeof sid === "string" && sid !== "")) return;
  throw refused("sid", "must be a text that is not empty: the session, by which its tokens are taken back");
}

function takeAudience(aud: unknown): Audience | readonly Audience[] {
  if (aud === undefined) {
    throw refused(
      "aud",
      "is required, as a claim or as the audience option: edges refuse a token that names no audience",
    );
  }
  const values: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const audiences = values.map(parseAudience).filter((audience) => audience !== undefined);
  const [first] = audiences;
  if (first === undefined || audiences.length !== values.length) {
    throw refused("aud", "must be one or more strings of 1 to 512 visible ASCII characters");
  }
  return Array.isArray(aud) ? audiences : first;
}

/** The edge's own checks, at the moment the token becomes valid: what an edge would refuse is not signed. */
function requireVerifiable(
  payload: JsonObject & { readonly iss: IssuerUrl; iat: EpochSeconds },
  maxSeconds: number,
): void {
  const aud = payload["aud"];
  const audiences = (Array.isArray(aud) ? aud : [aud]).map(parseAudience).filter((one) => one !== undefined);
  const rules = { issuer: payload.iss, audiences, clockSkewSeconds: 0, maxTokenTtlSeconds: maxSeconds };
  const notBefore = parseEpochSeconds(payload["nbf"]) ?? payload.iat;
  const validFrom = notBefore > payload.iat ? notBefore : payload.iat;
  const checked = checkClaims(payload, rules, validFrom);
  if (!checked.ok) throw toRefusal(checked.error);
}

function toRefusal(rejection: TokenRejection): SealgateError {
  if (rejection.code === "token_expired") return refused("nbf", "must lie before the token's end");
  return refused("claim" in rejection ? rejection.claim : "", `would be refused by every verifier: ${rejection.code}`);
}

function requireTokenSize(bytes: number): void {
  if (bytes <= DEFAULT_MAX_TOKEN_BYTES) return;
  throw refused("", `make a token of ${bytes} bytes; verifiers accept at most ${DEFAULT_MAX_TOKEN_BYTES}`);
}

function refused(path: string, rule: string): SealgateError {
  return new SealgateError("claims_refused", path === "" ? `The claims ${rule}.` : `The claim ${path} ${rule}.`);
}

function readJti(newJti: () => string): string {
  const jti: unknown = newJti();
  if (typeof jti !== "string" || jti === "") throw new TypeError("newJti must return a string that is not empty");
  return jti;
}

function readClock(clock: () => EpochSeconds): EpochSeconds {
  const now = parseEpochSeconds(Math.floor(clock()));
  if (now === undefined) throw new TypeError("clock must return epoch seconds");
  return now;
}
