/**
 * Whether a token may be taken back by showing it: only one that its issuer has signed, so that forged tokens fill no list. What a
 * verifier checks after the signature decides where and when a token is accepted, and says nothing against taking it back: a token
 * of another audience, or one that becomes valid tomorrow, is as dangerous when it is stolen.
 */
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds } from "../../shared/identifiers.ts";
import { parseJsonObject } from "../../shared/json.ts";
import type { JsonObject } from "../../shared/json.ts";
import { parseCompactJws } from "../../shared/jws.ts";
import type { TokenRejection } from "../../shared/rejection.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import type { VerifiedToken } from "../../shared/verify-token.ts";
import { SealgateError } from "../errors.ts";

/** As `createVerifier` and `createKmsVerifier` make one. */
export interface TokenVerifier<Refusal extends { readonly code: string } = { readonly code: string }> {
  verify(token: string): Promise<Result<Pick<VerifiedToken, "claims">, Refusal>>;
}

/** What a token is taken back by. */
export interface TokenName {
  readonly jti: string;
  /** `exp`, epoch seconds. */
  readonly expiresAt: number;
}

/** For a verifier that has to have audiences: no token has this one, and a mismatch is looked past. */
export const NO_AUDIENCE = "sealgate-revocation";

/** A verifier finds these after the signature and the issuer have held. */
const GENUINE: ReadonlySet<string> = new Set([
  "audience_mismatch",
  "token_not_yet_valid",
  "token_issued_in_future",
  // The verifier allows K after `exp`. Below it is 2K, since an edge's clock may be behind.
  "token_expired",
  // Another table may still lack the entry.
  "token_revoked",
]);

/** These say nothing of the token. */
interface Unknowable {
  readonly code: "keys_unavailable" | "revocations_unavailable";
}

/**
 * @param clockSkewSeconds K: an edge whose clock is behind accepts a token until `exp` + 2K by this host's
 * @returns the rejection when nothing accepts the token anyway
 * @throws SealgateError `revocation_unverified` while keys or list cannot be read; `input_invalid` for a genuine token without
 *   `jti`
 */
export async function proveToken<Refusal extends { readonly code: string }>(
  verifier: TokenVerifier<Refusal>,
  token: string,
  clockSkewSeconds: number,
  now: EpochSeconds,
): Promise<Result<TokenName, Exclude<Refusal, Unknowable> | TokenRejection>> {
  const verified = await verifier.verify(token);
  if (!verified.ok) {
    if (!isRefusal(verified.error)) throw unverified(verified.error);
    if (!GENUINE.has(verified.error.code)) return err(verified.error);
  }
  const { jti, exp } = verified.ok ? verified.value.claims : claimsOf(token);
  const expiresAt = parseEpochSeconds(exp);
  if (expiresAt === undefined) return err({ code: "claim_invalid", claim: "exp" });
  if (expiresAt + 2 * clockSkewSeconds <= now)
    return err({ code: "token_expired", expiredForSeconds: now - expiresAt });
  if (typeof jti === "string" && jti !== "") return ok({ jti, expiresAt });
  const message = "Nothing was revoked: the token has no jti. Take back its session or its subject.";
  throw new SealgateError("input_invalid", message);
}

function isRefusal<Refusal extends { readonly code: string }>(error: Refusal): error is Exclude<Refusal, Unknowable> {
  return error.code !== "keys_unavailable" && error.code !== "revocations_unavailable";
}

/** Of a token whose signature has held. */
function claimsOf(token: string): JsonObject {
  const jws = parseCompactJws(token);
  const payload = jws.ok ? parseJsonObject(jws.value.payload) : jws;
  return payload.ok ? payload.value : {};
}

function unverified(error: { readonly code: string; readonly problem?: unknown }): SealgateError {
  const what = error.code === "keys_unavailable" ? "key set" : "revocation list";
  const why = typeof error.problem === "string" ? ` (${error.problem})` : "";
  const message = `Nothing was revoked: the token cannot be verified, since the ${what} cannot be used${why}. Try again.`;
  return new SealgateError("revocation_unverified", message, { retryable: true });
}
