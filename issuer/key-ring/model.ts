/**
 * The vocabulary of the key ring, as data: what was observed, what may be asked for, which steps there are, what a plan
 * says. No behaviour. Times are epoch seconds.
 */
import type { Alg } from "../../shared/algorithms.ts";
import type { RevChoice } from "./rev.ts";
import type { EpochSeconds, IssuerUrl, Kid, RingName } from "../../shared/identifiers.ts";
import type { PublicJwk } from "../../shared/jwk.ts";
import type { KeySetDocument, KeyState, RevokedKid, SkippedKey } from "../../shared/key-set.ts";
import type { KeySetProblem } from "../../shared/signed-key-set.ts";
import type { EdgeTiming } from "../../shared/timing.ts";
import type { FaultCode } from "../errors.ts";
import type { KmsSigningKeySpec } from "../kms/port.ts";
import type { KeyRole, RingTags } from "./names.ts";

// ---- what is observed ----

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
  /** Of the tag, of the key spec if it has only one, or the policy's; undefined when the key fits none of them. */
  readonly alg: Alg | undefined;
  /** Known while the key is enabled. */
  readonly publicKey: { readonly kid: Kid; readonly jwk: PublicJwk } | undefined;
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
  /** The key that is to be adopted, if one was named. */
  readonly candidate: ObservedKey | undefined;
  readonly document: ObservedDocument;
  /** What the store holds, byte for byte; undefined when it holds nothing or could not be asked. */
  readonly storedText: string | undefined;
  /** The highest `rev` that this process has seen. */
  readonly highestRev: number | undefined;
  /** The newest document that this process knows, while the store shows none as new: what edges may hold. */
  readonly newer: KeySetDocument | undefined;
  /** Key ARN to the number of the generation that this process has made of the key. */
  readonly claimed: ReadonlyMap<string, number>;
  /** Keys that this process has acted on as withdrawn, and when. */
  readonly withdrawn: ReadonlyMap<Kid, EpochSeconds>;
}

// ---- what may be asked for ----

/** A goal rather than a command: asking again for what has been done changes nothing. */
export type RingRequest =
  /** A new ring; with an adopted key as generation 1 if a candidate was observed. */
  | { readonly kind: "init" }
  /** Generation `from` is no longer to be the active one. */
  | { readonly kind: "rotate"; readonly from: number }
  /** The observed candidate becomes a generation. */
  | { readonly kind: "adopt" }
  | { readonly kind: "revoke"; readonly kid: Kid }
  /** Create the successor of root key `from` (its ARN); then deploy both as trust anchors. */
  | { readonly kind: "root_prepare"; readonly from: string }
  /** Root key `from` is no longer to sign, but the next one. Asking for it states that every edge has both anchors. */
  | { readonly kind: "root_switch"; readonly from: string }
  /** Disable root keys that no longer sign. Asking for it states that their anchors are no longer deployed. */
  | { readonly kind: "root_retire" };

export type RefusalCode =
  | "root_missing"
  | "active_missing"
  | "standby_not_ready"
  | "document_unknown"
  | "document_foreign"
  | "candidate_not_found"
  | "candidate_unfit"
  | "candidate_in_use"
  | "kid_unknown"
  | "kid_is_root"
  | "root_next_missing"
  | "root_too_many"
  | "root_still_needed";

/** Why a request cannot be carried out now. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
  /** When asking again will succeed, if that is known. */
  readonly notBefore: EpochSeconds | undefined;
}

// ---- what is done ----

/** A key of the document to be published. */
export interface DesiredKey {
  readonly kid: Kid;
  readonly jwk: PublicJwk;
  readonly state: KeyState;
  readonly publishedAt: EpochSeconds | undefined;
}

export type PublishReason =
  | "missing"
  | "refused"
  | "expired"
  | "issued_in_future"
  | "rolled_back"
  | "revoked"
  | "key_added"
  | "key_dropped"
  | "state_changed"
  | "timing_changed"
  | "root_changed"
  | "root_added"
  | "unusable_entry"
  | "renewal"
  | "settle";

export interface PublishStep {
  readonly kind: "publish";
  readonly reasons: readonly PublishReason[];
  readonly rootKeyArn: string;
  readonly rootAlg: Alg;
  /** Kids of the root keys that can sign, for verifiers to compare with what they have pinned. */
  readonly roots: readonly Kid[];
  readonly issuer: IssuerUrl;
  readonly keys: readonly DesiredKey[];
  /** New tombstones carry the time of the plan. */
  readonly revoked: readonly RevokedKid[];
  readonly timing: EdgeTiming;
  readonly documentLifetimeSeconds: number;
  readonly rev: RevChoice;
}

/** One change, safe on its own and safe to repeat. */
export type Step =
  /** Creates a key with its tags, unless `orphan` is one already, and claims its alias. */
  | ({
      readonly kind: "create_key";
      readonly alg: Alg;
      readonly keySpec: KmsSigningKeySpec;
      readonly orphan: string | undefined;
    } & KeyRole)
  /** Claims an alias for a key that exists: adoption, the own alias of the present root key. */
  | ({ readonly kind: "claim_alias"; readonly keyArn: string } & KeyRole)
  | {
      readonly kind: "tag_key";
      readonly keyArn: string;
      readonly generation: number | undefined;
      readonly tags: Partial<RingTags>;
    }
  | { readonly kind: "create_active"; readonly generation: number; readonly keyArn: string }
  | {
      readonly kind: "move_active";
      readonly from: number;
      readonly generation: number;
      readonly keyArn: string;
      readonly reason: "due" | "requested" | "revoked";
    }
  | { readonly kind: "move_root"; readonly number: number; readonly keyArn: string }
  | PublishStep
  | {
      readonly kind: "disable_key";
      readonly keyArn: string;
      readonly generation: number | undefined;
      readonly reason: "revoked" | "retired" | "root_retired";
    }
  | {
      readonly kind: "schedule_deletion";
      readonly keyArn: string;
      readonly generation: number | undefined;
      readonly reason: "retired" | "orphan";
      readonly pendingDays: number;
    };

export type StepKind = Step["kind"];

// ---- what a plan says ----

/** Something that will be done by a later run, and the earliest time for it. */
export interface Upcoming {
  readonly what: "activate" | "drop" | "disable" | "renew" | "settle" | "lower_timing" | "forget_timing";
  readonly generation: number | undefined;
  readonly notBefore: EpochSeconds;
}

export type RingProblemCode =
  /** There is no root key: the ring does not exist, or its alias was deleted. Never created again by itself. */
  | "root_missing"
  /** The root key cannot sign; nothing can be published. */
  | "root_unusable"
  | "active_missing"
  /** `active` points to a key that is no generation, or whose alias is not visible yet. */
  | "active_unresolved"
  /** The active key can neither sign nor be replaced yet. */
  | "active_unusable"
  /** A key that does not fit any algorithm it could be meant for, or whose tags name another ring. */
  | "generation_unfit"
  /** Two generations with one kid. */
  | "generation_duplicate"
  /** The document holds a key that no generation has. */
  | "generation_missing"
  /** A tombstone stands for a key that somebody has enabled again. */
  | "revoked_key_enabled"
  /** KV holds nothing, or nothing that edges would use. */
  | "document_lost"
  /** KV could not be read. */
  | "document_unknown"
  /** The document was issued in the future: this host's clock is behind, or another rotator's ahead. */
  | "clock_skewed";

/**
 * What a run of the rotator is while a problem lasts. `fails`: the ring does not do its work, or soon will not, so alarms
 * have to go off. `reported`: tokens are signed and verified all the same, and a person should look. With either the ring
 * is not converged.
 */
export const PROBLEM_EFFECTS: Readonly<Record<RingProblemCode, "fails" | "reported">> = {
  root_missing: "fails",
  root_unusable: "fails",
  active_missing: "fails",
  active_unresolved: "fails",
  active_unusable: "fails",
  generation_unfit: "reported",
  generation_duplicate: "reported",
  generation_missing: "reported",
  revoked_key_enabled: "reported",
  document_lost: "fails",
  document_unknown: "fails",
  clock_skewed: "fails",
};

export interface RingProblem {
  readonly code: RingProblemCode;
  readonly generation: number | undefined;
  readonly message: string;
}

export interface Plan {
  /** Steps that are due and safe now, most urgent first. Each is safe without those before it. */
  readonly due: readonly Step[];
  readonly upcoming: readonly Upcoming[];
  readonly problems: readonly RingProblem[];
  /** Why the request is not carried out now; undefined when it is, or has been. */
  readonly refusal: Refusal | undefined;
  /** What the request asked for is there, as far as can be seen. Undefined without a request. */
  readonly isRequestDone: boolean | undefined;
}
