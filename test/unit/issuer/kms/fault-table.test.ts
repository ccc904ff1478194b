/** Which code an error of the SDK, of KMS or of the network becomes, and that its message repeats nothing that was sent. */
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { toKmsFault } from "../../../../issuer/kms/faults.ts";

const CANARY = "canary-claim-value";

describe("the code of an error", () => {
  const call = { operation: "Sign", target: "alias/a", totalTimeoutMs: 1000, stage: "asking" } as const;
  const service = (name: string, status: number): Error =>
    Object.assign(new Error(CANARY), { name, $metadata: { httpStatusCode: status, requestId: "r-1", attempts: 3 } });
  const network = (code: string, name = "Error"): Error => Object.assign(new Error("connect"), { name, code });

  test.each([
    [service("UnrecognizedClientException", 400), "kms_credentials_invalid"],
    [service("InvalidSignatureException", 400), "kms_credentials_invalid"],
    [service("LimitExceededException", 400), "kms_limit_exceeded"],
    [service("InvalidKeyUsageException", 400), "kms_key_unfit"],
    [service("ValidationException", 400), "kms_request_invalid"],
    [service("SomethingNewException", 400), "kms_request_invalid"],
    [service("SomethingNewException", 500), "kms_internal"],
    [service("SomethingNewException", 429), "kms_throttled"],
    [service("constructor", 503), "kms_internal"],
    [network("ENOTFOUND"), "kms_unreachable"],
    [network("EAI_AGAIN"), "kms_unreachable"],
    [network("ECONNRESET", "TimeoutError"), "kms_unreachable"],
    [network("EPIPE", "TimeoutError"), "kms_unreachable"],
    [network("DEPTH_ZERO_SELF_SIGNED_CERT"), "kms_unreachable"],
    [network("ERR_TLS_CERT_ALTNAME_INVALID"), "kms_unreachable"],
    [network("ETIMEDOUT", "TimeoutError"), "kms_timeout"],
    [new DOMException("aborted", "AbortError"), "kms_timeout"],
    [service("SomethingNew", 200), "kms_internal"],
    [new TypeError(CANARY), "issuer_failed"],
    ["a string", "issuer_failed"],
    [undefined, "issuer_failed"],
  ])("%s is %s", (error, code) => {
    const fault = toKmsFault(error, call);
    expect(fault.code).toBe(code);
    expect(inspect(fault, { depth: 9 })).not.toContain(CANARY);
  });

  test("comes with what a support case needs", () => {
    const { message } = toKmsFault(service("ThrottlingException", 400), call);
    expect(message).toMatch(/^KMS Sign for alias\/a: .*\(ThrottlingException, HTTP 400, request r-1, attempts: 3\)$/);
  });
});
