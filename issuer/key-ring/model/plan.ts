/** What may be asked of a ring, and what a plan says, as data. No behaviour. Times are epoch seconds. */
import type { EpochSeconds, Kid } from "../../../shared/identifiers.ts";
import type { Step } from "./steps.ts";

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
  | "candidate_unsettled"
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
  /** A key that has a tombstone was enabled again. */
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
