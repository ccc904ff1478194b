/** The steps of a rotator, as data: each is one change. No behaviour. Times are epoch seconds. */
import type { Alg } from "../../../shared/algorithms.ts";
import type { IssuerUrl, Kid } from "../../../shared/identifiers.ts";
import type { RevokedKid } from "../../../shared/key-set.ts";
import type { EdgeTiming } from "../../../shared/timing.ts";
import type { KmsSigningKeySpec } from "../../kms/port.ts";
import type { KeyToPublish } from "../../publish/compose.ts";
import type { KeyRole, RingTags } from "../names.ts";
import type { RevChoice } from "../rev.ts";

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
  readonly keys: readonly KeyToPublish[];
  /** New tombstones carry the time of the plan. */
  readonly revoked: readonly RevokedKid[];
  readonly timing: EdgeTiming;
  readonly documentLifetimeSeconds: number;
  readonly rev: RevChoice;
  /** What the document says of the list of taken-back tokens. */
  readonly list: ListFloor;
}

/** The least `rev` that the list may have: a list that every edge has by now, or a newer one. */
export interface ListFloor {
  /** What the document before says. It never decreases. */
  readonly leastRev: number | undefined;
  /** S + K + 1 by the timing in force: how old a list is that every edge has. */
  readonly settledAfterSeconds: number;
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
