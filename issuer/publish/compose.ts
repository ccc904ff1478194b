/**
 * Keys, tombstones and timing to a key set document. Pure: which keys are in which state is decided by the caller, signing
 * is in `sign-key-set.ts`, writing in a publisher.
 */
import { addSeconds, startOfSecond } from "../../shared/identifiers.ts";
import type { EpochSeconds, IssuerUrl, Kid, RingName } from "../../shared/identifiers.ts";
import type { PublicJwk } from "../../shared/jwk.ts";
import { isRev } from "../../shared/key-set.ts";
import type { KeySetDocument, KeySetKey, KeyState, RevokedKid } from "../../shared/key-set.ts";
import { isWholeNumber } from "../../shared/whole-number.ts";
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
  readonly ring: RingName;
  /** In the order in which they are published. */
  readonly keys: readonly KeyToPublish[];
  /** All tombstones, old and new. */
  readonly revoked: readonly RevokedKid[];
  readonly timing: EdgeTiming;
  /** Kids of the ring's root keys that can sign a document. */
  readonly roots: readonly Kid[];
  /** Higher than that of every document before; `key-ring/rev.ts` chooses it. */
  readonly rev: number;
  readonly documentLifetimeSeconds: number;
  /** The least `rev` that the list of taken-back tokens may have; undefined where none can be taken back. */
  readonly leastListRev?: number | undefined;
  /** Epoch seconds; a fraction is dropped. */
  readonly now: EpochSeconds;
}

/**
 * Composes the next key set document of a ring.
 *
 * A key that has a tombstone is left out. A kid that was revoked twice keeps the earlier time.
 * @throws TypeError for two keys with one kid, two active keys, or a lifetime that is not a positive whole number;
 *   RangeError when `rev` or `exp` is out of its range
 */
export function composeKeySet(parts: KeySetParts): KeySetDocument {
  const issuedAt = startOfSecond(parts.now);
  const { documentLifetimeSeconds, rev } = parts;
  if (!isWholeNumber(documentLifetimeSeconds, 1)) {
    throw new TypeError("documentLifetimeSeconds must be a positive whole number");
  }
  if (!isRev(rev)) throw new RangeError("rev must be a positive whole number that JSON carries exactly");
  const revoked = earliestTombstones(parts.revoked);
  const keys = parts.keys.filter(({ kid }) => !revoked.has(kid));
  requireDistinct(keys);
  return {
    issuer: parts.issuer,
    ring: parts.ring,
    issuedAt,
    expiresAt: addSeconds(issuedAt, documentLifetimeSeconds),
    rev,
    keys: keys.map((key): KeySetKey => ({ ...key, publishedAt: key.publishedAt ?? issuedAt })),
    revoked: [...revoked.values()],
    timing: parts.timing,
    roots: parts.roots,
    revocations: parts.leastListRev === undefined ? undefined : { leastRev: parts.leastListRev },
  };
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
