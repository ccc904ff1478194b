/**
 * The key set document as it lies in KV: a compact JWS by the ring's root key, `typ` "jwk-set+jwt". Used by the edge, and by
 * the issuer when it reads back what it has published.
 */
import type { EpochSeconds, IssuerUrl, RingName } from "./identifiers.ts";
import { parsePublicJwk } from "./jwk.ts";
import type { JwkProblem } from "./jwk.ts";
import { importNamedKey } from "./jws.ts";
import type { VerificationKey } from "./jws.ts";
import { parseKeySet } from "./key-set.ts";
import type { KeySetMemberProblem, ParsedKeySet } from "./key-set.ts";
import { err, ok } from "./result.ts";
import type { Result } from "./result.ts";
import { openSignedDocument, readEnvelope } from "./signed-document.ts";
import type { TrustAnchors } from "./signed-document.ts";

export { MAX_DOCUMENT_BYTES as MAX_KEY_SET_BYTES } from "./signed-document.ts";
export type { TrustAnchors } from "./signed-document.ts";

/** `typ` of the document (media type application/jwk-set+jwt, OpenID Federation 1.0 section 5.2.1). */
export const KEY_SET_TYP = "jwk-set+jwt";

/** At most three, so that a root key can be changed in steps. */
export const MAX_TRUST_ANCHORS = 3;

/** Why a text is not a key set document that may be used. Stable: logged and reported by the health endpoint. */
export type KeySetProblem =
  | { readonly code: "key_set_too_large" }
  | { readonly code: "key_set_malformed" }
  | { readonly code: "key_set_wrong_typ" }
  | { readonly code: "key_set_unknown_root" }
  | { readonly code: "key_set_signature_invalid" }
  | { readonly code: "key_set_member_invalid"; readonly member: KeySetMemberProblem }
  | { readonly code: "key_set_wrong_issuer" }
  | { readonly code: "key_set_wrong_ring" }
  | { readonly code: "key_set_expired"; readonly expiredForSeconds: number }
  | { readonly code: "key_set_issued_in_future"; readonly aheadSeconds: number }
  | { readonly code: "key_set_rev_too_low"; readonly rev: number; readonly leastRev: number };

export interface KeySetRules {
  readonly anchors: TrustAnchors;
  readonly issuer: IssuerUrl;
  /** A document that names another ring is refused; one that names no ring is taken for this one's. */
  readonly ring: RingName;
  /** Documents with a lower `rev` are refused (rollback). Use 1 when there is no floor. */
  readonly leastRev: number;
}

/**
 * Verifies and parses a key set document.
 *
 * The order is that of a token: size, segments, header, root key by kid with its own `alg`, signature, then the payload.
 * `exp` has no leeway: a document is renewed at half of its life, so its last minute is not needed. `iat` may lie ahead by
 * the skew that the document itself allows.
 * @param now epoch seconds
 */
export async function openKeySet(
  text: string,
  rules: KeySetRules,
  now: EpochSeconds,
): Promise<Result<ParsedKeySet, KeySetProblem>> {
  const payload = await openSignedDocument(text, KEY_SET_TYP, rules.anchors);
  if (!payload.ok) return err({ code: `key_set_${payload.error}` });
  const parsed = parseKeySet(payload.value);
  if (!parsed.ok) return err({ code: "key_set_member_invalid", member: parsed.error });
  const problem = checkDocument(parsed.value, rules, now);
  return problem === undefined ? parsed : err(problem);
}

/** Whether a text has the form of a signed key set document. Who has signed it, and whether it is in force, is not looked at. */
export function isSignedKeySet(text: string): boolean {
  return readEnvelope(text, KEY_SET_TYP).ok;
}

/** The problems of a list of trust anchors, one line each. */
export type TrustAnchorProblem = {
  readonly index: number;
  readonly problem: JwkProblem | "kid_mismatch" | "import_failed";
};

/**
 * Parses and imports the pinned root keys.
 * @param value an array of one to three public JWKs, each with `alg`. A `kid`, if present, must be the key's thumbprint;
 *   it is calculated in any case.
 */
export async function importTrustAnchors(
  value: readonly unknown[],
): Promise<Result<TrustAnchors, readonly TrustAnchorProblem[]>> {
  const anchors: VerificationKey[] = [];
  const problems: TrustAnchorProblem[] = [];
  for (const [index, entry] of value.entries()) {
    const jwk = parsePublicJwk(entry);
    const anchor = jwk.ok ? await importNamedKey(jwk.value) : jwk.error;
    if (typeof anchor === "string") problems.push({ index, problem: anchor });
    else anchors.push(anchor);
  }
  return problems.length === 0 ? ok(anchors) : err(problems);
}

function checkDocument({ document }: ParsedKeySet, rules: KeySetRules, now: EpochSeconds): KeySetProblem | undefined {
  if (document.issuer !== rules.issuer) return { code: "key_set_wrong_issuer" };
  if ((document.ring ?? rules.ring) !== rules.ring) return { code: "key_set_wrong_ring" };
  // Written so that a comparison with NaN refuses.
  if (!(document.expiresAt > now)) return { code: "key_set_expired", expiredForSeconds: now - document.expiresAt };
  if (!(document.issuedAt <= now + document.timing.clockSkewSeconds)) {
    return { code: "key_set_issued_in_future", aheadSeconds: document.issuedAt - now };
  }
  if (!(document.rev >= rules.leastRev)) {
    return { code: "key_set_rev_too_low", rev: document.rev, leastRev: rules.leastRev };
  }
  return undefined;
}
