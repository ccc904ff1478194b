/** What is observed of a ring, as data. No behaviour. Times are epoch seconds. */
import type { Alg } from "../../../shared/algorithms.ts";
import type { EpochSeconds, Kid, RingName } from "../../../shared/identifiers.ts";
import type { PublicJwk } from "../../../shared/jwk.ts";
import type { KeySetDocument, SkippedKey } from "../../../shared/key-set.ts";
import type { KeySetProblem } from "../../../shared/signed-key-set.ts";
import type { FaultCode } from "../../errors.ts";
import type { RingTags } from "../names.ts";
import type { Survey } from "../survey.ts";

export interface ObservedKey {
  /** As aliases name their target. */
  readonly keyId: string;
  readonly keyArn: string;
  /** KMS's word ("Enabled", "Disabled", "PendingDeletion", …), or "NotFound". */
  readonly keyState: string;
  readonly keySpec: string;
  readonly keyUsage: string;
  readonly createdAt: EpochSeconds;
  readonly deletionAt: EpochSeconds | undefined;
  readonly tags: RingTags;
  /** Of the tag, of the key spec if it has only one, or the policy's; undefined for a key that does not fit it. */
  readonly alg: Alg | undefined;
  /** Known while the key is enabled, and after that to a process that has read it before. */
  readonly publicKey: { readonly kid: Kid; readonly jwk: PublicJwk } | undefined;
}

/** The same key in another Region: its material, and so its kid. */
export interface RelatedKey {
  readonly keyArn: string;
  /** The ring that its tags name, if they do; a code if they cannot be read. */
  readonly ring: string | undefined;
  readonly fault: FaultCode | undefined;
}

/** A key that is to be adopted. */
export interface ObservedCandidate extends ObservedKey {
  /** Of a Multi-Region key; none if left out. */
  readonly elsewhere?: readonly RelatedKey[];
}

/** A key with an alias `<n>`. */
export interface ObservedGeneration extends ObservedKey {
  readonly number: number;
  readonly aliasCreatedAt: EpochSeconds;
}

/** A key with an alias `root` or `root-<n>`. */
export interface ObservedRoot extends ObservedKey {
  /** Undefined as long as the key has no alias of its own. */
  readonly number: number | undefined;
}

/** Where the alias `active` points. */
export interface ObservedActive {
  readonly keyId: string;
  /** Undefined when no alias `<n>` is seen on that key. */
  readonly generation: number | undefined;
  readonly updatedAt: EpochSeconds;
}

/** What the publisher's store holds. */
export type ObservedDocument =
  | { readonly kind: "missing" }
  /** The store could not be asked; `message` is the fault's own: status, codes and what to check. */
  | { readonly kind: "unknown"; readonly fault: FaultCode; readonly message: string }
  /** Something else than a document of this ring. */
  | { readonly kind: "refused"; readonly problem: KeySetProblem["code"] }
  /** Signed by a root key of the ring. It may have expired: that is the plan's business, which has the clock. */
  | {
      readonly kind: "read";
      readonly document: KeySetDocument;
      readonly rootKid: Kid;
      readonly skipped: readonly SkippedKey[];
    };

export interface ObservedRing {
  readonly ring: RingName;
  /** When observing began: by this host's clock, and by one that is never set, in milliseconds from any origin. */
  readonly observedAt: EpochSeconds;
  readonly observedAtMonotonicMs: number;
  /** The target of the alias `root`, and when it was last moved. */
  readonly root: ObservedRoot | undefined;
  readonly rootUpdatedAt: EpochSeconds | undefined;
  /** Earlier and coming root keys. */
  readonly otherRoots: readonly ObservedRoot[];
  readonly active: ObservedActive | undefined;
  readonly generations: readonly ObservedGeneration[]; // by number, ascending
  /** Keys with the ring's tags and no alias: what a crash or a lost race leaves. */
  readonly orphans: readonly ObservedKey[];
  /** The keys without an alias that are not the ring's, when their tags were read now; undefined when they need not be. */
  readonly survey: Survey | undefined;
  /** The key that is to be adopted, if one was named. */
  readonly candidate: ObservedCandidate | undefined;
  readonly document: ObservedDocument;
  /** What the store holds, byte for byte; undefined when it holds nothing or could not be asked. */
  readonly storedText: string | undefined;
  /** The highest `rev` that this process has seen. */
  readonly highestRev: number | undefined;
  /** The newest document that this process knows, while the store shows an older one: what edges may hold. */
  readonly newer: KeySetDocument | undefined;
  /** Key ARN to the number of the generation that this process has made of the key. */
  readonly claimed: ReadonlyMap<string, number>;
  /** Keys that this process has acted on as withdrawn, and when. */
  readonly withdrawn: ReadonlyMap<Kid, EpochSeconds>;
}
