/**
 * Faults of the issuer: ours or a dependency's, never a token's. Each has a stable code, a sentence that says what to do,
 * and no part of a token, claim or secret. docs/errors.md lists every code with cause and action; a test compares.
 */

/** Stable codes of the issuer's faults. */
export type FaultCode =
  // KMS
  | "kms_throttled"
  | "kms_unreachable"
  | "kms_timeout"
  | "kms_internal"
  | "kms_access_denied"
  | "kms_credentials_missing"
  | "kms_credentials_expired"
  | "kms_credentials_invalid"
  | "kms_key_not_found"
  | "kms_key_disabled"
  | "kms_key_pending_deletion"
  | "kms_key_unavailable"
  | "kms_key_unfit"
  | "kms_wrong_key"
  | "kms_bad_signature"
  | "kms_message_too_large"
  | "kms_request_invalid"
  | "kms_limit_exceeded"
  | "kms_clock_skewed"
  // on the way to KMS, in this process
  | "connections_busy"
  | "issuer_failed"
  // publishing
  | "secret_unreadable"
  | "publish_unauthorized"
  | "publish_not_found"
  | "publish_rate_limited"
  | "publish_unreachable"
  | "publish_timeout"
  | "publish_failed"
  | "publish_not_confirmed"
  | "clock_skewed"
  | "key_set_unusable"
  // taking back tokens
  | "revocation_table_unreachable"
  | "revocation_table_throttled"
  | "revocation_table_denied"
  | "revocation_table_missing"
  | "revocation_table_failed"
  | "revocation_unverified"
  | "revocations_full"
  | "revocations_unusable"
  // the key ring
  | "ring_key_unpublished"
  | "ring_signer_stale"
  | "rings_unavailable"
  // input and configuration of the issuer
  | "claims_refused"
  | "input_invalid"
  | "lifetime_too_long"
  | "config_invalid"
  | "address_unavailable"
  // other issuers
  | "foreign_issuer_unusable";

/** Which call to AWS failed, for logs; undefined where nothing was asked. */
export interface FaultDetails {
  /** As IAM calls it: "kms:Sign". */
  readonly action?: string | undefined;
  /** Key id, key ARN, alias name or alias ARN, as it was asked for. */
  readonly key?: string | undefined;
  /** What AWS Support asks for. */
  readonly requestId?: string | undefined;
}

/** A coded fault. `retryable` tells whether the same call may succeed later without a change. */
export class SealgateError extends Error {
  readonly code: FaultCode;
  readonly retryable: boolean;
  readonly details: FaultDetails;

  constructor(
    code: FaultCode,
    message: string,
    options: { readonly retryable?: boolean; readonly cause?: unknown; readonly details?: FaultDetails } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "SealgateError";
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** Faults of the one who asks for a token; all others are ours, or a dependency's. */
const CALLERS_FAULT: ReadonlySet<FaultCode> = new Set([
  "claims_refused",
  "input_invalid",
  "lifetime_too_long",
  // More claims than Ed25519 signs.
  "kms_message_too_large",
]);

export function isCallersFault(code: FaultCode): boolean {
  return CALLERS_FAULT.has(code);
}

/** The whole explanation of an error: its own sentence, and the dependency's words where a fault keeps them. */
export function explain(error: { readonly message: string; readonly cause?: unknown }): string {
  const { cause, message } = error;
  return cause instanceof Error && cause.message !== "" ? `${message} ${cause.message}` : message;
}
