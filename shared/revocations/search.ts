/**
 * Whether a verified token has been taken back: its `jti`, its `sid`, or its `sub` with an `iat` before the cut. Pure but for
 * what is noted beside each token, so that a token that comes again costs no hash, and no search while the lists are the same.
 */
import type { VerifiedClaims } from "../claims.ts";
import type { TokenRejection } from "../rejection.ts";
import type { VerifiedToken } from "../verify-token.ts";
import { REVOCATION_KINDS, revocationPrefix } from "./prefix.ts";
import type { RevocationKind, RevocationPrefix } from "./prefix.ts";
import { cutAt, findEntry } from "./sections.ts";
import type { RevocationList } from "./signed-list.ts";

/** Searches the lists of all rings: an entry counts whichever ring's list holds it, since entries belong to the issuer. */
export interface RevocationSearch {
  /**
   * @param token as the token memory hands it out: the same object for the same token
   * @param lists the same array for as long as no list is replaced
   * @returns why the token is refused; undefined when no list names it
   */
  find(token: VerifiedToken, lists: readonly RevocationList[]): TokenRejection | undefined;
}

/** What is noted about a token. */
interface Note {
  /** A kind that is missing has not been hashed yet: no list had an entry of it. */
  readonly prefixes: Partial<Record<RevocationKind, RevocationPrefix>>;
  lists: readonly RevocationList[];
  found: TokenRejection | undefined;
}

export function createRevocationSearch(): RevocationSearch {
  // Keyed by what the token memory keeps, so that a note goes when its token is forgotten.
  const notes = new WeakMap<VerifiedToken, Note>();
  return {
    find(token, lists) {
      const note = notes.get(token);
      if (note?.lists === lists) return note.found;
      const prefixes = note?.prefixes ?? {};
      const found = search(token.claims, lists, prefixes);
      if (note === undefined) notes.set(token, { prefixes, lists, found });
      else Object.assign(note, { lists, found });
      return found;
    },
  };
}

function search(
  claims: VerifiedClaims,
  lists: readonly RevocationList[],
  prefixes: Note["prefixes"],
): TokenRejection | undefined {
  const unnamed = refuseUnnamed(claims);
  if (unnamed !== undefined) return unnamed;
  for (const { counts, sections } of lists) {
    for (const kind of REVOCATION_KINDS) {
      const value = claims[kind];
      if (counts[kind] === 0 || typeof value !== "string") continue;
      const prefix = (prefixes[kind] ??= revocationPrefix(kind, claims.iss, value));
      const at = findEntry(sections, kind, prefix);
      if (at === undefined) continue;
      // Written so that a comparison with NaN refuses.
      if (kind !== "sub" || !(Number(claims.iat) >= cutAt(sections, at))) return { code: "token_revoked", by: kind };
    }
  }
  return undefined;
}

/**
 * A token that could not be taken back is not accepted where tokens can be: one without `jti`, one without `iat` (which a subject's
 * cut is compared with), or one whose `sid` names no session (OpenID Connect Front-Channel Logout 1.0 section 3). Without `sid` or `sub`
 * a token is in no such entry.
 */
function refuseUnnamed({ jti, iat, sid }: VerifiedClaims): TokenRejection | undefined {
  if (jti === undefined || jti === "") return { code: "claim_missing", claim: "jti" };
  if (iat === undefined) return { code: "claim_missing", claim: "iat" };
  return sid === undefined || (typeof sid === "string" && sid !== "")
    ? undefined
    : { code: "claim_invalid", claim: "sid" };
}
