/**
 * The revocation list as it lies in KV: `<compact JWS> LF <body>`. The JWS is by the ring's root key and names the body's
 * SHA-256, so that one decoding of base64 is enough for the large part. Used by the edge, and by the issuer, which opens what it
 * is about to publish. The format is described in docs/revocations.md.
 *
 * `iat` may lie ahead of the reader's clock: a list can only take away, and its `rev` orders lists, not a clock.
 */
import { encodeBase64url } from "../base64url.ts";
import { parseEpochSeconds, parseIssuerUrl, parseRingName } from "../identifiers.ts";
import type { EpochSeconds, IssuerUrl, RingName } from "../identifiers.ts";
import { isJsonObject, isWholeNumber } from "../json.ts";
import type { JsonObject } from "../json.ts";
import { encodeUtf8 } from "../jws.ts";
import { isRev } from "../key-set.ts";
import { err, ok } from "../result.ts";
import type { Result } from "../result.ts";
import { openSignedDocument } from "../signed-document.ts";
import type { TrustAnchors } from "../signed-document.ts";
import { parseBody } from "./sections.ts";
import type { RevocationCounts, RevocationSections } from "./sections.ts";

/** `typ` of the signed line. */
export const REVOCATIONS_TYP = "revocations+jwt";

/** The longest value, in characters, all of them ASCII. */
export const MAX_REVOCATIONS_CHARACTERS = 1_200_000;

/** What the signed line says of the list. */
export interface RevocationListHead {
  readonly issuer: IssuerUrl;
  readonly ring: RingName;
  /** Taken before the truth was read: a list with a higher one knows all that one with a lower one knows. */
  readonly rev: number;
  /** When the reading of the truth began. */
  readonly issuedAt: EpochSeconds;
  readonly expiresAt: EpochSeconds;
  readonly counts: RevocationCounts;
  /** SHA-256 of the body's characters, base64url. */
  readonly sha256: string;
}

/** A list whose signature has held. Never changed: another list is another object. */
export interface RevocationList extends RevocationListHead {
  readonly sections: RevocationSections;
}

/** The required member that is missing or ill-typed. */
export type RevocationsMemberProblem = "iss" | "ring" | "iat" | "exp" | "rev" | "counts" | "sha256";

/** Why a text is not a list that may be used. Stable: logged and reported by the health endpoint. */
export type RevocationsProblem =
  | { readonly code: "revocations_too_large" }
  | { readonly code: "revocations_malformed" }
  | { readonly code: "revocations_wrong_typ" }
  | { readonly code: "revocations_unknown_root" }
  | { readonly code: "revocations_signature_invalid" }
  | { readonly code: "revocations_member_invalid"; readonly member: RevocationsMemberProblem }
  | { readonly code: "revocations_wrong_issuer" }
  | { readonly code: "revocations_wrong_ring" }
  | { readonly code: "revocations_expired"; readonly expiredForSeconds: number }
  | { readonly code: "revocations_rev_too_low"; readonly rev: number; readonly leastRev: number }
  /** The body is not the one that was signed. */
  | { readonly code: "revocations_body_mismatch" };

export interface RevocationsRules {
  readonly anchors: TrustAnchors;
  readonly issuer: IssuerUrl;
  readonly ring: RingName;
  /** Lists with a lower `rev` are refused. Use 1 when there is no floor. */
  readonly leastRev: number;
}

/** The KV value. @param line the compact JWS */
export function joinRevocations(line: string, body: string): string {
  return `${line}\n${body}`;
}

/**
 * Verifies and reads a list: size, signature of the line, its members, then the body.
 * @param text the KV value
 * @param now epoch seconds
 */
export async function openRevocations(
  text: string,
  rules: RevocationsRules,
  now: EpochSeconds,
): Promise<Result<RevocationList, RevocationsProblem>> {
  if (text.length > MAX_REVOCATIONS_CHARACTERS) return err({ code: "revocations_too_large" });
  const lineEnd = text.indexOf("\n");
  if (lineEnd === -1) return err({ code: "revocations_malformed" });
  const payload = await openSignedDocument(text.slice(0, lineEnd), REVOCATIONS_TYP, rules.anchors);
  if (!payload.ok) return err({ code: `revocations_${payload.error}` });
  const head = parseRevocationsHead(payload.value);
  if (!head.ok) return err({ code: "revocations_member_invalid", member: head.error });
  const problem = checkHead(head.value, rules, now);
  if (problem !== undefined) return err(problem);
  const body = text.slice(lineEnd + 1);
  if ((await digestOf(body)) !== head.value.sha256) return err({ code: "revocations_body_mismatch" });
  const sections = parseBody(body, head.value.counts);
  return sections === undefined ? err({ code: "revocations_malformed" }) : ok({ ...head.value, sections });
}

/** SHA-256 of a body's characters, base64url. */
export async function digestOf(body: string): Promise<string> {
  return encodeBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", encodeUtf8(body))));
}

/** The payload of the signed line. Unknown members are ignored. */
export function parseRevocationsHead(payload: JsonObject): Result<RevocationListHead, RevocationsMemberProblem> {
  const issuer = parseIssuerUrl(payload["iss"]);
  if (!issuer.ok) return err("iss");
  const ring = parseRingName(payload["ring"]);
  if (ring === undefined) return err("ring");
  const issuedAt = parseEpochSeconds(payload["iat"]);
  if (issuedAt === undefined) return err("iat");
  const expiresAt = parseEpochSeconds(payload["exp"]);
  if (expiresAt === undefined || expiresAt <= issuedAt) return err("exp");
  const { rev, sha256 } = payload;
  if (!isRev(rev)) return err("rev");
  const counts = parseCounts(payload["counts"]);
  if (counts === undefined) return err("counts");
  if (typeof sha256 !== "string") return err("sha256");
  return ok({ issuer: issuer.value, ring, rev, issuedAt, expiresAt, counts, sha256 });
}

/** The payload of a list's signed line, ready for JSON.stringify. */
export function serialiseRevocationsHead(head: RevocationListHead): JsonObject {
  return {
    iss: head.issuer,
    ring: head.ring,
    rev: head.rev,
    iat: head.issuedAt,
    exp: head.expiresAt,
    counts: { jti: head.counts.jti, sid: head.counts.sid, sub: head.counts.sub },
    sha256: head.sha256,
  };
}

function parseCounts(value: unknown): RevocationCounts | undefined {
  if (!isJsonObject(value)) return undefined;
  const { jti, sid, sub } = value;
  return isWholeNumber(jti, 0) && isWholeNumber(sid, 0) && isWholeNumber(sub, 0) ? { jti, sid, sub } : undefined;
}

function checkHead(
  head: RevocationListHead,
  rules: RevocationsRules,
  now: EpochSeconds,
): RevocationsProblem | undefined {
  if (head.issuer !== rules.issuer) return { code: "revocations_wrong_issuer" };
  if (head.ring !== rules.ring) return { code: "revocations_wrong_ring" };
  // Written so that a comparison with NaN refuses.
  if (!(head.expiresAt > now)) return { code: "revocations_expired", expiredForSeconds: now - head.expiresAt };
  const { rev } = head;
  if (!(rev >= rules.leastRev)) return { code: "revocations_rev_too_low", rev, leastRev: rules.leastRev };
  return undefined;
}
