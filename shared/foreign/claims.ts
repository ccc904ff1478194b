/**
 * The claims of another issuer's token: the registered ones as for an own token (shared/claims.ts), and what the issuer's
 * entry asks for besides. Pure; `now` is passed in.
 */
import { checkClaims } from "../claims.ts";
import type { VerifiedClaims } from "../claims.ts";
import { parseAudience } from "../identifiers.ts";
import type { EpochSeconds } from "../identifiers.ts";
import type { JsonObject, JsonValue } from "../json.ts";
import type { ForeignTokenRejection, TokenRejection } from "../rejection.ts";
import { err, ok } from "../result.ts";
import type { Result } from "../result.ts";
import type { ForeignIssuer } from "./issuer.ts";

/**
 * Checks the registered claims, the client, and the pinned claims, in this order.
 * @returns the claims; `aud` of a token without one is an empty list, so that no audience is ever found in it
 */
export function checkForeignClaims(
  claims: JsonObject,
  issuer: ForeignIssuer,
  now: EpochSeconds,
): Result<VerifiedClaims, TokenRejection | ForeignTokenRejection> {
  const registered = checkRegistered(claims, issuer, now);
  if (!registered.ok) return registered;
  if (issuer.clientIds !== undefined && !isFromClient(claims, issuer.clientIds))
    return err({ code: "client_not_allowed" });
  for (const [claim, accepted] of issuer.pins) {
    const value = claims[claim];
    if (value === undefined) return err({ code: "claim_missing", claim });
    if (!accepted.some((one) => one === value)) return err({ code: "claim_not_accepted", claim });
  }
  return registered;
}

/** Stands for `aud` where the client is asked for instead. */
const [ANY_AUDIENCE] = [parseAudience("-")].filter((one) => one !== undefined);

function checkRegistered(
  claims: JsonObject,
  { issuer, audiences, clockSkewSeconds, maxTokenTtlSeconds }: ForeignIssuer,
  now: EpochSeconds,
): Result<VerifiedClaims, TokenRejection> {
  const rules = { issuer, clockSkewSeconds, maxTokenTtlSeconds };
  if (audiences !== undefined) return checkClaims(claims, { ...rules, audiences }, now);
  const aud = audienceOf(claims["aud"]);
  if (aud === undefined) return err({ code: "claim_invalid", claim: "aud" });
  const standIn = ANY_AUDIENCE === undefined ? [] : [ANY_AUDIENCE];
  const checked = checkClaims({ ...claims, aud: standIn }, { ...rules, audiences: standIn }, now);
  return checked.ok ? ok({ ...checked.value, aud }) : checked;
}

function audienceOf(aud: unknown): string | readonly string[] | undefined {
  if (aud === undefined) return [];
  if (typeof aud === "string") return aud;
  const texts = Array.isArray(aud) ? aud.filter((one) => typeof one === "string") : [];
  return Array.isArray(aud) && texts.length === aud.length ? texts : undefined;
}

/** `client_id` (RFC 9068 section 2.2) or `azp` (OpenID Connect Core section 2); a token with both must fit by both. */
function isFromClient({ client_id: clientId, azp }: JsonObject, clientIds: readonly string[]): boolean {
  const named = [clientId, azp].filter((one) => one !== undefined);
  return named.length > 0 && named.every((one) => clientIds.some((known) => known === one));
}

/**
 * The scopes of a token as one text (RFC 8693 section 4.2): of the claim that the entry names, else `scope`, else `scp`, each
 * as text or as an array of texts.
 * @returns undefined when the token has none; what is neither text nor an array grants nothing
 */
export function foreignScope(claims: VerifiedClaims, { scopeClaim }: ForeignIssuer): JsonValue | undefined {
  const value = scopeClaim === undefined ? (claims["scope"] ?? claims["scp"]) : claims[scopeClaim];
  return typeof value === "string" || Array.isArray(value) ? value : undefined;
}
