/**
 * The rows behind `faults.ts`: each fault that a KMS call can end in, with what to do about it, and the names by which KMS
 * and the SDK report it. Data only.
 *
 * Names: https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html and the errors of each operation.
 */
import type { FaultCode } from "../errors.ts";

export interface Fault {
  readonly code: FaultCode;
  readonly retryable: boolean;
  /** What happened and what to do, as whole sentences. */
  readonly advice: string;
  /** The original wording helps and holds nothing of the request. */
  readonly explains?: true;
}

type FaultName =
  | "throttled"
  | "internal"
  | "internalSaid"
  | "accessDenied"
  | "credentialsExpired"
  | "credentialsInvalid"
  | "notFound"
  | "keyDisabled"
  | "keyUnavailable"
  | "keyPendingDeletion"
  | "keyUnfit"
  | "limit"
  | "requestInvalid"
  | "unreachable"
  | "timeout"
  | "answerInvalid"
  | "unsupported"
  | "ours";

export const FAULTS: Readonly<Record<FaultName, Fault>> = {
  throttled: {
    code: "kms_throttled",
    retryable: true,
    advice: "The account's KMS request quota is used up. Call less often, or raise the quota in Service Quotas.",
  },
  internal: {
    code: "kms_internal",
    retryable: true,
    advice: "KMS failed on its side. Try again; if it lasts, see the AWS Health Dashboard.",
  },
  internalSaid: {
    code: "kms_internal",
    retryable: true,
    advice:
      "KMS failed on its side. Try again; if it lasts, see the AWS Health Dashboard, or what answers at AWS_ENDPOINT_URL_KMS " +
      "if that is set.",
    explains: true,
  },
  accessDenied: {
    code: "kms_access_denied",
    retryable: false,
    advice: "Allow this action in the key policy or in an IAM policy of the caller.",
    explains: true,
  },
  credentialsExpired: {
    code: "kms_credentials_expired",
    retryable: false,
    advice: "The AWS credentials have expired. Renew the session, for example with `aws sso login`.",
  },
  credentialsInvalid: {
    code: "kms_credentials_invalid",
    retryable: false,
    advice: "KMS does not accept the AWS credentials. Check them, the Region, and the clock of this host.",
  },
  notFound: {
    code: "kms_key_not_found",
    retryable: false,
    advice: "Check the name, the account and the Region. A key or alias made just now may take minutes to appear.",
  },
  keyDisabled: {
    code: "kms_key_disabled",
    retryable: false,
    advice: "The key is disabled. Use another key, or enable it if that was a mistake.",
  },
  keyUnavailable: {
    code: "kms_key_unavailable",
    retryable: true,
    advice: "The key's state does not allow this. Look at the state that DescribeKey reports.",
  },
  keyPendingDeletion: {
    code: "kms_key_pending_deletion",
    retryable: false,
    advice: "The key is waiting for its deletion. Use another key, or cancel the deletion if that was a mistake.",
  },
  keyUnfit: {
    code: "kms_key_unfit",
    retryable: false,
    advice: "The key is not made for this use. Use a key with usage SIGN_VERIFY and a spec that fits the algorithm.",
  },
  limit: {
    code: "kms_limit_exceeded",
    retryable: false,
    advice: "A KMS resource quota is used up. Delete what is not needed, or raise the quota in Service Quotas.",
  },
  requestInvalid: {
    code: "kms_request_invalid",
    retryable: false,
    advice: "KMS refused the request as invalid. Check names, ARNs and tags.",
  },
  unreachable: {
    code: "kms_unreachable",
    retryable: true,
    advice: "KMS could not be reached. Check the network, the Region, and AWS_ENDPOINT_URL_KMS if it is set.",
    explains: true,
  },
  timeout: {
    code: "kms_timeout",
    retryable: true,
    advice: "KMS did not answer in time. Try again; check the network if it lasts.",
  },
  answerInvalid: {
    code: "kms_internal",
    retryable: true,
    advice:
      "The answer is not one that KMS gives. Check that the endpoint is KMS (AWS_ENDPOINT_URL_KMS), and what stands in between.",
  },
  unsupported: {
    code: "kms_request_invalid",
    retryable: false,
    advice: "KMS does not support what was asked for, in this Region or for this key.",
    explains: true,
  },
  ours: {
    code: "issuer_failed",
    retryable: false,
    advice: "This is a fault of sealgate or of the AWS SDK, and not of KMS. Please report it with this message.",
  },
};

/** A Map, so that a name off the wire cannot resolve to something inherited from Object.prototype. */
export const FAULT_BY_NAME: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ["ThrottlingException", FAULTS.throttled],
  ["Throttling", FAULTS.throttled],
  ["ThrottledException", FAULTS.throttled],
  ["RequestLimitExceeded", FAULTS.throttled],
  ["TooManyRequestsException", FAULTS.throttled],
  ["KMSInternalException", FAULTS.internalSaid],
  ["DependencyTimeoutException", FAULTS.internal],
  ["InternalFailure", FAULTS.internal],
  ["InternalServerError", FAULTS.internal],
  ["ServiceUnavailable", FAULTS.internal],
  ["AccessDeniedException", FAULTS.accessDenied],
  ["AccessDenied", FAULTS.accessDenied],
  ["NotAuthorizedException", FAULTS.accessDenied],
  ["ExpiredTokenException", FAULTS.credentialsExpired],
  ["ExpiredToken", FAULTS.credentialsExpired],
  ["TokenRefreshRequired", FAULTS.credentialsExpired],
  ["UnrecognizedClientException", FAULTS.credentialsInvalid],
  ["InvalidClientTokenId", FAULTS.credentialsInvalid],
  ["InvalidSignatureException", FAULTS.credentialsInvalid],
  ["SignatureDoesNotMatch", FAULTS.credentialsInvalid],
  ["IncompleteSignatureException", FAULTS.credentialsInvalid],
  ["IncompleteSignature", FAULTS.credentialsInvalid],
  ["MissingAuthenticationTokenException", FAULTS.credentialsInvalid],
  ["RequestExpired", FAULTS.credentialsInvalid],
  ["RequestTimeTooSkewed", FAULTS.credentialsInvalid],
  ["NotFoundException", FAULTS.notFound],
  ["DisabledException", FAULTS.keyDisabled],
  ["KeyUnavailableException", FAULTS.keyUnavailable],
  ["KMSInvalidStateException", FAULTS.keyUnavailable],
  ["InvalidKeyUsageException", FAULTS.keyUnfit],
  ["LimitExceededException", FAULTS.limit],
  ["TimeoutError", FAULTS.timeout],
  ["AbortError", FAULTS.timeout],
]);
