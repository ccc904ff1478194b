/**
 * How a signer knows that edges know its key: from the ring's tags, which the rotator sets once it has seen the key in the
 * published key set. That needs no access to Cloudflare where tokens are issued, and counts as the rotator counts.
 */
import type { EpochSeconds, Kid } from "../../../shared/identifiers.ts";
import type { Kms } from "../../kms/port.ts";
import { listedBy, parseRingTags, settledSince } from "../names.ts";

export interface PublishedKeys {
  /**
   * @returns the time from which the lead of the key counts; "unsettled" for a key that is listed, but not yet by a settled
   *   key set; undefined for one that is not listed, or is revoked
   * @throws SealgateError when that cannot be found out
   */
  publishedAt(key: { readonly kid: Kid; readonly keyArn: string }): Promise<EpochSeconds | "unsettled" | undefined>;
}

/** Asks KMS: the tags `sealgate:kid`, `sealgate:listed`, `sealgate:published` and `sealgate:revoked`. */
export function createTaggedPublishedKeys(kms: Pick<Kms, "listTags">): PublishedKeys {
  return {
    async publishedAt({ kid, keyArn }) {
      const tags = parseRingTags(await kms.listTags(keyArn));
      if (tags.kid !== kid || tags.revokedAt !== undefined || listedBy(tags) === undefined) return undefined;
      return settledSince(tags) ?? "unsettled";
    },
  };
}
