/**
 * Why a list of taken-back tokens cannot be used, and what that is to a request. No code.
 */
import type { RevocationsProblem } from "./signed-list.ts";

/** Why a read did not give a newer or confirmed list. Stable: logged and reported by the health endpoint. */
export type RevocationsReadProblemCode =
  | RevocationsProblem["code"]
  /** KV threw. */
  | "revocations_read_failed"
  /** KV did not answer before the deadline. */
  | "revocations_read_timeout"
  /** KV holds no list for the ring. */
  | "revocations_missing"
  /** Another list with the `rev` of the one held, which is kept. */
  | "revocations_rev_conflict"
  /** The gateway that was asked has itself not had its copy confirmed by KV for longer than M. */
  | "revocations_stale"
  /** The platform failed while the list was checked. */
  | "revocations_check_failed";

/** The list of the token's ring cannot be had. A fault: 503 with Retry-After, never the token's. */
export interface RevocationsUnavailable {
  readonly code: "revocations_unavailable";
  /** At least 1. */
  readonly retryAfterSeconds: number;
  /** What the last read came to. */
  readonly problem: RevocationsReadProblemCode;
}
