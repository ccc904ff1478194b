/** The exit code of each fault: a part of the public contract. */
import { describe, expect, test } from "vitest";
import { EXIT, UsageError, exitCodeOf } from "../../../../issuer/cli/exit-codes.ts";
import { SealgateError } from "../../../../issuer/errors.ts";

describe("exit codes", () => {
  test.for([
    ["kms_access_denied", EXIT.unauthorized],
    ["kms_credentials_missing", EXIT.unauthorized],
    ["kms_credentials_expired", EXIT.unauthorized],
    ["kms_credentials_invalid", EXIT.unauthorized],
    ["publish_unauthorized", EXIT.unauthorized],
    ["config_invalid", EXIT.usage],
    ["claims_refused", EXIT.usage],
    ["input_invalid", EXIT.usage],
    ["lifetime_too_long", EXIT.usage],
    ["kms_throttled", EXIT.failure],
    ["kms_unreachable", EXIT.failure],
    ["publish_failed", EXIT.failure],
  ] as const)("%s is %i", ([code, exitCode]) => {
    expect(exitCodeOf(new SealgateError(code, "x"))).toBe(exitCode);
  });

  test("wrong usage is 2, a defect is 1", () => {
    expect(exitCodeOf(new UsageError("x"))).toBe(EXIT.usage);
    expect(exitCodeOf(new TypeError("x"))).toBe(EXIT.failure);
    expect(exitCodeOf("x")).toBe(EXIT.failure);
  });
});
