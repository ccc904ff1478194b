/**
 * What the ladder hands out and why it sometimes cannot: the vocabulary shared by the files of this folder.
 */
import type { KeySetProblem } from "../signed-key-set.ts";
import type { ImportedKeySet } from "../verification-keys.ts";

/**
 * The rung a key set came from. `memory`: confirmed by KV less than M ago. `last_good`: older than M, because KV cannot be asked. `bootstrap`: the document bundled at deploy.
 */
export type KeySetSource = "memory" | "last_good" | "bootstrap";

/** Keys that a request may use. */
export interface HeldKeySet {
  readonly keySet: ImportedKeySet;
  readonly source: KeySetSource;
  /** The signed document; undefined while tombstones are in force that it lacks. */
  readonly text: string | undefined;
  /** Since the start of the KV read that last confirmed the set, or since it was issued when that time is not known. */
  readonly ageSeconds: number;
}

/** Why a read did not give a newer or confirmed key set. Stable: logged and reported by the health endpoint. */
export type KeyReadProblemCode =
  | KeySetProblem["code"]
  /** KV threw. */
  | "key_set_read_failed"
  /** KV did not answer before the deadline. */
  | "key_set_read_timeout"
  /** KV holds no document for the ring. */
  | "key_set_missing"
  /** Another document with the `rev` of the one held; the held one is kept, tombstones of both are in force. */
  | "key_set_rev_conflict"
  /** The gateway that was asked has itself not had its copy confirmed by KV for longer than M. */
  | "key_set_stale"
  /** Tombstones are in force that the signed document lacks, so that it is not handed on; tokens are verified. */
  | "key_set_incomplete"
  /** The platform failed while the document was checked. */
  | "key_set_check_failed"
  /** A caller asks for more key sets than are looked for at a time; nothing was read. */
  | "key_sets_too_many";

/** No rung holds. A fault: 503 with Retry-After, never the token's fault. */
export interface KeysUnavailable<Problem = KeyReadProblemCode> {
  readonly code: "keys_unavailable";
  /** At least 1. */
  readonly retryAfterSeconds: number;
  /** What the last read came to. */
  readonly problem: Problem;
}

/** Keeps work going after the response; `ExecutionContext.waitUntil`. The promise never rejects. */
export type WaitUntil = (work: Promise<unknown>) => void;
