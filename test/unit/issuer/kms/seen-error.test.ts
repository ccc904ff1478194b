/** What is kept of an error of the SDK or of Node, and which errors are broken connections. */
import { describe, expect, test } from "vitest";
import { inspectError, isConnectionError } from "../../../../issuer/kms/seen-error.ts";

const NOTHING = {
  name: "unknown",
  message: "",
  errno: undefined,
  path: undefined,
  status: undefined,
  requestId: undefined,
  attempts: undefined,
};

describe("of an error is kept", () => {
  test("each member that is recognised, and no other", () => {
    const $metadata = { httpStatusCode: 400, requestId: "r-1", attempts: 3, cfId: "canary" };
    const more = { name: "ThrottlingException", code: "ECONNRESET", path: "/file", $metadata, $response: "canary" };
    expect(inspectError(Object.assign(new Error("message"), more))).toEqual({
      name: "ThrottlingException",
      message: "message",
      errno: "ECONNRESET",
      path: "/file",
      status: 400,
      requestId: "r-1",
      attempts: 3,
    });
  });

  test("no member that has another type than it should have", () => {
    const $metadata = { httpStatusCode: "400", requestId: 7, attempts: null };
    const odd = Object.assign(new Error(), { code: 7, path: "", $metadata });
    expect(inspectError(odd)).toEqual({ ...NOTHING, name: "Error" });
    expect(inspectError(Object.assign(new Error(), { $metadata: null }))).toEqual({ ...NOTHING, name: "Error" });
  });

  test.each([undefined, null, "a text", 7, {}, { name: "x", message: "y" }])(
    "nothing where %j was thrown",
    (thrown) => {
      expect(inspectError(thrown)).toEqual(NOTHING);
    },
  );
});

describe("a connection is broken", () => {
  const withCode = (code: string, more: object = {}): boolean =>
    isConnectionError(inspectError(Object.assign(new Error(), { code, ...more })));

  test.each([
    "ECONNREFUSED",
    "ECONNRESET",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EPIPE",
    "EHOSTUNREACH",
    "ERR_SSL_WRONG_VERSION_NUMBER",
    "ERR_TLS_CERT_ALTNAME_INVALID",
    "DEPTH_ZERO_SELF_SIGNED_CERT",
    "CERT_HAS_EXPIRED",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "HOSTNAME_MISMATCH",
  ])("by %s, unless KMS has answered or a file is meant", (code) => {
    expect(withCode(code)).toBe(true);
    expect(withCode(code, { $metadata: { httpStatusCode: 500 } })).toBe(false);
    expect(withCode(code, { path: "/missing/token" })).toBe(false);
  });

  test.each(["ETIMEDOUT", "ERR_INVALID_URL", "ERR_INVALID_ARG_TYPE", "ABORT_ERR", "E", "xECONNRESET", "econnreset"])(
    "not by %s",
    (code) => {
      expect(withCode(code)).toBe(false);
    },
  );

  test("not by an error without a code", () => {
    expect(isConnectionError(inspectError(new Error("ECONNRESET")))).toBe(false);
  });
});
