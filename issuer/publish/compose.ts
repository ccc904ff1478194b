/**
 * Keys, tombstones and timing to a key set document. Pure: which keys are in which state is decided by the caller, signing
 * is in `sign-key-set.ts`, writing in a publisher.
 */
import { parseEpochSeconds } from "../../shared/identifiers.ts";
import type { EpochSeconds, IssuerUrl, Kid } from "../../shared/identifiers.ts";
import type { PublicJwk } from "../../shared/jwk.ts";
import { isRev } from "../../shared/key-set.ts";
import type { KeySetDocument, KeySetKey, KeyState, RevokedKid } from "../../shared/key-set.ts";
import type { EdgeTiming } from "../../shared/timing.ts";

/** A key that belongs into the next document. */
export interface KeyToPublish {
  readonly kid: Kid;
  readonly jwk: PublicJwk;
  readonly state: KeyState;
  /** When the key first stood in a published document; undefined when this is the first one. */
  readonly publishedAt: EpochSeconds | undefined;
}

/** What the next document is made from. */
export interface KeySetParts {
  readonly issuer: IssuerUrl;
  /** In the order in which they are published. */
  readonly keys: readonly KeyToPublish[];
  /** All tombstones, old and new. */
  readonly revoked: readonly RevokedKid[];
  readonly timing: EdgeTiming;
  /** `rev` of the last document that was published, or undefined when there is none. */
  readonly previousRev: number | undefined;
  readonly documentLifetimeSeconds: number;
  /** Epoch seconds; a fraction is dropped. */
  readonly now: EpochSeconds;
}

/**
 * Composes the next key set document of a ring.
 *
 * `rev` is the time, or one more than the previous `rev` when the clock does not exceed that: it grows through a clock
 * that was set back and through two documents in one second, and is not needed to be remembered if KV is lost. A key that
 * has a tombstone is left out. A kid that was revoked twice keeps the earlier time.
 * @throws TypeError for two keys with one kid, two active keys, or a lifetime that is not a positive whole number;
 *   RangeError when `rev` or `exp` would leave its range
 */
export function composeKeySet(parts: KeySetParts): KeySetDocument {
  const issuedAt = epochSeconds(Math.floor(parts.now));
  const { documentLifetimeSeconds } = parts;
  if (!Number.isSafeInteger(documentLifetimeSeconds) || documentLifetimeSeconds < 1) {
    throw new TypeError("documentLifetimeSeconds must be a positive whole number");
  }
  const revoked = earliestTombstones(parts.revoked);
  const keys = parts.keys.filter(({ kid }) => !revoked.has(kid));
  requireDistinct(keys);
  return {
    issuer: parts.issuer,
    issuedAt,
    expiresAt: epochSeconds(issuedAt + documentLifetimeSeconds),
    rev: nextRev(parts.previousRev, issuedAt),
    keys: keys.map((key): KeySetKey => ({ ...key, publishedAt: key.publishedAt ?? issuedAt })),
    revoked: [...revoked.values()],
    timing: parts.timing,
  };
}

function nextRev(previousRev: number | undefined, issuedAt: EpochSeconds): number {
  const rev = Math.max((previousRev ?? 0) + 1, issuedAt);
  if (!isRev(rev)) throw new RangeError("rev has left the range of exact integers");
  return rev;
}

function earliestTombstones(revoked: readonly RevokedKid[]): ReadonlyMap<Kid, RevokedKid> {
  const byKid = new Map<Kid, RevokedKid>();
  for (const tombstone of revoked) {
    const known = byKid.get(tombstone.kid);
    if (known === undefined || tombstone.at < known.at) byKid.set(tombstone.kid, tombstone);
  }
  return byKid;
}

function requireDistinct(keys: readonly KeyToPublish[]): void {
  // The edge would drop the second of two keys with one kid, whichever that is.
  if (new Set(keys.map(({ kid }) => kid)).size !== keys.length) throw new TypeError("two keys have the same kid");
  if (keys.filter(({ state }) => state === "active").length > 1) throw new TypeError("two keys are active");
}

function epochSeconds(value: number): EpochSeconds {
  const time = parseEpochSeconds(value);
  if (time === undefined) throw new RangeError("a time outside the range of dates");
  return time;
}
