/**
 * What the AWS SDK throws for a call to DynamoDB, as coded faults that say what to do. By names only, since several of them are no
 * classes of the SDK. Never repeats what was sent.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
 */
import { SealgateError } from "../../errors.ts";
import type { FaultCode } from "../../errors.ts";

interface Row {
  readonly code: Extract<FaultCode, `revocation_table_${string}`>;
  readonly retryable: boolean;
  readonly advice: string;
}

const UNREACHABLE: Row = {
  code: "revocation_table_unreachable",
  retryable: true,
  advice: "DynamoDB did not answer. Check network, Region and AWS_ENDPOINT_URL_DYNAMODB.",
};
const THROTTLED: Row = {
  code: "revocation_table_throttled",
  retryable: true,
  advice: "DynamoDB throttles. Call less often, or raise the table's limits.",
};
const DENIED: Row = {
  code: "revocation_table_denied",
  retryable: false,
  advice: "Allow the action on the table and this partition; docs/iam.md has the statement.",
};
const CREDENTIALS: Row = {
  code: "revocation_table_denied",
  retryable: false,
  advice: "AWS refused the credentials, or there are none. Check the role or profile.",
};

const ROWS: Readonly<Record<string, Row>> = {
  ProvisionedThroughputExceededException: THROTTLED,
  ThrottlingException: THROTTLED,
  RequestLimitExceeded: THROTTLED,
  AccessDeniedException: DENIED,
  UnrecognizedClientException: CREDENTIALS,
  InvalidSignatureException: CREDENTIALS,
  ExpiredTokenException: CREDENTIALS,
  MissingAuthenticationTokenException: CREDENTIALS,
  CredentialsProviderError: CREDENTIALS,
  ResourceNotFoundException: {
    code: "revocation_table_missing",
    retryable: false,
    advice: "There is no such table. Check name and Region, or make it as docs/revocations.md says.",
  },
  ValidationException: {
    code: "revocation_table_failed",
    retryable: false,
    advice: "DynamoDB refused the request: check that the table has the keys that docs/revocations.md names.",
  },
};

/** @param action as IAM calls it, without the service */
export function toTableFault(error: unknown, table: string, action: string): SealgateError {
  const name = error instanceof Error ? error.name : "unknown";
  const row = ROWS[name] ?? (statusOf(error) < 500 ? failed : UNREACHABLE);
  return new SealgateError(row.code, `Table ${table}, ${action}: ${row.advice} (${name})`, {
    retryable: row.retryable,
    details: { action: `dynamodb:${action}` },
  });
}

const failed: Row = {
  code: "revocation_table_failed",
  retryable: false,
  advice: "DynamoDB refused the request.",
};

/** Without an HTTP status, DynamoDB has said nothing: as good as a fault of its side. */
function statusOf(error: unknown): number {
  if (typeof error !== "object" || error === null || !("$metadata" in error)) return 599;
  const { $metadata: metadata } = error;
  const isStatus = typeof metadata === "object" && metadata !== null && "httpStatusCode" in metadata;
  return isStatus && typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : 599;
}
