/**
 * The ring of a soak run: keys in the embedded KMS, documents composed and published by the product's own code, rotated every
 * few seconds. The safe waits of a real ring are minutes; here the caller waits for what the local stack needs. Not a rotator:
 * nothing is observed, and nobody else publishes.
 */
import { kmsAlgorithmOf } from "../../issuer/kms/algorithms.ts";
import { createKmsSigner } from "../../issuer/kms/signer.ts";
import { composeKeySet } from "../../issuer/publish/compose.ts";
import type { KeyToPublish } from "../../issuer/publish/compose.ts";
import type { KeySetPublisher } from "../../issuer/publish/publisher.ts";
import { signKeySet } from "../../issuer/publish/sign-key-set.ts";
import type { Signer } from "../../issuer/signer.ts";
import type { Alg } from "../../shared/algorithms.ts";
import { epochSecondsFromMs } from "../../shared/identifiers.ts";
import type { EpochSeconds, IssuerUrl, RingName } from "../../shared/identifiers.ts";
import type { KeyState, RevokedKid } from "../../shared/key-set.ts";
import type { EdgeTiming } from "../../shared/timing.ts";
import type { TestKms } from "../support/kms.ts";

export interface SoakRingOptions {
  readonly kms: TestKms;
  readonly issuer: IssuerUrl;
  readonly ring: RingName;
  readonly timing: EdgeTiming;
}

export interface SoakRing {
  readonly root: Signer;
  /** The key that signs. */
  readonly active: Signer;
  /** Documents published so far. */
  readonly published: number;
  /** A new key, not in any document yet. */
  createKey(alg: Alg): Promise<Signer>;
  /** Puts a key into all following documents, or changes its state. `active` makes it the key that signs. */
  set(signer: Signer, state: KeyState): void;
  /** Leaves a key out of all following documents. */
  drop(signer: Signer): void;
  /** Drops a key, with a tombstone. */
  revoke(signer: Signer): void;
  /** Signs and publishes the document as it is now. */
  publish(publisher: KeySetPublisher): Promise<void>;
}

/** Longer than any run, so that no document expires by itself. */
const DOCUMENT_LIFETIME_SECONDS = 86_400;

/** A ring with a root key and one active key; nothing is published yet. */
export async function createSoakRing({ kms, issuer, ring, timing }: SoakRingOptions): Promise<SoakRing> {
  const createKey = async (alg: Alg): Promise<Signer> => {
    const { keyArn } = await kms.kms.createKey({
      keySpec: kmsAlgorithmOf(alg).keySpecs[0],
      description: "soak",
      tags: {},
    });
    return createKmsSigner({ keyId: keyArn, alg, kms: kms.kms });
  };
  const root = await createKey("ES256");
  let active = await createKey("ES256");
  const keys = new Map<string, { readonly signer: Signer; readonly state: KeyState; publishedAt?: EpochSeconds }>();
  keys.set(active.kid, { signer: active, state: "active" });
  const revoked: RevokedKid[] = [];
  let rev = 0;
  let published = 0;

  function toPublish(): readonly KeyToPublish[] {
    return [...keys.values()].map(({ signer, state, publishedAt }) => ({
      kid: signer.kid,
      jwk: signer.jwk,
      state,
      publishedAt,
    }));
  }

  return {
    root,
    get active() {
      return active;
    },
    get published() {
      return published;
    },
    createKey,
    set(signer, state) {
      if (state === "active" && active.kid !== signer.kid) {
        const previous = keys.get(active.kid);
        if (previous !== undefined) keys.set(active.kid, { ...previous, state: "retiring" });
        active = signer;
      }
      keys.set(signer.kid, { ...keys.get(signer.kid), signer, state });
    },
    drop: (signer) => void keys.delete(signer.kid),
    revoke(signer) {
      keys.delete(signer.kid);
      revoked.push({ kid: signer.kid, at: epochSecondsFromMs(Date.now()) });
    },
    async publish(publisher) {
      const now = epochSecondsFromMs(Date.now());
      rev = Math.max(rev + 1, now);
      const about = { issuer, ring, roots: [root.kid], documentLifetimeSeconds: DOCUMENT_LIFETIME_SECONDS };
      const parts = { ...about, timing, now, rev, keys: toPublish(), revoked };
      const document = composeKeySet(parts);
      await publisher.publish(ring, await signKeySet(document, root, now), rev);
      published += 1;
      for (const [kid, key] of keys) keys.set(kid, { ...key, publishedAt: key.publishedAt ?? document.issuedAt });
    },
  };
}
