/**
 * From what the AWS SDK throws to coded faults that say what to do. Matches by name and by Node's error codes only, because
 * several of KMS's errors (ThrottlingException, ExpiredTokenException) are not classes of the SDK. Never repeats what was
 * sent to KMS; KMS's own wording is kept only where it explains and cannot hold any of it.
 */
import { SealgateError } from "../errors.ts";
import { classifyBeforeAsking } from "./before-asking.ts";
import { inspectError, isConnectionError } from "./seen-error.ts";
import type { SeenError } from "./seen-error.ts";
import type { CallStage } from "./calls.ts";
import { FAULTS, FAULT_BY_NAME } from "./fault-table.ts";
import type { Fault } from "./fault-table.ts";

/** Which call failed, and whether KMS had anything to do with it. */
export interface KmsCall {
  readonly operation: string;
  /** Key, alias or nothing. */
  readonly target: string | undefined;
  /** How long the call was allowed to take, all attempts together. */
  readonly totalTimeoutMs: number;
  /** What the call was doing. Only what fails while it was "asking" can be KMS's fault. */
  readonly stage: CallStage;
}

/**
 * The coded fault for what a call of the SDK threw.
 *
 * Names without a row are sorted by HTTP status: 429, 5xx, an answer that is not KMS's, and the rest as an invalid request.
 * Without a status, the fault is in this process.
 */
export function toKmsFault(error: unknown, call: KmsCall): SealgateError {
  const seen = inspectError(error);
  const fault = call.stage === "asking" ? classify(seen, call) : classifyBeforeAsking(seen, call.stage);
  const target = call.target === undefined ? "" : ` for ${call.target}`;
  const asked = call.stage === "preparing" ? " was not asked" : "";
  const details = [
    seen.errno ?? seen.name,
    ...(seen.status === undefined ? [] : [`HTTP ${seen.status}`]),
    ...(seen.requestId === undefined ? [] : [`request ${seen.requestId}`]),
    ...(seen.attempts === undefined ? [] : [`attempts: ${seen.attempts}`]),
    ...(seen.name === "TimeoutError" ? [`limit: ${call.totalTimeoutMs} ms`] : []),
    ...(fault.code === "issuer_failed" ? placeOf(error) : []),
  ];
  const message = `KMS ${call.operation}${target}${asked}: ${fault.advice} (${details.join(", ")})`;
  const cause = fault.explains === true ? new Error(seen.message) : undefined;
  return new SealgateError(fault.code, message, {
    retryable: fault.retryable,
    cause,
    details: { action: `kms:${call.operation}`, key: call.target, requestId: seen.requestId },
  });
}

/** Where an error of ours was thrown, which holds no value; its message may hold one. */
function placeOf(error: unknown): readonly string[] {
  const [, line] = error instanceof Error ? (/\n\s+(at [^\n]{1,200})/.exec(error.stack ?? "") ?? []) : [];
  return line === undefined ? [] : [line];
}

/** True when the error is KMS's own of that name. */
export function isKmsError(error: unknown, name: string): boolean {
  return inspectError(error).name === name;
}

/**
 * KMS names the key it has really used, by its ARN, also where it was asked for by an alias. Another ARN in an answer means that another key was used.
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

function classify(seen: SeenError, { operation }: KmsCall): Fault {
  const { name, status } = seen;
  if (isConnectionError(seen)) return FAULTS.unreachable;
  // KMS has one error for all states that forbid a call; only its wording tells this one, which no waiting heals.
  if (name === "KMSInvalidStateException" && /pending deletion/i.test(seen.message)) return FAULTS.keyPendingDeletion;
  const known = FAULT_BY_NAME.get(name);
  if (known !== undefined) return known;
  // KMS's word for a symmetric key that is asked for its public half, and for much else.
  if (name === "UnsupportedOperationException") return USES_A_KEY.has(operation) ? FAULTS.keyUnfit : FAULTS.unsupported;
  if (status === undefined) return FAULTS.ours;
  if (status === 429) return FAULTS.throttled;
  if (status >= 500) return FAULTS.internal;
  return status < 400 ? FAULTS.answerInvalid : FAULTS.requestInvalid;
}

const USES_A_KEY: ReadonlySet<string> = new Set(["GetPublicKey", "Sign", "Verify"]);
