/**
 * What the origin learns about a caller of another issuer: headers of their own, so that the subject of another issuer is never
 * taken for one of ours, not even by an origin that knows nothing of other issuers.
 */
import { foreignScope } from "../../shared/foreign/claims.ts";
import type { ForeignIssuer } from "../../shared/foreign/issuer.ts";
import { err, ok } from "../../shared/result.ts";
import type { Result } from "../../shared/result.ts";
import type { VerifiedToken } from "../../shared/verify-token.ts";
import { scopesOf } from "../policy/scopes.ts";
import { encodeHeaderValue, MAX_IDENTITY_LENGTH } from "./identity.ts";
import type { Identity, IdentityProblem, IdentityReader } from "./identity.ts";

export const ISSUER_HEADER = "x-sealgate-issuer";

export const FOREIGN_SUBJECT_HEADER = "x-sealgate-foreign-subject";

/**
 * @param own for tokens of the own issuer, and of issuers whose subjects are the same users
 * @param issuers by `iss`
 */
export function createForeignIdentityReader(
  own: IdentityReader,
  issuers: ReadonlyMap<string, ForeignIssuer>,
): IdentityReader {
  const known = new WeakMap<VerifiedToken, Result<Identity, IdentityProblem>>();
  return (token) => {
    const issuer = issuers.get(token.claims.iss);
    if (issuer === undefined) return own(token);
    const before = known.get(token);
    if (before !== undefined) return before;
    const { scope: _, ...claims } = token.claims;
    const scope = foreignScope(token.claims, issuer);
    // Wherever the issuer writes them: as an own token has them.
    const readable: VerifiedToken = { ...token, claims: { ...token.claims, ...claims, scope } };
    const identity = issuer.sharesSubjects ? own(readable) : readIdentity(readable);
    known.set(token, identity);
    return identity;
  };
}

function readIdentity({ claims }: VerifiedToken): Result<Identity, IdentityProblem> {
  const headers: [string, string][] = [];
  for (const [name, claim] of [
    [ISSUER_HEADER, "iss"],
    [FOREIGN_SUBJECT_HEADER, "sub"],
  ] as const) {
    const value = encodeHeaderValue(claims[claim] ?? "");
    if (value.length > MAX_IDENTITY_LENGTH) return err({ code: "identity_too_long", claim });
    if (value !== "") headers.push([name, value]);
  }
  return ok({ scopes: scopesOf(claims), headers, isForeign: true });
}
