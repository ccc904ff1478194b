/**
 * What is different between one history and another, as data: how many hosts, how far off their clocks are, how bad the network
 * is, who does what and when. A schedule that was drawn from a seed and one that was written down are run alike.
 */
import type { Adversity } from "./host.ts";
import type { LocationHabit } from "./kv-model.ts";
import type { PolicyInput } from "./ports.ts";

/** Which key people lay hands on. */
export type Whom = "active" | "standby" | "retiring";

export type Deed = { readonly atSeconds: number } & (
  | { readonly kind: "outage"; readonly forSeconds: number; readonly where: "api" | "location" | "everywhere" }
  | { readonly kind: "strike" }
  | {
      readonly kind: "revoke";
      readonly how: "request" | "disable" | "delete";
      readonly whom: Whom;
      /** A person enables it again, once its revocation is known for good. */
      readonly enabledAgain: boolean;
    }
  /** A person disables the key, or schedules its deletion, and takes that back, also if a rotator has noticed. */
  | { readonly kind: "interrupt"; readonly how: "disable" | "delete"; readonly whom: Whom; readonly forSeconds: number }
  | { readonly kind: "rotate" }
  | { readonly kind: "adopt" }
  | { readonly kind: "hand_move"; readonly forSeconds: number }
  | { readonly kind: "policy"; readonly change: SchedulePolicy }
  | { readonly kind: "restart_signer" }
  | { readonly kind: "change_root" }
  /** KV loses its document right after a rotation, and the superseded key is withdrawn in the same minute. */
  | { readonly kind: "loss_and_revocation" }
  /** KV loses the next document that a rotator has seen confirmed, and shows the one before. */
  | { readonly kind: "lose_confirmed" }
  /** The namespace is put back to what it was so long ago. */
  | { readonly kind: "restore_copy"; readonly ageSeconds: number }
  | { readonly kind: "empty_kv" }
  | { readonly kind: "remove_alias"; readonly which: "active" | Whom; readonly forSeconds: number }
  | { readonly kind: "remove_tags"; readonly whom: Whom }
  | { readonly kind: "deny_tags"; readonly forSeconds: number }
  | { readonly kind: "root_disabled"; readonly forSeconds: number }
  | { readonly kind: "rotators_down"; readonly forSeconds: number }
  /** So long before the hold of a superseded key ends, people withdraw keys. */
  | { readonly kind: "withdraw_before_hold_ends"; readonly standbySeconds: number; readonly activeSeconds: number }
);

/** A policy but for the names, which are the same for all. */
export type SchedulePolicy = Omit<PolicyInput, "ring" | "issuer">;

/** One kind of host whose clock is set forward or back by so much at some time, while all others agree within K/4. */
export interface ClockStep {
  readonly who: "rotator" | "signer" | "isolates";
  readonly bySeconds: number;
}

export interface Schedule {
  readonly seed: string;
  /** Which troubles it was made for. */
  readonly families: readonly string[];
  readonly policy: SchedulePolicy;
  readonly rotators: number;
  readonly rotatorEverySeconds: number;
  /** All rotators begin at the same second, and every run is as far from the last. */
  readonly isPunctual: boolean;
  /** Each run is a new process, as under cron or in a function. */
  readonly forgetful: boolean;
  /** One more rotator, that runs so seldom and remembers what it then saw; 0: none. */
  readonly seldomSeconds: number;
  readonly signers: number;
  /** Signers are frozen while they are not asked for a token. */
  readonly isLambda: boolean;
  readonly frozenIsolates: boolean;
  /** Consumers of the plain JWK Set. */
  readonly consumers: number;
  readonly locations: readonly LocationHabit[];
  /** The longest that KV's API shows what is past. */
  readonly apiLagSeconds: number;
  /** The longest that KMS shows what is past. */
  readonly kmsLagSeconds: number;
  /** Signers see KMS always so late; undefined: as all do. */
  readonly signersLagSeconds: number | undefined;
  /** Each clock is off by at most this, so that two differ by at most twice as much. */
  readonly skewSeconds: number;
  /** The first two rotators are off by as much as they may, in opposite directions. */
  readonly isSkewExtreme: boolean;
  readonly clockStep: ClockStep | undefined;
  readonly rotatorAdversity: Adversity;
  readonly signerAdversity: Adversity;
  readonly edgeAdversity: Adversity;
  readonly bootstrap: boolean;
  readonly deeds: readonly Deed[];
  /** When troubles end; then comes a quiet time. */
  readonly busySeconds: number;
  readonly quietSeconds: number;
  /** The world's W over the policy's. */
  readonly propagationFactor: number;
}
