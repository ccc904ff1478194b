/**
 * Who calls, and whether the rule admits them: credentials, token, identity, requirement, in this order. Says what it
 * has found; handle-request.ts decides whether that ends the request.
 */
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import type { Result } from "../../shared/result.ts";
import type { VerifiedToken } from "../../shared/verify-token.ts";
import { readBearerToken } from "../http/bearer.ts";
import type { CredentialProblem } from "../http/token-locations.ts";
import type { Identity, IdentityReader } from "../http/identity.ts";
import type { Refusal } from "./refusal.ts";
import type { WaitUntil } from "../../shared/keys/held-key-set.ts";
import type { ForeignProblem } from "../../shared/foreign/tokens.ts";
import type { TokenAnswer, TokenVerifier } from "../../shared/keys/token-verifier.ts";
import { firstDenial } from "../policy/checks.ts";
import type { CompiledRequirement } from "../policy/compile.ts";

export interface Admission {
  /** Verified; undefined for anonymous callers and for tokens that are not good. */
  readonly token: VerifiedToken | undefined;
  /** Of the verified token. */
  readonly identity: Identity | undefined;
  /** Why the rule does not admit the request. */
  readonly refusal: Refusal | undefined;
}

/** What a rule says about its callers. */
export interface AdmissionRule {
  readonly requirement: CompiledRequirement;
  /** A request without credentials is admitted. One with bad credentials is not. */
  readonly anonymous: boolean;
}

/** Where tokens are, if not in the Authorization header alone. */
export interface TokenLocations {
  /** The one token of a request. */
  read(request: Request): Result<string, CredentialProblem>;
  /** Where a request has credentials, good or not. */
  presentIn(request: Request): readonly string[];
  /**
   * Whether `Authorization` holds nothing but what has been verified, or was left to the origin.
   * @param admission undefined on a route that is open to anyone
   */
  mayForwardAuthorization(headers: Headers, admission: Admission | undefined): boolean;
  /** Takes the token out of what goes to the origin. */
  remove(headers: Headers): void;
  /** The origin's answer as the client must see it. */
  accept(request: Request, response: Response): Response;
}

export interface AdmissionParts {
  readonly verifier: TokenVerifier<ForeignProblem>;
  readonly hooks: { readonly tokenLocations?: TokenLocations };
  readonly identify: IdentityReader;
}

const ANONYMOUS: Admission = { token: undefined, identity: undefined, refusal: undefined };

/**
 * @param nowMs epoch milliseconds
 * @returns a promise only when the token is new here or keys have to be waited for
 */
export function admit(
  request: Request,
  { requirement, anonymous }: AdmissionRule,
  { verifier, hooks, identify }: AdmissionParts,
  nowMs: number,
  waitUntil: WaitUntil,
): Admission | Promise<Admission> {
  const presented = hooks.tokenLocations?.read(request) ?? readBearerToken(request.headers.get("authorization"));
  if (!presented.ok) {
    return anonymous && presented.error.code === "token_missing"
      ? ANONYMOUS
      : { ...ANONYMOUS, refusal: presented.error };
  }
  const decide = (verified: TokenAnswer<ForeignProblem>): Admission => decideOn(verified, requirement, identify, nowMs);
  const verified = verifier.verify(presented.value, nowMs, waitUntil);
  return verified instanceof Promise ? verified.then(decide) : decide(verified);
}

function decideOn(
  verified: TokenAnswer<ForeignProblem>,
  requirement: CompiledRequirement,
  identify: IdentityReader,
  nowMs: number,
): Admission {
  if (!verified.ok) return { ...ANONYMOUS, refusal: verified.error };
  const token = verified.value;
  const known = identify(token);
  const refusal = known.ok
    ? firstDenial(requirement, {
        claims: token.claims,
        scopes: known.value.scopes,
        now: epochSecondsFromMs(nowMs),
      })
    : known.error;
  // A request that is only reported goes on, and its caller has no identity.
  return { token, identity: known.ok && !refusal ? known.value : undefined, refusal };
}
