/** A fault as Lambda's runtime reports it: `errorType` is the code, and nothing of the fault but its words is on it. */
import { expect, test } from "vitest";
import { SealgateError } from "../../../issuer/errors.ts";
import { namedByCode } from "../../../issuer/lambda-error.ts";

test("the name is the code, and the message is the sentence", () => {
  const named = namedByCode(new SealgateError("kms_throttled", "KMS Sign failed."));
  expect(named).toBeInstanceOf(Error);
  expect([named.name, named.message]).toEqual(["kms_throttled", "KMS Sign failed."]);
  expect(String(named)).toBe("kms_throttled: KMS Sign failed.");
});

test("the dependency's words are added where the fault keeps them, and an empty cause adds nothing", () => {
  const withCause = (cause: unknown): string =>
    namedByCode(new SealgateError("kms_access_denied", "Allow it.", { cause })).message;
  expect(withCause(new Error("User: x is not authorized"))).toBe("Allow it. User: x is not authorized");
  expect(withCause(new Error(""))).toBe("Allow it.");
  expect(withCause("a text")).toBe("Allow it.");
});

test("no other member of the fault is on it: the runtime writes members into the log", () => {
  const details = { action: "kms:Sign", key: "arn:canary", requestId: "canary" };
  const fault = new SealgateError("kms_internal", "It failed.", { details, cause: new Error("why"), retryable: true });
  const named = namedByCode(fault);
  expect(Object.getOwnPropertyNames(named).toSorted()).toEqual(["message", "name", "stack"]);
  expect(JSON.stringify(named)).not.toContain("canary");
});

test("a problem that is no error is reported as well", () => {
  const named = namedByCode({ code: "ring_not_ready", message: "The ring waits." });
  expect([named.name, named.message]).toEqual(["ring_not_ready", "The ring waits."]);
});
