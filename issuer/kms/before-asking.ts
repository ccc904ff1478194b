/**
 * What can go wrong before a request leaves for KMS: no connection is free, the Region or the endpoint is no such thing, or the
 * AWS SDK gets no credentials from a file, STS, SSO or a metadata service. None of it is KMS's fault, and each names what to
 * change. `faults.ts` has the rest.
 */
import type { CallStage } from "./calls.ts";
import { FAULTS, FAULT_BY_NAME } from "./fault-table.ts";
import type { Fault } from "./fault-table.ts";
import { isConnectionError } from "./seen-error.ts";
import type { SeenError } from "./seen-error.ts";

const ROWS = {
  connectionsBusy: {
    code: "connections_busy",
    retryable: true,
    advice:
      "The call spent its time waiting for one of this process's connections to KMS, which were all busy. Sign less at once, " +
      "or raise maxSockets or totalTimeoutMs of createAwsKms.",
  },
  regionMissing: {
    code: "config_invalid",
    retryable: false,
    advice: "No AWS Region is configured. Set AWS_REGION.",
  },
  regionInvalid: {
    code: "config_invalid",
    retryable: false,
    advice: "The AWS Region that is configured is no Region's name, as eu-central-1 is. Correct AWS_REGION.",
  },
  endpointInvalid: {
    code: "config_invalid",
    retryable: false,
    advice: "The endpoint configured for KMS is not a URL. Correct AWS_ENDPOINT_URL_KMS, or remove it.",
  },
  endpointImpossible: {
    code: "config_invalid",
    retryable: false,
    advice:
      "The settings for KMS's endpoint contradict each other, as AWS_ENDPOINT_URL_KMS and AWS_USE_FIPS_ENDPOINT do. " +
      "Look for them in the environment and in the AWS profile.",
    explains: true,
  },
  credentialsMissing: {
    code: "kms_credentials_missing",
    retryable: false,
    advice: "No AWS credentials were found. Set them in the environment, choose a profile, or attach a role.",
    explains: true,
  },
  fileUnreadable: {
    code: "kms_credentials_missing",
    retryable: false,
    advice:
      "A file that the AWS configuration names for credentials cannot be read. Correct the path (AWS_WEB_IDENTITY_TOKEN_FILE, " +
      "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE or the profile), or mount the file.",
    explains: true,
  },
  credentialsRefused: {
    code: "kms_credentials_invalid",
    retryable: false,
    advice:
      "AWS gave no credentials for the role or session that is configured. Check the role (AWS_ROLE_ARN or the profile), its " +
      "trust policy, and that the caller may assume it (sts:AssumeRole, sts:AssumeRoleWithWebIdentity).",
    explains: true,
  },
  credentialsUnreachable: {
    code: "kms_credentials_missing",
    retryable: true,
    advice:
      "The source of the AWS credentials (STS, SSO, or the metadata service of the instance or container) did not answer, or " +
      "failed. Check the network to it, and AWS_ENDPOINT_URL_STS and AWS_CONTAINER_CREDENTIALS_FULL_URI if they are set.",
    explains: true,
  },
} satisfies Record<string, Fault>;

/** Errors of the SDK that say by their names what they are. */
const ROW_BY_NAME: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ["EndpointError", ROWS.endpointImpossible],
  ["CredentialsProviderError", ROWS.credentialsMissing],
  ["TokenProviderError", ROWS.credentialsMissing],
  ["TimeoutError", ROWS.credentialsUnreachable],
  ["AbortError", ROWS.credentialsUnreachable],
]);

/** The fault of a call that has not reached KMS. */
export function classifyBeforeAsking(seen: SeenError, stage: Exclude<CallStage, "asking">): Fault {
  const { name, message, status } = seen;
  if (stage === "waiting" && (name === "TimeoutError" || name === "AbortError")) return ROWS.connectionsBusy;
  if (message === "Region is missing") return ROWS.regionMissing;
  if (message.startsWith("Region not accepted"))
    return message.includes('region=""') ? ROWS.regionMissing : ROWS.regionInvalid;
  if (seen.errno === "ERR_INVALID_URL") return ROWS.endpointInvalid;
  if (seen.path !== undefined) return ROWS.fileUnreadable;
  if (isConnectionError(seen)) return ROWS.credentialsUnreachable;
  const known = ROW_BY_NAME.get(name);
  if (known !== undefined) return known;
  if (FAULT_BY_NAME.get(name) === FAULTS.credentialsExpired) return FAULTS.credentialsExpired;
  if (status === undefined) return FAULTS.ours;
  return status >= 400 && status < 500 && status !== 429 ? ROWS.credentialsRefused : ROWS.credentialsUnreachable;
}
