/**
 * The payload of a key set document: its schema, the states of a key, parsing and serialising. Pure; signatures are in
 * `signed-key-set.ts`. The format is described, with an example per stage, in docs/key-set-format.md.
 */
import { parseEpochSeconds, parseIssuerUrl, parseKid, parseRingName } from "./identifiers.ts";
import type { EpochSeconds, IssuerUrl, Kid, RingName } from "./identifiers.ts";
import { parsePublicJwk, toKeyMaterial } from "./jwk.ts";
import type { JwkProblem, PublicJwk } from "./jwk.ts";
import { isJsonObject, isWholeNumber } from "./json.ts";
import type { JsonObject } from "./json.ts";
import { err, ok } from "./result.ts";
import type { Result } from "./result.ts";
import { parseTiming, serialiseTiming } from "./timing.ts";
import type { EdgeTiming } from "./timing.ts";

/** `pending`: published, does not sign yet. `active`: signs. `retiring`: no longer signs. All three verify. */
export type KeyState = "pending" | "active" | "retiring";

const KEY_STATES: readonly KeyState[] = ["pending", "active", "retiring"];

/** One key of the set. */
export interface KeySetKey {
  readonly jwk: PublicJwk;
  readonly kid: Kid;
  readonly state: KeyState;
  /** When the key first stood in a published document. */
  readonly publishedAt: EpochSeconds;
}

/** A tombstone: this kid never verifies again, even if it stands in `keys`. */
export interface RevokedKid {
  readonly kid: Kid;
  readonly at: EpochSeconds;
}

/** A key set document, as both halves of sealgate use it. */
export interface KeySetDocument {
  readonly issuer: IssuerUrl;
  /** Undefined in a document of a sealgate that did not write it yet. */
  readonly ring: RingName | undefined;
  readonly issuedAt: EpochSeconds;
  readonly expiresAt: EpochSeconds;
  /** Only grows. */
  readonly rev: number;
  readonly keys: readonly KeySetKey[];
  readonly revoked: readonly RevokedKid[];
  readonly timing: EdgeTiming;
  /**
   * The ring's root keys, for a verifier to notice that it lacks one of them. Information only: a key that is named here is
   * no trust anchor.
   */
  readonly roots: readonly Kid[];
  /** There where single tokens can be taken back: the least `rev` that the list of them may have. */
  readonly revocations: { readonly leastRev: number } | undefined;
}

/** A key that was left out, by its position; reported, never fatal. */
export interface SkippedKey {
  readonly index: number;
  readonly kid: Kid | undefined;
  readonly problem:
    | JwkProblem
    | "kid_missing"
    | "kid_repeated"
    /** The `kid` is not the key's RFC 7638 thumbprint. */
    | "kid_mismatch"
    | "state_unknown"
    | "published_at_invalid"
    | "import_failed";
}

export interface ParsedKeySet {
  readonly document: KeySetDocument;
  readonly skipped: readonly SkippedKey[];
}

/** The required member that is missing or ill-typed; or `ring` or `revocations`, if it is there and is ill-typed. */
export type KeySetMemberProblem =
  | "iss"
  | "ring"
  | "iat"
  | "exp"
  | "rev"
  | "keys"
  | "revoked"
  | "timing"
  | "revocations";

/**
 * Parses the payload of a key set document. Unknown members are ignored; a missing or ill-typed required member refuses
 * the whole document; a key that cannot be used is skipped and reported.
 */
export function parseKeySet(payload: JsonObject): Result<ParsedKeySet, KeySetMemberProblem> {
  const issuer = parseIssuerUrl(payload["iss"]);
  if (!issuer.ok) return err("iss");
  const ring = payload["ring"] === undefined ? undefined : parseRingName(payload["ring"]);
  if (ring !== payload["ring"]) return err("ring");
  const issuedAt = parseEpochSeconds(payload["iat"]);
  if (issuedAt === undefined) return err("iat");
  const expiresAt = parseEpochSeconds(payload["exp"]);
  if (expiresAt === undefined || expiresAt <= issuedAt) return err("exp");
  const rev = payload["rev"];
  if (!isRev(rev)) return err("rev");
  const entries = payload["keys"];
  if (!Array.isArray(entries)) return err("keys");
  const revoked = parseRevoked(payload["revoked"]);
  if (revoked === undefined) return err("revoked");
  const timing = parseTiming(payload["timing"]);
  if (timing === undefined) return err("timing");
  const { keys, skipped } = parseKeys(entries);
  const roots = parseRoots(payload["roots"]);
  const revocations = parseRevocations(payload["revocations"]);
  if (revocations === "invalid") return err("revocations");
  const document = { issuer: issuer.value, ring, issuedAt, expiresAt, rev, keys, revoked, timing, roots, revocations };
  return ok({ document, skipped });
}

/** The payload of a document, ready for JSON.stringify. Members stand in the order of the documentation. */
export function serialiseKeySet(document: KeySetDocument): JsonObject {
  return {
    iss: document.issuer,
    ...(document.ring === undefined ? {} : { ring: document.ring }),
    iat: document.issuedAt,
    exp: document.expiresAt,
    rev: document.rev,
    keys: document.keys.map((key) => ({
      ...serialiseJwk(key.jwk, key.kid),
      state: key.state,
      published_at: key.publishedAt,
    })),
    revoked: document.revoked.map(({ kid, at }) => ({ kid, at })),
    timing: { ...serialiseTiming(document.timing) },
    ...(document.roots.length === 0 ? {} : { roots: document.roots }),
    ...(document.revocations === undefined ? {} : { revocations: { least_rev: document.revocations.leastRev } }),
  };
}

/** A public JWK as it is shown to the world: key material, then `alg`, `use`, `kid` (RFC 7517 section 4). */
export function serialiseJwk(jwk: PublicJwk, kid: Kid): JsonObject {
  return { ...toKeyMaterial(jwk), alg: jwk.alg, use: "sig", kid };
}

/** The KV key of a ring's document: one entry per ring, the same for the issuer that writes it and the edge that reads it. */
export function keySetKvKey(ring: RingName): string {
  return `key-set:${ring}`;
}

/** Where a gateway serves the document of its ring; a slash and the ring's name may follow, and must if there are several. */
export const KEY_SET_PATH = "/.well-known/sealgate/key-set";

/**
 * The entity tag of a signed document (RFC 9110 section 8.8.3): its signature, because two signings of one `rev` differ. What
 * stands in lines below is part of what was signed.
 */
export function keySetTag(text: string): string {
  return `"${text.slice(text.lastIndexOf(".") + 1).split("\n", 1)[0]}"`;
}

/** True for a value that `rev` can have: a positive integer that JSON carries exactly. */
export function isRev(value: unknown): value is number {
  return isWholeNumber(value, 1);
}

function parseKeys(entries: readonly unknown[]): { keys: readonly KeySetKey[]; skipped: readonly SkippedKey[] } {
  const keys: KeySetKey[] = [];
  const skipped: SkippedKey[] = [];
  const seen = new Set<string>();
  for (const [index, entry] of entries.entries()) {
    const key = parseKey(entry);
    if (!key.ok) {
      skipped.push({ index, kid: isJsonObject(entry) ? parseKid(entry["kid"]) : undefined, problem: key.error });
    } else if (seen.has(key.value.kid)) {
      skipped.push({ index, kid: key.value.kid, problem: "kid_repeated" });
    } else {
      seen.add(key.value.kid);
      keys.push(key.value);
    }
  }
  return { keys, skipped };
}

function parseKey(entry: unknown): Result<KeySetKey, SkippedKey["problem"]> {
  const jwk = parsePublicJwk(entry);
  if (!jwk.ok) return jwk;
  const kid = jwk.value.kid;
  if (kid === undefined) return err("kid_missing");
  const { state: stateMember, published_at: publishedAtMember } = isJsonObject(entry) ? entry : {};
  const state = KEY_STATES.find((known) => known === stateMember);
  if (state === undefined) return err("state_unknown");
  const publishedAt = parseEpochSeconds(publishedAtMember);
  if (publishedAt === undefined) return err("published_at_invalid");
  return ok({ jwk: jwk.value, kid, state, publishedAt });
}

/** What cannot be read is left out: nothing is decided by it. */
function parseRoots(value: unknown): readonly Kid[] {
  return Array.isArray(value) ? value.map(parseKid).filter((kid) => kid !== undefined) : [];
}

/** One that cannot be read must not be lost silently: tokens that were taken back would be good again. */
function parseRevocations(value: unknown): KeySetDocument["revocations"] | "invalid" {
  if (value === undefined) return undefined;
  const leastRev = isJsonObject(value) ? value["least_rev"] : undefined;
  return isRev(leastRev) ? { leastRev } : "invalid";
}

function parseRevoked(value: unknown): readonly RevokedKid[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const revoked: RevokedKid[] = [];
  for (const entry of value) {
    if (!isJsonObject(entry)) return undefined;
    const kid = parseKid(entry["kid"]);
    const at = parseEpochSeconds(entry["at"]);
    // A tombstone that cannot be read must not be lost silently: the whole document is refused.
    if (kid === undefined || at === undefined) return undefined;
    revoked.push({ kid, at });
  }
  return revoked;
}
