/**
 * From what the AWS SDK throws to coded faults that say what to do. Matches by name and by Node's error codes only, because
 * several of KMS's errors (ThrottlingException, ExpiredTokenException) are not classes of the SDK. Never repeats what was
 * sent to KMS; KMS's own wording is kept only where it explains and cannot hold any of it.
 */
import { SealgateError } from "../errors.ts";
import { FAULTS, FAULT_BY_NAME } from "./fault-table.ts";
import type { Fault } from "./fault-table.ts";

/** Which call failed: for the message only. */
export interface KmsCall {
  readonly operation: string;
  /** Key, alias or nothing. */
  readonly target: string | undefined;
  /** How long the call was allowed to take, all attempts together. */
  readonly totalTimeoutMs: number;
}

/**
 * What Node reports when a connection cannot be made or breaks: libuv's errno names, and OpenSSL's and Node's names of
 * failed certificate checks. The SDK renames some of these errors "TimeoutError", so the code is looked at first.
 */
const CONNECTION_ERROR =
  /^(?:E(?!TIMEDOUT|RR_)[A-Z_]+|ERR_(?:SSL|TLS)_\w+|\w*CERT\w*|UNABLE_TO_\w+|HOSTNAME_MISMATCH)$/;

/**
 * The coded fault for whatever a call of the SDK threw.
 *
 * Names without a row are sorted by HTTP status: 429, 5xx, and the rest as an invalid request; without a status (an answer
 * that is not KMS's, say) the fault is KMS's.
 */
export function toKmsFault(error: unknown, call: KmsCall): SealgateError {
  const seen = inspectError(error);
  const fault = classify(seen);
  const target = call.target === undefined ? "" : ` for ${call.target}`;
  const details = [
    seen.errno ?? seen.name,
    ...(seen.status === undefined ? [] : [`HTTP ${seen.status}`]),
    ...(seen.requestId === undefined ? [] : [`request ${seen.requestId}`]),
    ...(seen.attempts === undefined ? [] : [`attempts: ${seen.attempts}`]),
    ...(fault === FAULTS.timeout ? [`limit: ${call.totalTimeoutMs} ms`] : []),
  ];
  const message = `KMS ${call.operation}${target}: ${fault.advice} (${details.join(", ")})`;
  const cause = fault.explains === true ? new Error(seen.message) : undefined;
  return new SealgateError(fault.code, message, { retryable: fault.retryable, cause });
}

/** True when the error is KMS's own of that name. */
export function isKmsError(error: unknown, name: string): boolean {
  return inspectError(error).name === name;
}

/**
 * KMS names the key it has really used, whatever it was called by; anything else in an answer means a key nobody asked for.
 * @throws SealgateError `kms_wrong_key`
 */
export function requireSameKey(operation: string, askedArn: string, answeredArn: string): void {
  if (answeredArn === askedArn) return;
  throw new SealgateError(
    "kms_wrong_key",
    `KMS ${operation} for ${askedArn}: the answer names another key, ${answeredArn}, and was discarded. ` +
      "Check that the endpoint is KMS (AWS_ENDPOINT_URL_KMS).",
  );
}

interface SeenError {
  readonly name: string;
  readonly message: string;
  readonly errno: string | undefined;
  readonly status: number | undefined;
  readonly requestId: string | undefined;
  readonly attempts: number | undefined;
}

function classify(seen: SeenError): Fault {
  const { name, status } = seen;
  if (status === undefined && seen.errno !== undefined && CONNECTION_ERROR.test(seen.errno)) return FAULTS.unreachable;
  // KMS has one error for all states that forbid a call; only its wording tells this one, which no waiting heals.
  if (name === "KMSInvalidStateException" && /pending deletion/i.test(seen.message)) return FAULTS.keyPendingDeletion;
  const known = FAULT_BY_NAME.get(name);
  if (known !== undefined) return known;
  if (seen.message === "Region is missing") return FAULTS.regionMissing;
  if (seen.errno === "ERR_INVALID_URL") return FAULTS.endpointInvalid;
  if (status === 429) return FAULTS.throttled;
  return status === undefined || status < 400 || status >= 500 ? FAULTS.internal : FAULTS.requestInvalid;
}

function inspectError(error: unknown): SeenError {
  const metadata = member(error, "$metadata");
  return {
    name: error instanceof Error ? error.name : "unknown",
    message: error instanceof Error ? error.message : "",
    errno: text(member(error, "code")),
    status: number(member(metadata, "httpStatusCode")),
    requestId: text(member(metadata, "requestId")),
    attempts: number(member(metadata, "attempts")),
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
