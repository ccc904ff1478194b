/**
 * How a signer knows that edges know its key: from the ring's tags, which the rotator sets once it has seen the key in the
 * published key set, or from that key set itself. The first needs no access to Cloudflare, where tokens are issued.
 */
import type { EpochSeconds, IssuerUrl, Kid, RingName } from "../../shared/identifiers.ts";
import type { TrustAnchors } from "../../shared/signed-key-set.ts";
import { SealgateError } from "../errors.ts";
import type { Kms } from "../kms/port.ts";
import type { KeySetPublisher } from "../publish/publisher.ts";
import { parseRingTags } from "./names.ts";
import { readDocument } from "./observe.ts";

export interface PublishedKeys {
  /**
   * @returns since when the key has been published; undefined when it is not
   * @throws SealgateError when that cannot be found out
   */
  publishedAt(key: { readonly kid: Kid; readonly keyArn: string }): Promise<EpochSeconds | undefined>;
}

/** Asks KMS: the tags `sealgate:kid` and `sealgate:published`. */
export function createTaggedPublishedKeys(kms: Pick<Kms, "listTags">): PublishedKeys {
  return {
    async publishedAt({ kid, keyArn }) {
      const tags = parseRingTags(await kms.listTags(keyArn));
      return tags.kid === kid && tags.revokedAt === undefined ? tags.publishedAt : undefined;
    },
  };
}

export interface StoredPublishedKeysOptions {
  readonly publisher: Pick<KeySetPublisher, "read">;
  readonly ring: RingName;
  readonly issuer: IssuerUrl;
  /** The root keys that edges have pinned. */
  readonly anchors: TrustAnchors;
  readonly clock: () => EpochSeconds;
}

/** Asks the publisher's store, and verifies what it holds. */
export function createStoredPublishedKeys(options: StoredPublishedKeysOptions): PublishedKeys {
  const { publisher, ring, issuer, anchors, clock } = options;
  return {
    async publishedAt({ kid }) {
      const text = await publisher.read(ring);
      const held = text === undefined ? undefined : await readDocument(text, { ring, issuer, anchors });
      if (held?.kind !== "read" || held.document.expiresAt <= clock()) {
        throw new SealgateError("key_set_unusable", "There is no published key set that edges could use.", {
          retryable: true,
        });
      }
      const isRevoked = held.document.revoked.some((tombstone) => tombstone.kid === kid);
      return isRevoked ? undefined : held.document.keys.find((key) => key.kid === kid)?.publishedAt;
    },
  };
}
