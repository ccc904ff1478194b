/**
 * Who calls, and whether the rule admits them: credentials, token, identity, requirement, in this order. Decides what is
 * found; whether that ends the request is the gateway's to say.
 */
import { epochSecondsFromMs } from "../shared/identifiers.ts";
import type { VerifiedToken } from "../shared/verify-token.ts";
import { readBearerToken } from "./http/bearer.ts";
import { identityOf } from "./http/identity.ts";
import type { Identity } from "./http/identity.ts";
import type { Refusal } from "./http/refusal.ts";
import type { WaitUntil } from "./keys/held-key-set.ts";
import type { TokenVerifier } from "./keys/token-verifier.ts";
import { firstDenial } from "./policy/checks.ts";
import type { CompiledRequirement } from "./policy/compile.ts";

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

const NOBODY: Admission = { token: undefined, identity: undefined, refusal: undefined };

/** @param nowMs epoch milliseconds */
export async function admit(
  { headers }: Request,
  { requirement, anonymous }: AdmissionRule,
  verifier: TokenVerifier,
  nowMs: number,
  waitUntil: WaitUntil,
): Promise<Admission> {
  const bearer = readBearerToken(headers.get("authorization"));
  if (!bearer.ok) {
    return anonymous && bearer.error.code === "token_missing" ? NOBODY : { ...NOBODY, refusal: bearer.error };
  }
  const verified =
    verifier.recall(bearer.value, nowMs, waitUntil) ?? (await verifier.verify(bearer.value, nowMs, waitUntil));
  if (!verified.ok) return { ...NOBODY, refusal: verified.error };
  const token = verified.value;
  const known = identityOf(token);
  if (!known.ok) return { token, identity: undefined, refusal: known.error };
  const identity = known.value;
  const subject = { claims: token.claims, scopes: identity.scopes, now: epochSecondsFromMs(nowMs) };
  return { token, identity, refusal: firstDenial(requirement, subject) };
}
