import { expect, test } from "vitest";
import { toTableFault } from "../../../../../issuer/revocations/dynamodb/faults.ts";

function sdkError(name: string, httpStatusCode?: number): Error {
  return Object.assign(new Error("what DynamoDB said of https://auth.example.com"), {
    name,
    $metadata: httpStatusCode === undefined ? {} : { httpStatusCode },
  });
}

test.each([
  ["ProvisionedThroughputExceededException", 400, "revocation_table_throttled", true],
  ["ThrottlingException", 400, "revocation_table_throttled", true],
  ["AccessDeniedException", 400, "revocation_table_denied", false],
  ["UnrecognizedClientException", 400, "revocation_table_denied", false],
  ["CredentialsProviderError", undefined, "revocation_table_denied", false],
  ["ResourceNotFoundException", 400, "revocation_table_missing", false],
  ["ValidationException", 400, "revocation_table_failed", false],
  ["InternalServerError", 500, "revocation_table_unreachable", true],
  ["TimeoutError", undefined, "revocation_table_unreachable", true],
  ["AbortError", undefined, "revocation_table_unreachable", true],
  ["SomethingNew", 400, "revocation_table_failed", false],
])("%s (%s) is %s", (name, status, code, retryable) => {
  const fault = toTableFault(sdkError(name, status), "revocations", "PutItem");
  expect(fault).toMatchObject({ code, retryable, details: { action: "dynamodb:PutItem" } });
  expect(fault.message).toContain("Table revocations, PutItem");
  expect(fault.message).not.toContain("auth.example.com");
});

test("what is no error of the SDK is a fault, too", () => {
  expect(toTableFault("text", "revocations", "Query").code).toBe("revocation_table_unreachable");
});
