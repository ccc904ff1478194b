/** What callers of an issuer send: read as it is meant, or refused by the rule that it breaks, without a value. */
import { describe, expect, test } from "vitest";
import { parseSignRequest } from "../../../issuer/sign-request.ts";

describe("a request is read", () => {
  test("with nothing but claims: no option is made up", () => {
    expect(parseSignRequest({ claims: { sub: "u" } }, "body")).toEqual({ claims: { sub: "u" }, options: {} });
    expect(Object.keys(parseSignRequest({ claims: {} }, "body").options)).toEqual([]);
  });

  test.each([
    { ttlSeconds: 60 },
    { ttlSeconds: 0 },
    { audience: "api" },
    { audience: "" },
    { audience: [] },
    { audience: ["api", "reports"] },
    { typ: "JWT" },
    { typ: "at+jwt" },
    { ttlSeconds: 60, audience: "api", typ: "JWT" },
  ])("with the options %j; their values are for the issuer to judge", (options) => {
    expect(parseSignRequest({ claims: {}, ...options }, "body").options).toEqual(options);
  });
});

describe("a request is refused", () => {
  test.each([
    [undefined, "The event must be an object."],
    [null, "The event must be an object."],
    ["canary", "The event must be an object."],
    [[{ claims: {} }], "The event must be an object."],
    [{}, "claims must be an object."],
    [{ claims: null }, "claims must be an object."],
    [{ claims: ["canary"] }, "claims must be an object."],
    [{ claims: {}, ttlSeconds: "60" }, "ttlSeconds must be a number."],
    [{ claims: {}, ttlSeconds: null }, "ttlSeconds must be a number."],
    [{ claims: {}, typ: "jwt" }, 'typ must be "JWT" or "at+jwt".'],
    [{ claims: {}, typ: null }, 'typ must be "JWT" or "at+jwt".'],
    [{ claims: {}, audience: 7 }, "audience must be a string or an array of strings."],
    [{ claims: {}, audience: null }, "audience must be a string or an array of strings."],
    [{ claims: {}, audience: ["api", 7] }, "audience must be a string or an array of strings."],
    [{ claims: {}, audience: { canary: 1 } }, "audience must be a string or an array of strings."],
  ])("%j: %s", (value, message) => {
    const refused = expect.objectContaining({ code: "input_invalid", retryable: false, message });
    expect(() => parseSignRequest(value, "event")).toThrow(refused);
  });

  test.each([
    ["ttl", "ttl (use ttlSeconds)"],
    ["aud", "aud"],
    ["surprise", "surprise"],
  ])("for the member %s, which means nothing", (name, words) => {
    const parse = (): unknown => parseSignRequest({ claims: {}, [name]: "canary" }, "event");
    expect(parse).toThrow(/^The event must not have members that mean nothing here: /);
    expect(parse).toThrow(words);
    expect(parse).not.toThrow("canary");
  });
});
